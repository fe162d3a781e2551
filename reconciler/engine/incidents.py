"""What a person revoked at once, as it stands at this very moment.

Incidents are written without our lock, while we hold it. So they are read again right before a
version is given to consumers, restored or switched on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.core.keys import KeyId
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import Incident
from reconciler.engine.transaction import Run
from reconciler.errors import StateConflictError
from reconciler.interfaces.backend import Backend

_TRIES = 5


async def open_incident(run: Run, provider: str, key_id: KeyId) -> Incident | None:
    """Give the incident of a version that is not settled, if there is one right now."""
    found = await incidents_of(run, provider, key_id)
    return next((incident for incident in found if incident.settled_at is None), None)


async def incidents_of(run: Run, provider: str, key_id: KeyId) -> tuple[Incident, ...]:
    """Give every incident of a version, settled or not, as they are right now."""
    found = await run.world.backend.incidents()
    return tuple(i for i in found if (i.provider, i.key_id) == (provider, key_id))


async def note_revoked(run: Run, provider: str, key_id: KeyId, *, rejected: bool) -> None:
    """Record in the open incidents of a version that it is off, and whether that was proven."""
    now = run.world.clock.now()

    def note(incident: Incident) -> Incident:
        return replace(
            incident,
            revoked_at=incident.revoked_at or now,
            rejected_at=incident.rejected_at or (now if rejected else None),
        )

    for incident in await incidents_of(run, provider, key_id):
        if incident.settled_at is None:
            await amend(run.world.backend, incident, note)


async def settle_incidents(run: Run, found: tuple[Incident, ...]) -> None:
    """Close those incidents for which nothing more is owed."""
    for incident in found:
        if incident.settled_at is None:
            await amend(run.world.backend, incident, lambda found: _settled(run, found))


async def amend(
    backend: Backend, incident: Incident, change: Callable[[Incident], Incident]
) -> Incident:
    """Change an incident durably, also where somebody else writes it at the same time."""
    for _ in range(_TRIES):
        changed = change(incident)
        if changed == incident:
            return incident
        try:
            return replace(changed, rev=await backend.write_incident(changed))
        except StateConflictError:
            fresh = await backend.incidents()
            incident = next((found for found in fresh if found.id == incident.id), incident)
    changed = change(incident)
    return replace(changed, rev=await backend.write_incident(changed))


def _settled(run: Run, incident: Incident) -> Incident:
    row = run.rows.get(incident.address)
    current = row.current if row else None
    another = current is not None and current.key_id != incident.key_id
    by = current.number if current and another else incident.replaced_by
    owed = incident.replace and not another and incident.address in run.keys
    now, off = run.world.clock.now(), _is_over(run, incident)
    return replace(
        incident,
        revoked_at=incident.revoked_at or (now if off else None),
        replaced_by=by,
        settled_at=now if off and not owed else None,
    )


def _is_over(run: Run, incident: Incident) -> bool:
    """Whether the version of an incident works no more, by the record or by the API."""
    name = incident.provider, incident.key_id
    if any((i.provider, i.key_id) == name for i in run.intents.values()):
        return False
    live = run.live.get(name)
    if live is not None:
        return live.status is not LiveStatus.ACTIVE
    row = run.rows.get(incident.address)
    living = row.living if row else ()
    return name in run.absent or all((v.provider, v.key_id) != name for v in living)
