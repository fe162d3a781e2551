"""Reads one story: a key's life by the calendar, in the words of a manifest, with real dates.

`keys` are declared as in keys.yaml, and `versions` lists what there is of each, the oldest first.
Everything else follows from these: the API shows what is recorded, and the slot has every secret;
`store`, `provider`, `able`, `incidents`, `gateway` and `record` bend that world. `on` has moments,
each with the text of the plan that is made then; a moment may have its own words for anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from reconciler.core.capabilities import Capabilities
from reconciler.core.desired import (
    Desired,
    DesiredKey,
    DesiredProviderKey,
    OnExternalDisable,
    OnUnused,
    Rotation,
)
from reconciler.core.diff import remember, wanted
from reconciler.core.guard import Approval, refuse
from reconciler.core.keys import (
    ENABLED,
    EXPIRES_AT,
    NAME,
    Address,
    After,
    Attributes,
    Stage,
    Target,
    Value,
)
from reconciler.core.observed import Head, LiveKey, LiveStatus, Observed, Upstream
from reconciler.core.orders import Orders
from reconciler.core.plan import make_plan
from reconciler.core.recorded import Incident, KeyRow, ProviderKeyRow, Recorded, Version
from reconciler.core.steps import Plan, provider_key_address
from reconciler.core.tenant import markless_of
from reconciler.manifest.quantities import read_duration, read_lifetime
from reconciler.render import plan_text
from tests.core import builders
from tests.core.builders import ABLE, PROVIDER, STACK
from tests.core.projects import deployment

Words: TypeAlias = Mapping[str, Any]
WORLD = {"keys", "versions", "store", "provider", "able", "incidents", "gateway", "record"}
WORLD |= {"ask", "allow"}
WIDTH = 100
_HIDDEN = frozenset({"absent", "revoked", "unlisted"})


@dataclass(frozen=True)
class Moment:
    """One look at a stack: everything that a plan is made of, and the text that must come of it."""

    desired: Desired
    observed: Observed
    recorded: Recorded
    able: Mapping[str, Capabilities]
    now: datetime
    orders: Orders
    approval: Approval
    expected: str

    @property
    def plan(self) -> Plan:
        """The plan as it is made then."""
        inputs = self.desired, self.observed, self.recorded
        return make_plan(*inputs, self.able, self.now, self.orders)

    @property
    def text(self) -> str:
        """The plan as people read it."""
        plan, inputs = self.plan, (self.desired, self.observed, self.recorded)
        refusals = refuse(plan, *inputs, self.approval, self.now, markless_of(self.able))
        keys = {key.address: key for key in self.desired.keys}
        return plan_text(plan, keys, refusals, width=WIDTH, color=False)


def load_story(path: Path) -> dict[str, Moment]:
    """Read one file: its moments by their date."""
    # Everything is text at first: `on` would be true, and a date would lose its seconds.
    words = _typed(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader))
    assert set(words) <= {"what", "on", *WORLD}, set(words)
    assert words["what"]
    return {date: _moment(date, {**words, **told}) for date, told in words["on"].items()}


def _typed(found: Any) -> Any:  # noqa: ANN401 - whatever YAML has
    match found:
        case dict():
            return {key: _typed(value) for key, value in found.items()}
        case list():
            return [_typed(value) for value in found]
        case "true" | "false":
            return found == "true"
        case str() if found.isdigit():
            return int(found)
        case _:
            return found


def _moment(date: str, words: Words) -> Moment:
    assert set(words) <= {"what", "on", "plan", *WORLD}, set(words)
    keys = tuple(_key(name, told or {}) for name, told in sorted(words["keys"].items()))
    rows = tuple(_rows(words, {key.address: key for key in keys}))
    providers = {PROVIDER, *(key.provider for key in keys), *(v.provider for v in _living(rows))}
    now = _instant(date)
    return Moment(
        desired=_desired(words, keys, sorted(providers)),
        observed=_observed(words, rows, sorted(providers), now),
        recorded=_recorded(words, rows, now),
        able=dict.fromkeys(sorted(providers), _able(words)),
        now=now,
        orders=_orders(words.get("ask", {})),
        approval=Approval(allow_revoke=words.get("allow", 0)),
        expected=words.get("plan", ""),
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _moment_of(words: Words, name: str) -> datetime | None:
    return _instant(words[name]) if name in words else None


def _living(rows: tuple[KeyRow, ...]) -> Iterator[Version]:
    return (version for row in rows for version in row.living)


# --- the manifest --------------------------------------------------------------------------------


def _key(name: str, words: Words) -> DesiredKey:
    rest = dict(words)
    lifetime = read_lifetime(rest.pop("expires")) if "expires" in rest else None
    rotation, delete_after = _rotation(rest.pop("rotate", {}))
    policies = {
        "rotation": rotation,
        "on_external_disable": OnExternalDisable(rest.pop("on_external_disable", "hold")),
        "on_promoted": rest.pop("on_promoted", None),
        "unused_after": _span(rest.pop("unused_after", None)),
        "on_unused": OnUnused(rest.pop("on_unused", "report")),
        "place": "",
    }
    built = builders.key(
        name,
        provider=rest.pop("provider", PROVIDER),
        lifetime=lifetime,
        delete_after=delete_after,
        slot=builders.target(rest.pop("slot", name)),
        owner=rest.pop("owner", None),
        protect=rest.pop("protect", False),
        also={field: _value(value) for field, value in rest.items()},
    )
    return replace(built, **policies)


def _rotation(words: Words) -> tuple[Rotation, timedelta]:
    spans = {name: _span(told) for name, told in words.items()}
    delete_after = spans.pop("delete_after", timedelta(days=30)) or timedelta(0)
    overlap = spans.get("overlap", timedelta(hours=48)) or timedelta(0)
    spans.setdefault("idle", min(timedelta(hours=24), overlap))
    return Rotation(**spans), delete_after  # type: ignore[arg-type]  # by name


def _span(text: str | None) -> timedelta | None:
    return None if text is None else read_duration(text)


def _value(told: object) -> Value:
    if isinstance(told, list):
        return tuple(sorted(map(str, told)))
    assert isinstance(told, str | int | bool)
    return told


def _desired(words: Words, keys: tuple[DesiredKey, ...], names: list[str]) -> Desired:
    told = words.get("provider", {})
    rest: dict[str, Any] = {"deploy": ()} if told.get("deploy") == "all" else {}
    providers = (
        replace(builders.provider(name, **rest), max_rotations=told.get("max_rotations"))
        for name in names
    )
    given = tuple(_gateway_key(of_key) for of_key in words.get("gateway", {}))
    return replace(builders.desired(*keys, providers=providers), provider_keys=given)


def _gateway_key(of_key: str) -> DesiredProviderKey:
    return DesiredProviderKey(
        address=provider_key_address(of_key),
        provider=PROVIDER,
        upstream=of_key,
        source=builders.target(of_key),
        of_key=Address(of_key),
        fields=Attributes(),
        adopt=False,
        place="",
    )


def _orders(words: Words) -> Orders:
    named = {what: frozenset(map(Address, words.get(what, ()))) for what in ("rotate", "restore")}
    return Orders(**named, overlap=_span(words.get("overlap")))


def _able(words: Words) -> Capabilities:
    told = dict(words.get("able", {}))
    immutable = set(told.pop("immutable", ()))
    if "shortest" in told:
        told["shortest"] = _span(told["shortest"])
    return replace(ABLE, **told, mutable=ABLE.mutable - immutable)


# --- what was recorded ---------------------------------------------------------------------------


def _rows(words: Words, keys: Mapping[str, DesiredKey]) -> Iterator[KeyRow]:
    for name, told in sorted(words.get("versions", {}).items()):
        declared = keys.get(name) or builders.key(name)
        versions = tuple(_version(declared, n, len(told), each) for n, each in enumerate(told, 1))
        bends = words.get("record", {}).get(name, {})
        row = builders.row(name, *versions, delete_after=declared.delete_after)
        last = versions[-1]
        yield replace(row, target=last.target, provider=last.provider, **bends)


def _version(key: DesiredKey, number: int, last: int, words: Words) -> Version:
    stage = Stage(words.get("stage", "current" if number == last else "retiring"))
    made, lifetime = _instant(words["made"]), key.lifetime
    slot = builders.target(words["slot"]) if "slot" in words else key.target
    born = builders.version(
        key.address,
        number,
        provider=words.get("provider", key.provider),
        stage=stage,
        created_at=made,
        lifetime=lifetime.span if isinstance(lifetime, After) else None,
        delete_at=_moment_of(words, "delete_at"),
        slot=slot,
        condemned=words.get("condemned", False),
    )
    ends = wanted(key, "", made, None).get(EXPIRES_AT)
    granted = ends if isinstance(ends, datetime) else None
    aim = wanted(key, _name(key, born), made, replace(born, expires_at=granted))
    verified = words.get("verified", words["made"])
    overlap = key.rotation.overlap if stage is Stage.RETIRING else None
    return replace(
        born,
        expires_at=_moment_of(words, "expires") or granted,
        verified_at=None if verified == "no" else _instant(verified),
        applied=remember(aim.merge(_fields(words))),
        promoted_at=_instant(words.get("promoted", words["made"])),
        announced_at=_moment_of(words, "announced"),
        overlap=_span(words["overlap"]) if "overlap" in words else overlap,
        retire_at=_moment_of(words, "retire_at"),
        disabled_at=_moment_of(words, "disabled"),
    )


def _name(key: DesiredKey, version: Version) -> str:
    return builders.marked(key.name, version.op)


def _fields(words: Words) -> dict[str, Value]:
    return {field: _value(value) for field, value in words.get("has", {}).items()}


def _incident(words: Words) -> Incident:
    address, number = words["of"].split()
    return Incident(
        id=builders.op("incident", *words["of"].split()),
        case=builders.op("case"),
        address=Address(address),
        provider=PROVIDER,
        number=int(number),
        key_id=builders.key_id(address, int(number)),
        at=_instant(words["at"]),
        by=words.get("by", "ada"),
        reason=words.get("reason", "found in a log"),
        compromised=words.get("compromised", False),
        replace=words.get("replace", False),
    )


def _recorded(words: Words, rows: tuple[KeyRow, ...], now: datetime) -> Recorded:
    happened = (_incident(told) for told in words.get("incidents", ()))
    incidents = tuple(each for each in happened if each.at <= now)
    given = tuple(_given(of_key, number) for of_key, number in words.get("gateway", {}).items())
    return replace(builders.recorded(*rows), incidents=incidents, provider_keys=given)


def _given(of_key: str, number: int) -> ProviderKeyRow:
    return ProviderKeyRow(
        address=provider_key_address(of_key),
        provider=PROVIDER,
        upstream=of_key,
        upstream_id="1",
        source=builders.target(of_key),
        source_etag=builders.op(of_key, number),
        fingerprint=builders.print_of(of_key, number),
        written_at=builders.NOW,
        rev=1,
    )


# --- what is there -------------------------------------------------------------------------------


def _observed(
    words: Words, rows: tuple[KeyRow, ...], providers: list[str], now: datetime
) -> Observed:
    told, keys = words.get("provider", {}), words["keys"]
    seen = [
        (_key(row.address, keys.get(row.address) or {}), version, words_of_version)
        for row in rows
        for version, words_of_version in zip(
            row.versions, words["versions"][row.address], strict=True
        )
        if version.stage is not Stage.GONE
    ]
    views = (
        replace(
            builders.view(
                *(_live(k, v, w, now) for k, v, w in mine if w.get("shown") not in _HIDDEN),
                *(builders.foreign(f"somebody-{n}", f"f{n}") for n in range(told.get("others", 0))),
                provider=name,
                absent=[v.key_id for _, v, w in mine if w.get("shown") in {"absent", "revoked"}],
                clock_ahead=_span(told.get("clock_ahead")),
                deployments=[
                    deployment(project, *(builders.key_id(*_numbered(each)) for each in holds))
                    for project, holds in told.get("projects", {}).items()
                ],
            ),
            revoked=frozenset(v.key_id for _, v, w in mine if w.get("shown") == "revoked"),
            problem=told.get("problem"),
            upstreams_problem=told.get("upstreams_problem"),
            upstreams=tuple(
                Upstream(id="1", name=name, attributes=Attributes())
                for name in words.get("gateway", {})
            ),
        )
        for name in providers
        for mine in [[each for each in seen if each[1].provider == name]]
    )
    heads = [] if words.get("store") == "unreadable" else list(_heads(words, rows))
    problem = "it is sealed" if words.get("store") == "unreadable" else None
    return builders.observed(*views, heads=heads, store_problem=problem)


def _numbered(told: str) -> tuple[str, int]:
    address, number = told.split()
    return address, int(number)


def _live(key: DesiredKey, version: Version, words: Words, now: datetime) -> LiveKey:
    off = version.stage is Stage.DISABLED or key.attributes.get(ENABLED) is False
    ended = version.expires_at is not None and version.expires_at <= now
    usual = "disabled" if off else "expired" if ended else "active"
    status = LiveStatus(words.get("shown", usual))
    shown = builders.live(
        key.address,
        version.number,
        name=_name(key, version),
        status=status,
        used=_moment_of(words, "used"),
    )
    told = {name: value for name, value in key.attributes.pairs if name != ENABLED}
    told[EXPIRES_AT] = version.expires_at
    told |= {NAME: shown.name, ENABLED: status is not LiveStatus.DISABLED, **_fields(words)}
    return replace(shown, attributes=Attributes.of(told), created_at=version.created_at)


def _heads(words: Words, rows: tuple[KeyRow, ...]) -> Iterator[Head]:
    bends = words.get("store", {})
    for row in rows:
        for slot in sorted({version.target for version in row.living}):
            living = [v for v in row.living if v.target == slot]
            current = next((v.number for v in living if v.stage is Stage.CURRENT), None)
            told = {"current": current, "staged": [v.number for v in living], "owner": None}
            told |= bends.get(row.address, {})
            yield _head(row, slot, told)


def _head(row: KeyRow, slot: Target, told: Words) -> Head:
    current = told["current"] or None
    staged = tuple(number for number in told["staged"] if number != current)
    head = replace(builders.head(row.address, current, staged), target=slot)
    usual = f"{STACK}/{row.address}" if current or staged else None
    return replace(head, owner=usual if told["owner"] is None else told["owner"])
