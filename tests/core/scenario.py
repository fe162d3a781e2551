"""Reads one scenario: a settled stack, what happened to it since, and the plan that must follow.

`before` declares keys as they were when everything was in order; each becomes a recorded version, a
live key and a stored secret. `live`, `rows`, `slots` and the rest then bend that world, and
`desired` is what the manifest says now (left out: the same as before).

`able` bends what the API can do; `able: {studio: true}` is one whose keys have no name, no mark and
no field, are switched as a whole, and count in the `projects` that were deployed with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from reconciler.core.capabilities import Capabilities, Marker
from reconciler.core.desired import Desired, DesiredKey, Unmanaged
from reconciler.core.guard import Approval
from reconciler.core.keys import NAME, After, At, KeyId, Lifetime, Never, Stage, Value
from reconciler.core.observed import Deployment, Head, LiveKey, LiveStatus, Observed
from reconciler.core.recorded import IntentKind, KeyRow, ProviderRow, Recorded, RetiredOp
from tests.core import builders
from tests.core.builders import ABLE, DAY, NOW, PROVIDER, STACK
from tests.core.projects import deployment

Words: TypeAlias = Mapping[str, Any]
_STUDIO = {"fields": [], "marker": "none", "can_disable": False, "can_enable": False}
_STUDIO |= {"on_deploy": True, "has_toggle": True}
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": DAY}


@dataclass(frozen=True)
class Scenario:
    """The three inputs at a given now, and what is expected of the plan and the guards."""

    desired: Desired
    observed: Observed
    recorded: Recorded
    able: Capabilities
    now: datetime
    approval: Approval
    expect: list[str]
    refused: list[str]
    foreign: list[str]
    scheduled: list[str]


def load_scenario(path: Path) -> Scenario:
    """Read one file."""
    words: Words = yaml.safe_load(path.read_text(encoding="utf-8"))
    allowed = {"what", "before", "desired", "live", "rows", "slots", "absent", "others", "provider"}
    allowed |= {"intents", "retired", "spooled", "store_problem", "recorded_provider", "approval"}
    allowed |= {"expect", "refused", "foreign", "scheduled", "unmanaged", "unread", "immutable"}
    allowed |= {"able", "declared_provider", "projects"}
    assert set(words) <= allowed, set(words) - allowed
    before = {name: _key(name, fields) for name, fields in words.get("before", {}).items()}
    now = words.get("desired", words.get("before", {})) or {}
    return Scenario(
        desired=_desired(words, now),
        observed=_observed(words, before),
        recorded=_recorded(words, before),
        able=_able(words),
        now=NOW,
        approval=Approval(**words.get("approval", {"allow_revoke": 99})),
        expect=words.get("expect", []),
        refused=words.get("refused", []),
        foreign=words.get("foreign", []),
        scheduled=words.get("scheduled", []),
    )


def _able(words: Words) -> Capabilities:
    told = dict(words.get("able", {}))
    told = {**(_STUDIO if told.pop("studio", False) else {}), **told}
    if "fields" in told:
        told["fields"] = told["mutable"] = frozenset(told["fields"])
    if "write_only" in told:
        told["write_only"] = frozenset(told["write_only"])
    if "list_lag" in told:
        told["list_lag"] = _span(told["list_lag"])
    if "marker" in told:
        told["marker"] = Marker(told["marker"])
    able = replace(ABLE, **told)
    return replace(able, mutable=able.mutable - set(words.get("immutable", [])))


def _desired(words: Words, keys: Words) -> Desired:
    policy = Unmanaged(words.get("unmanaged", "warn"))
    told = dict(words.get("declared_provider", {}))
    if "deploy" in told:
        told["deploy"] = () if told["deploy"] == "all" else tuple(told["deploy"])
    here = () if "provider_gone" in keys else (builders.provider(unmanaged=policy, **told),)
    declared = (_key(name, fields) for name, fields in keys.items() if name != "provider_gone")
    return builders.desired(*declared, providers=here)


def _key(address: str, fields: Words | None) -> DesiredKey:
    rest = dict(fields or {})
    built = builders.key(
        address,
        lifetime=_lifetime(rest.pop("expires", None)),
        delete_after=_span(rest.pop("delete_after", "30d")),
        slot=builders.target(rest.pop("path", address)),
        protect=rest.pop("protect", False),
        provider=rest.pop("at", PROVIDER),
        also={name: _value(value) for name, value in rest.items()},
    )
    return replace(built, place="")


def _observed(words: Words, before: Mapping[str, DesiredKey]) -> Observed:
    settled = [builders.settle_key(key) for key in before.values()]
    changes: Words = words.get("live", {})
    absent = words.get("absent", [])
    fields = _able(words).fields
    shown = [
        _strip(_bend_live(live, changes.get(row.address, {})), fields)
        for row, live, _ in settled
        if row.address not in {*absent, *words.get("unread", [])}
    ]
    view = builders.view(
        *shown,
        *(_other(other) for other in words.get("others", [])),
        deployments=[_project(name, told) for name, told in words.get("projects", {}).items()],
        absent=[builders.key_id(address) for address in absent],
        **_provider(words.get("provider", {})),
    )
    slots: Words = words.get("slots", {})
    heads = {head.target: head for _, _, head in settled}
    for address, slot in slots.items():
        bent = _slot(address, slot)
        heads[bent.target] = bent
    return builders.observed(
        view,
        heads=heads.values(),
        store_problem=words.get("store_problem"),
        spooled=[_op(name) for name in words.get("spooled", [])],
    )


def _strip(live: LiveKey, fields: frozenset[str]) -> LiveKey:
    """Show no more of a key than such an API tells."""
    named = live.name if NAME in fields else ""
    return replace(live, name=named, attributes=live.attributes.only(fields))


def _project(name: str, words: Words) -> Deployment:
    """Show a project that holds versions, as `crm-a 1`, or ids as they are."""
    held = [
        builders.key_id(*_version(told)) if " " in told else KeyId(told)
        for told in words.get("holds", [])
    ]
    rest = {word: told for word, told in words.items() if word != "holds"}
    return deployment(name, *held, **rest)


def _version(name: str) -> tuple[str, int]:
    address, number = name.split()
    return address, int(number)


def _provider(words: Words) -> dict[str, Any]:
    ahead = words.get("clock_ahead")
    return {**words, "clock_ahead": _span(ahead) if ahead else None}


def _bend_live(live: LiveKey, change: Words) -> LiveKey:
    rest = dict(change)
    status = LiveStatus(rest.pop("status", live.status))
    used = rest.pop("used", None)
    fields: dict[str, Value] = {name: _value(value) for name, value in rest.items()}
    if status is not live.status:
        fields["enabled"] = status is not LiveStatus.DISABLED
    return replace(
        live,
        status=status,
        name=str(fields.get("name", live.name)),
        attributes=live.attributes.merge(fields),
        last_used_at=_instant(used) if used else None,
    )


def _other(words: Words) -> LiveKey:
    """Show a key that is not in the record: marked `of` an operation, or somebody else's."""
    used = _instant(words["used"]) if "used" in words else None
    created = _instant(words["created"]) if "created" in words else None
    name = words.get("name", "")
    if "of" in words:
        address, number = words["of"].split()
        name = builders.marked(address, builders.op(address, number), words.get("stack", STACK))
    shown = builders.foreign(name, words["id"], used, created)
    if "marked" in words:
        shown = replace(shown, marked=name, name=words["marked"])
    return replace(shown, held_by=words.get("held_by"))


def _slot(address: str, words: Words) -> Head:
    return builders.head(address, words.get("current"), tuple(words.get("staged", ())))


def _op(name: str) -> Any:  # noqa: ANN401 - an operation id
    return builders.op(*name.split())


def _recorded(words: Words, before: Mapping[str, DesiredKey]) -> Recorded:
    bends: Words = words.get("rows", {})
    rows = (
        _bend_row(builders.settle_key(key)[0], bends.get(address, {}))
        for address, key in sorted(before.items())
    )
    intents = [
        builders.intent(
            text["of"].split()[0],
            int(text["of"].split()[1]),
            kind=IntentKind(text.get("kind", "create")),
            answered=text.get("answered", False),
            seen=tuple(map(KeyId, text.get("seen", []))),
            started_at=_instant(text.get("started", "-1h")),
        )
        for text in words.get("intents", [])
    ]
    known = words.get("recorded_provider")
    return builders.recorded(
        *rows,
        intents=intents,
        retired_ops=[_retired(told) for told in words.get("retired", [])],
        providers=[_provider_row(known)] if known else (),
    )


def _retired(words: str | Words) -> RetiredOp:
    told = {"of": words} if isinstance(words, str) else words
    seen = tuple(map(KeyId, told.get("seen", [])))
    return builders.retired(*_version(told["of"]), seen=seen)


def _provider_row(words: Words) -> ProviderRow:
    told = {"origin": builders.ORIGIN, "tenant": builders.TENANT, **words}
    told["dead"] = tuple(map(KeyId, told.get("dead", [])))
    return ProviderRow(name=PROVIDER, dialect="memory", **told)


def _bend_row(row: KeyRow, change: Words) -> KeyRow:
    rest = dict(change)
    version = row.versions[0]
    if "stage" in rest:
        version = replace(version, stage=Stage(rest.pop("stage")))
    if "delete_at" in rest:
        version = replace(version, delete_at=_instant(rest.pop("delete_at")))
    if rest.pop("unproven", False):
        version = replace(version, verified_at=None)
    if rest.pop("condemned", False):
        version = replace(version, condemned=True, stage=Stage.RETIRING)
    second = rest.pop("second", None)
    more = (builders.version(row.address, 2),) if second else ()
    return replace(row, versions=(version, *more), **rest)


def _value(value: object) -> Value:
    if isinstance(value, list):
        return tuple(sorted(str(item) for item in value))
    if isinstance(value, str) and value[:1] in "+-":
        return _instant(value)
    assert value is None or isinstance(value, str | int | bool)
    return value


def _lifetime(text: str | None) -> Lifetime:
    if text is None:
        return None
    if text == "never":
        return Never()
    return At(_instant(text)) if text[0] in "+-" else After(_span(text))


def _instant(text: str) -> datetime:
    return NOW + _span(text)


def _span(text: str) -> timedelta:
    return int(text[:-1]) * _UNITS[text[-1]]
