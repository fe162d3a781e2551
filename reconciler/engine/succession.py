"""What becomes of the versions before a new one: which go on working, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.core.desired import Rotation
from reconciler.core.keys import Address, Stage
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import Incident, KeyRow, Version
from reconciler.engine.incidents import incidents_of
from reconciler.engine.transaction import Run


async def succeeded(run: Run, row: KeyRow, overlap: timedelta | None) -> tuple[Version, ...]:
    """Give the versions of a key that stay beside its new one.

    Those confirmed gone are dropped, unless their secret was lost: that death is a step of its own.
    """
    for version in row.living:
        lost = (version.provider, version.key_id) in run.absent and not version.condemned
        if lost and run.holders(version.provider, version.key_id):
            await run.note_dead(version.provider, version.key_id)
    staying = _staying(run, row)
    return tuple([await _behind(run, row, version, overlap) for version in staying])


def _staying(run: Run, row: KeyRow) -> Iterator[Version]:
    for version in row.living:
        if version.condemned or (version.provider, version.key_id) not in run.absent:
            yield version


async def _behind(run: Run, row: KeyRow, version: Version, overlap: timedelta | None) -> Version:
    """Give one older version as it is from now on; one that had a successor stays as it is."""
    if version.condemned or version.superseded:
        return version
    if version.stage is not Stage.CURRENT:
        return replace(version, overlap=timedelta(0))
    # Settled ones count as well: what was revoked works no more, whenever its successor comes.
    incidents = await incidents_of(run, version.provider, version.key_id)
    if incidents:
        return _revoked(run, row, version, incidents[0])
    span = overlap_of(run, row.address) if overlap is None else overlap
    waits = announces(run, row.address)
    return retiring(version, run.world.clock.now(), span, waits_for_news=waits)


def _revoked(run: Run, row: KeyRow, version: Version, incident: Incident) -> Version:
    """Give a version that a person revoked: it is off, or goes as soon as it can."""
    now = run.world.clock.now()
    live = run.live.get((version.provider, version.key_id))
    off = live is not None and live.status is not LiveStatus.ACTIVE
    if incident.revoked_at is None and not off:
        return replace(version, stage=Stage.RETIRING, overlap=timedelta(0), retire_at=now)
    return replace(
        version,
        stage=Stage.DISABLED,
        overlap=timedelta(0),
        disabled_at=incident.revoked_at or now,
        delete_at=now + row.delete_after,
    )


def retiring(
    version: Version, now: datetime, overlap: timedelta, *, waits_for_news: bool
) -> Version:
    """Give a version that works on beside its successor, until its consumers had their time."""
    version = replace(version, stage=Stage.RETIRING, overlap=overlap, retire_at=None)
    return version if waits_for_news else starting(version, now, overlap)


def starting(version: Version, now: datetime, overlap: timedelta) -> Version:
    """Let the overlap of a retiring version begin; it ends with the version's own life."""
    until = now + (overlap if version.overlap is None else version.overlap)
    return replace(version, retire_at=min(until, version.expires_at or until))


def is_retiring(version: Version) -> bool:
    """Whether a version works beside its successor, and its secret is known."""
    return version.stage is Stage.RETIRING and not version.condemned


def overlap_of(run: Run, address: Address) -> timedelta:
    """Say how long an old version of a key works on, by the manifest or by default."""
    key = run.keys.get(address)
    return (key.rotation if key else Rotation()).overlap


def announces(run: Run, address: Address) -> bool:
    """Whether the consumers of a key are told of a new version."""
    key = run.keys.get(address)
    return key is not None and key.on_promoted is not None
