"""In what a live key differs from what is wanted of it.

Equality and order are ours; deepdiff only words a difference that was already found, because it
opens wrappers and orders sets by the hash seed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from reconciler.core.capabilities import Capabilities, Marker
from reconciler.core.desired import DesiredKey
from reconciler.core.keys import (
    ENABLED,
    EXPIRES_AT,
    NAME,
    OPTION_PREFIX,
    RATE_LIMIT,
    SCOPES,
    After,
    At,
    Attributes,
    Cause,
    Never,
    Value,
)
from reconciler.core.observed import LiveKey
from reconciler.core.ownership import Mark, mark_name
from reconciler.core.recorded import Version
from reconciler.core.steps import Difference


def live_name(key: DesiredKey, template: str, mark: Mark, able: Capabilities) -> str | None:
    """Give the name that a version has at the API, marked if need be; None for no name."""
    if NAME not in able.fields:
        return None
    if able.marker is Marker.NAME:
        return mark_name(template, key.name, mark, able.name_limit)
    return key.name[: able.name_limit]


def wanted(
    key: DesiredKey, name: str | None, created_at: datetime, version: Version | None
) -> Attributes:
    """Give every field that the manifest manages, as absolute values for one version.

    A relative expiry counts from the version's creation. As long as the manifest asks for the same
    span, the instant that the API granted is what is wanted, so that rounding never repeats.
    """
    fields: dict[str, Value] = key.attributes.mapping()
    if name is not None:
        fields[NAME] = name
    match key.lifetime:
        case None:
            pass
        case Never():
            fields[EXPIRES_AT] = None
        case At(instant):
            fields[EXPIRES_AT] = instant
        case After(span) if version is not None and version.lifetime == span:
            fields[EXPIRES_AT] = version.expires_at
        case After(span):
            fields[EXPIRES_AT] = created_at + span
    return Attributes.of(fields)


def canonical(value: Value) -> str:
    """Give the one text form of a value, for remembering what was applied."""
    return json.dumps(value.isoformat() if isinstance(value, datetime) else value)


def remember(fields: Attributes) -> tuple[tuple[str, str], ...]:
    """Give what to record of the fields that were just set."""
    return tuple((name, canonical(value)) for name, value in fields.pairs)


def differ(
    aim: Attributes, live: LiveKey, version: Version | None, able: Capabilities
) -> tuple[Difference, ...]:
    """List the fields, `enabled` aside, in which a live key is not as wanted.

    What no answer tells is compared with what was last set.
    """
    there = live.attributes.mapping()
    applied = dict(version.applied) if version else {}
    unequal = {
        name: value
        for name, value in aim.pairs
        if name != ENABLED
        and not (
            applied.get(name) == canonical(value)
            if name in able.write_only
            else _equal(name, there.get(name), value, name in there, able)
        )
    }
    if not unequal:
        return ()
    granted = version.expires_at if version else None
    if granted is not None and unequal.get(EXPIRES_AT) == granted:
        # What the API granted may be rounded; it is what we applied all the same.
        applied[EXPIRES_AT] = canonical(granted)
    return _word(there, unequal, applied, able)


def _equal(name: str, there: Value, value: Value, known: bool, able: Capabilities) -> bool:  # noqa: FBT001
    if name == EXPIRES_AT and isinstance(there, datetime) and isinstance(value, datetime):
        return abs(there - value) < able.expiry_step
    return known and there == value


def _word(
    there: Mapping[str, Value],
    unequal: Mapping[str, Value],
    applied: Mapping[str, str],
    able: Capabilities,
) -> tuple[Difference, ...]:
    from deepdiff import DeepDiff  # noqa: PLC0415 - a third of a second, and most plans have none

    members = {name: value for name, value in unequal.items() if isinstance(value, tuple)}
    report = DeepDiff(
        {name: _members(there.get(name)) for name in members},
        {name: _members(value) for name, value in members.items()},
        view="tree",
        ignore_order=True,
    )
    added = _by_field(report.get("iterable_item_added", ()), old=False)
    removed = _by_field(report.get("iterable_item_removed", ()), old=True)
    for change in report.get("values_changed", ()):
        added.setdefault(change.path(output_format="list")[0], []).append(str(change.t2))
        removed.setdefault(change.path(output_format="list")[0], []).append(str(change.t1))
    return tuple(
        Difference(
            name,
            there.get(name),
            value,
            Cause.DRIFT if applied.get(name) == canonical(value) else Cause.CONFIG,
            known=name in there,
            added=tuple(sorted(added.get(name, ()))),
            removed=tuple(sorted(removed.get(name, ()))),
            widens=name not in able.write_only and _widens(name, there.get(name), able),
            write_only=name in able.write_only,
        )
        for name, value in sorted(unequal.items())
    )


def _by_field(changes: object, *, old: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for change in changes:  # type: ignore[attr-defined]  # deepdiff is untyped
        field = change.path(output_format="list")[0]
        found.setdefault(field, []).append(str(change.t1 if old else change.t2))
    return found


def _members(value: Value) -> list[str]:
    return list(value) if isinstance(value, tuple) else []


def _widens(name: str, there: Value, able: Capabilities) -> bool:
    """Whether the live value is the one that grants everything, instead of a narrower one."""
    if name.startswith(OPTION_PREFIX):
        return there in ((), None)
    if name == SCOPES:
        rule = able.rule_of(SCOPES)
        return there == () and rule is not None and rule.never_empty is not None
    return there is None and name in {RATE_LIMIT, EXPIRES_AT}
