"""Taking keys out of service at once, beside whatever else is running: no lock, no list, no plan.

What was ordered is durable before anything is done about it, in rows that need no lock; whoever
holds the lock reads them before a version is handed out. Everything after the revocation itself is
evidence, and may be missing. The rows of keys are left alone: the next run brings them in line.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.keys import Address, KeyId
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import AuditNote, Incident, Version
from reconciler.core.secret import Secret
from reconciler.engine.incidents import amend
from reconciler.engine.prove import insist
from reconciler.engine.transaction import stored
from reconciler.engine.world import World
from reconciler.errors import KeywrightError
from reconciler.interfaces.driver import Done, Probe, Refused

_MOST_NOTES = 50
"""Entries of an API's log that are kept of one key, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One version that is to be revoked."""

    address: Address
    provider: str
    number: int
    key_id: KeyId


async def revoke_now(
    world: World,
    cases: tuple[Case, ...],
    by: str,
    reason: str,
    *,
    compromised: bool,
    replace: bool,
) -> tuple[Incident, ...]:
    """Revoke these versions and give what is recorded of each, in the same order.

    One without `revoked_at` is not known to be off; the next run tries again. StateError when the
    order could not be recorded.
    """
    command = world.ids.new_op()
    now = world.clock.now()
    ordered = tuple(
        Incident(
            id=world.ids.new_op(),
            case=command,
            address=case.address,
            provider=case.provider,
            number=case.number,
            key_id=case.key_id,
            at=now,
            by=by,
            reason=reason,
            compromised=compromised,
            replace=replace,
        )
        for case in cases
    )
    written = await _order(world, ordered)
    gates = {name: asyncio.Semaphore(world.workers.get(name, 1)) for name in world.drivers}
    revoked = await asyncio.gather(*(_revoke(world, gates, each) for each in written))
    slots = await _slots(world)
    return tuple(await asyncio.gather(*(_evidence(world, gates, slots, each) for each in revoked)))


async def _order(world: World, ordered: tuple[Incident, ...]) -> tuple[Incident, ...]:
    """Make the orders durable; one that cannot be is not carried out, and keeps its `rev` of 0.

    Raises what went wrong where none could be.
    """
    writes = map(world.backend.write_incident, ordered)
    revs = await asyncio.gather(*writes, return_exceptions=True)
    for rev in revs:
        if isinstance(rev, BaseException) and not isinstance(rev, KeywrightError):
            raise rev
    failures = [rev for rev in revs if isinstance(rev, KeywrightError)]
    if len(failures) == len(ordered) and failures:
        raise failures[0]
    return tuple(
        dataclasses.replace(incident, rev=rev) if isinstance(rev, int) else incident
        for incident, rev in zip(ordered, revs, strict=True)
    )


async def _revoke(
    world: World, gates: Mapping[str, asyncio.Semaphore], incident: Incident
) -> Incident:
    """Switch one key off, or delete it where that is the only way, and record when it was."""
    if incident.provider not in world.drivers or incident.provider not in world.able:
        return incident
    if not incident.rev:
        return incident
    async with gates[incident.provider]:
        off = await _take_away(world, incident)
    if not off:
        return incident
    now = world.clock.now()
    try:
        return await amend(
            world.backend,
            incident,
            lambda found: dataclasses.replace(found, revoked_at=found.revoked_at or now),
        )
    except KeywrightError:
        return dataclasses.replace(incident, revoked_at=now)


async def _take_away(world: World, incident: Incident) -> bool:
    """Say whether the API agreed that a key works no more."""
    driver = world.drivers[incident.provider]
    if not world.able[incident.provider].can_disable:
        answer = await driver.delete(incident.key_id)
        return isinstance(answer, Done) and not await _still_shown(world, incident)
    answer = await driver.disable(incident.key_id)
    if isinstance(answer, Refused):
        return await _works_no_more(world, incident)
    return isinstance(answer, Done)


async def _still_shown(world: World, incident: Incident) -> bool:
    """Whether the API shows a key after it said that it deleted it."""
    if not world.able[incident.provider].can_get:
        return False
    found = await world.drivers[incident.provider].get(incident.key_id)
    return isinstance(found, Done) and found.value is not None


async def _works_no_more(world: World, incident: Incident) -> bool:
    """Whether a key that could not be switched off is off, expired or gone already."""
    found = await world.drivers[incident.provider].get(incident.key_id)
    if not isinstance(found, Done):
        return False
    return found.value is None or found.value.status is not LiveStatus.ACTIVE


async def _slots(world: World) -> Mapping[tuple[str, KeyId], Version]:
    """Say where the secret of each version rests; nowhere, where the record cannot be read."""
    try:
        recorded = await world.backend.read()
    except KeywrightError:
        return {}
    return {(v.provider, v.key_id): v for row in recorded.keys for v in row.living}


async def _evidence(
    world: World,
    gates: Mapping[str, asyncio.Semaphore],
    slots: Mapping[tuple[str, KeyId], Version],
    incident: Incident,
) -> Incident:
    """Add what can be learnt of a revoked key; what cannot is left out."""
    if incident.revoked_at is None:
        return incident
    try:
        async with gates[incident.provider]:
            found = await _learn(world, slots, incident)
        return await amend(world.backend, incident, lambda fresh: _with(fresh, found))
    except KeywrightError:
        return incident


async def _learn(
    world: World, slots: Mapping[tuple[str, KeyId], Version], incident: Incident
) -> Incident:
    """Ask when the key was used last, whether it is rejected now, and what the API's log says."""
    driver = world.drivers[incident.provider]
    shown = await driver.get(incident.key_id) if world.able[incident.provider].can_get else None
    last_used = shown.value.last_used_at if isinstance(shown, Done) and shown.value else None
    rejected = await _is_rejected(world, slots.get((incident.provider, incident.key_id)))
    logged = await driver.audit(incident.key_id)
    records = logged.value[:_MOST_NOTES] if isinstance(logged, Done) else ()
    return dataclasses.replace(
        incident,
        last_used_at=last_used,
        rejected_at=world.clock.now() if rejected else None,
        audit=tuple(
            AuditNote(at=r.at, actor=r.actor, action=r.action, request_id=r.request_id)
            for r in records
        ),
    )


async def _is_rejected(world: World, version: Version | None) -> bool:
    """Use a key whose secret can still be read, until it is refused."""
    if version is None or not world.able[version.provider].can_verify:
        return False
    secret = await _secret(world, version)
    if secret is None:
        return False
    driver = world.drivers[version.provider]
    said = await insist(world.clock, lambda: driver.probe(secret), Probe.REJECTED)
    return said is Probe.REJECTED


async def _secret(world: World, version: Version) -> Secret | None:
    store, held = world.stores.get(version.target.store), stored(version)
    try:
        return await store.fetch(version.target, held) if store and held else None
    except KeywrightError:
        return None


def _with(fresh: Incident, found: Incident) -> Incident:
    """Add to an incident what was learnt; what somebody else recorded meanwhile stays."""
    return dataclasses.replace(
        fresh,
        last_used_at=found.last_used_at or fresh.last_used_at,
        rejected_at=fresh.rejected_at or found.rejected_at,
        audit=found.audit or fresh.audit,
    )
