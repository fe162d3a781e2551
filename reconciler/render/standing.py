"""How every version of every key stands: what we recorded, joined with what was observed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import EXPIRES_AT, Address, KeyId, OpId, Stage, Target
from reconciler.core.observed import Head, LiveKey, Observed, ProviderView, StoreView
from reconciler.core.provider_keys import source_state
from reconciler.core.recorded import (
    Incident,
    Intent,
    IntentKind,
    KeyRow,
    Proof,
    ProviderKeyRow,
    Recorded,
    Version,
)
from reconciler.render.coming import Beside, Coming, coming, next_steps
from reconciler.render.values import as_utc

_REJECTED: Final = "rejected"
"""The answer of a proof that says that the key itself is refused."""


class LiveState(StrEnum):
    """What is known of a version at its API."""

    ACTIVE = "active"
    DISABLED = "disabled"
    EXPIRED = "expired"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Stored(StrEnum):
    """What is known of a version's secret in its store."""

    CURRENT = "current"
    STAGED = "staged"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One version of one key. `expiry_known` tells "never expires" from "not told"."""

    key: Address
    owner: str | None
    declared: bool
    provider: str
    version: int
    key_id: KeyId
    stage: Stage
    condemned: bool
    state: LiveState
    created_at: datetime
    expires_at: datetime | None
    expiry_known: bool
    last_used_at: datetime | None
    secret: Target
    stored: Stored
    verified_at: datetime | None
    rejected_at: datetime | None
    """When it was last seen to be refused."""
    promoted_at: datetime | None
    announced_at: datetime | None
    retire_at: datetime | None
    delete_at: datetime | None
    next: Coming | None
    proofs: tuple[Proof, ...]
    runs_in: tuple[str, ...] | None
    """The projects whose containers accept it; None where nothing has to be deployed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One project of a provider: what its container was deployed with."""

    provider: str
    project: str
    stage: str
    failed: bool
    deployed_at: datetime | None
    keys: int
    enabled: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The switch for all keys of a provider, as it is and as we last set it."""

    provider: str
    on: bool
    set_to: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """One secret that rests in the spool, and the open operation it belongs to."""

    op: OpId
    key: Address | None


def standings(
    recorded: Recorded,
    observed: Observed,
    keys: Mapping[Address, DesiredKey],
    beside: Beside,
) -> Iterator[Standing]:
    """Give every recorded version, in the order of the record."""
    view = _Observation(observed, recorded.incidents, beside)
    for row in recorded.keys:
        for version in row.versions:
            yield _stand(row, version, keys.get(row.address), view)


def expiring_within(
    found: Iterable[Standing], now: datetime, within: timedelta
) -> tuple[Standing, ...]:
    """Give the working versions that end within a span from now, or have ended; nearest first."""
    ends = [
        (as_utc(each.expires_at), each)
        for each in found
        if each.expires_at is not None and each.stage not in {Stage.GONE, Stage.DISABLED}
    ]
    near = [(end, each) for end, each in ends if end - as_utc(now) <= within]
    return tuple(each for _, each in sorted(near, key=lambda pair: pair[0]))


def unmade(recorded: Recorded, keys: Mapping[Address, DesiredKey]) -> tuple[Address, ...]:
    """Give the declared keys of which no version is recorded."""
    made = {row.address for row in recorded.keys if row.versions}
    made |= {intent.address for intent in recorded.intents if intent.key_id is not None}
    return tuple(sorted(address for address in keys if address not in made))


def spooled(recorded: Recorded, observed: Observed) -> tuple[Spooled, ...]:
    """Give what rests in the spool, in a stable order."""
    owners = {intent.op: intent.address for intent in recorded.intents}
    return tuple(Spooled(op=op, key=owners.get(op)) for op in sorted(observed.spool.ops))


def problems(observed: Observed) -> tuple[str, ...]:
    """Say what could not be read, and is therefore shown as unknown."""
    found = [(f"provider '{v.provider}'", v.problem) for v in observed.providers]
    found += [(f"store '{v.store}'", v.problem) for v in observed.stores]
    told = [f"{what} could not be read: {problem}" for what, problem in found if problem]
    closed = bool(observed.spool.ops) and not observed.spool.readable
    return (*told, *(("the spool cannot be opened from here",) if closed else ()))


class _Observation:
    """What was observed, and what else is known of versions, indexed once."""

    def __init__(
        self,
        observed: Observed,
        incidents: Iterable[Incident] = (),
        beside: Beside | None = None,
    ) -> None:
        self.incidents = {(each.provider, each.key_id): each for each in incidents}
        told = beside or {}
        self.upcoming = next_steps(told.get("scheduled", ()))
        self.expiring = told.get("expiring_providers")
        self.providers: dict[str, ProviderView] = {v.provider: v for v in observed.providers}
        self.stores: dict[str, StoreView] = {view.store: view for view in observed.stores}
        self.live: dict[tuple[str, KeyId], LiveKey] = {
            (view.provider, live.id): live for view in observed.providers for live in view.keys
        }
        self.heads: dict[Target, Head] = {
            head.target: head for view in observed.stores for head in view.heads
        }


def _stand(
    row: KeyRow, version: Version, key: DesiredKey | None, observation: _Observation
) -> Standing:
    live = observation.live.get((version.provider, version.key_id))
    expires_at, expiry_known = _expiry(version, live, observation.expiring)
    return Standing(
        key=row.address,
        owner=key.owner if key else row.owner,
        declared=key is not None,
        provider=version.provider,
        version=version.number,
        key_id=version.key_id,
        stage=version.stage,
        condemned=version.condemned,
        state=_state(version, live, observation),
        created_at=version.created_at,
        expires_at=expires_at,
        expiry_known=expiry_known,
        last_used_at=live.last_used_at if live else None,
        secret=version.target,
        stored=_stored(version.target, version, observation),
        verified_at=version.verified_at,
        rejected_at=_rejected(version, observation),
        promoted_at=version.promoted_at,
        announced_at=version.announced_at,
        retire_at=version.retire_at,
        delete_at=version.delete_at,
        next=coming(version, observation.upcoming.get((row.address, version.number)), expires_at),
        proofs=version.proofs,
        runs_in=_runs_in(version, observation.providers.get(version.provider)),
    )


def _rejected(version: Version, observation: _Observation) -> datetime | None:
    """The probe after a revocation counts as much as one after a retirement."""
    incident = observation.incidents.get((version.provider, version.key_id))
    seen = [proof.at for proof in version.proofs if proof.answer == _REJECTED]
    if incident is not None and incident.rejected_at is not None:
        seen.append(incident.rejected_at)
    return max(seen, key=as_utc, default=None)


def _runs_in(version: Version, view: ProviderView | None) -> tuple[str, ...] | None:
    if view is None or not view.deployments:
        return None
    return tuple(
        seen.project
        for seen in view.deployments
        if version.key_id in seen.key_ids and seen.enabled is not False
    )


def projects(observed: Observed) -> tuple[Project, ...]:
    """Give every project that keys are deployed to."""
    return tuple(
        Project(
            provider=view.provider,
            project=seen.project,
            stage=seen.stage,
            failed=seen.failed,
            deployed_at=seen.deployed_at,
            keys=len(seen.key_ids),
            enabled=seen.enabled,
        )
        for view in observed.providers
        for seen in view.deployments
    )


def switches(recorded: Recorded, observed: Observed) -> tuple[Switch, ...]:
    """Give the switch for all keys of every provider that has one."""
    rows = {row.name: row.keys_enabled for row in recorded.providers}
    return tuple(
        Switch(provider=view.provider, on=view.enabled, set_to=rows.get(view.provider))
        for view in observed.providers
        if view.enabled is not None
    )


def _state(version: Version, live: LiveKey | None, observation: _Observation) -> LiveState:
    if live is not None:
        return LiveState(live.status)
    view = observation.providers.get(version.provider)
    gone = version.stage is Stage.GONE or (view is not None and version.key_id in view.absent)
    return LiveState.ABSENT if gone else LiveState.UNKNOWN


def _expiry(
    version: Version, live: LiveKey | None, expiring: frozenset[str] | None
) -> tuple[datetime | None, bool]:
    """The API's word counts; what was recorded stands in where it says nothing."""
    if live is not None and EXPIRES_AT in live.attributes:
        told = live.attributes.get(EXPIRES_AT)
        return (told, True) if isinstance(told, datetime) else (None, told is None)
    endless = expiring is not None and version.provider not in expiring
    return version.expires_at, version.expires_at is not None or endless


def _stored(target: Target, version: Version, observation: _Observation) -> Stored:
    store, head = observation.stores.get(target.store), observation.heads.get(target)
    if store is None or store.problem is not None:
        return Stored.UNKNOWN
    if head is None:
        return Stored.MISSING
    if head.current is not None and head.current.op == version.op:
        return Stored.CURRENT
    return Stored.STAGED if head.carries(version.op) else Stored.MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One secret that we brought into a gateway. `fresh`: its source is as it was then."""

    name: Address
    provider: str
    upstream: str
    source: Target
    written_at: datetime
    fresh: bool | None


def given(recorded: Recorded, observed: Observed) -> tuple[Given, ...]:
    """Give what lies in gateways, in the order of the record."""
    heads = _Observation(observed).heads
    return tuple(
        Given(
            name=row.address,
            provider=row.provider,
            upstream=row.upstream,
            source=row.source,
            written_at=row.written_at,
            fresh=_is_fresh(row, heads.get(row.source)),
        )
        for row in recorded.provider_keys
    )


def _is_fresh(row: ProviderKeyRow, head: Head | None) -> bool | None:
    return None if head is None else source_state(head) == row.source_etag


def not_yet_effective(recorded: Recorded, observed: Observed) -> tuple[Intent, ...]:
    """Give the creations and deletions that are applied, and count only after a deploy."""
    deployed = {view.provider for view in observed.providers if view.deployments}
    return tuple(
        intent
        for intent in open_intents(recorded)
        if intent.provider in deployed
        and (intent.key_id is not None or intent.kind is IntentKind.DELETE)
    )


def open_intents(recorded: Recorded) -> tuple[Intent, ...]:
    """Give the operations that were begun and not closed, the oldest first."""
    return tuple(sorted(recorded.intents, key=lambda intent: (intent.started_at, intent.op)))
