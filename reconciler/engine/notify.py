"""Telling consumers of a new version, from which on their time with the old one counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.core.desired import DesiredKey
from reconciler.core.recorded import KeyRow, Version
from reconciler.core.steps import Result, Step
from reconciler.engine.succession import is_retiring, overlap_of, starting
from reconciler.engine.transaction import Run, done, refused, unknown
from reconciler.interfaces.driver import Done, Refused, Unknown
from reconciler.interfaces.notifier import News

_SECOND = timedelta(seconds=1)


async def notify(run: Run, step: Step) -> Result:
    """Tell, and only then let the overlap of the versions before begin."""
    row, key = run.rows[step.address], run.keys[step.address]
    version = row.current
    if version is None or step.number not in {None, version.number}:
        return refused(step, "the version to tell of is not the current one")
    match await run.world.notifier.announce(_news(run, key, row, version)):
        case Done():
            await run.save(_told(run, row, version))
            return done(step, f"consumers were told of v{version.number}")
        case Refused(reason):
            return refused(step, f"consumers were not told of v{version.number}: {reason}")
        case Unknown(reason):
            return unknown(step, f"{reason}; the next run tells of v{version.number} again")


def _told(run: Run, row: KeyRow, current: Version) -> KeyRow:
    now = run.world.clock.now()
    overlap = overlap_of(run, row.address)

    def told(version: Version) -> Version:
        if version.number == current.number:
            return replace(version, announced_at=now)
        waits = is_retiring(version) and version.retire_at is None
        return starting(version, now, overlap) if waits else version

    return replace(row, versions=tuple(map(told, row.versions)))


def _news(run: Run, key: DesiredKey, row: KeyRow, version: Version) -> News:
    before = max(filter(is_retiring, row.versions), key=lambda v: v.number, default=None)
    now = run.world.clock.now()
    return News(
        stack=run.meta.stack,
        address=row.address,
        op=version.op,
        number=version.number,
        key_id=version.key_id,
        target=version.target,
        promoted_at=version.promoted_at or version.created_at,
        owner=key.owner,
        service=key.service,
        environment=key.environment,
        replaces=before.number if before else None,
        overlap_seconds=_seconds_left(before, now, overlap_of(run, row.address)) if before else 0,
    )


def _seconds_left(before: Version, now: datetime, overlap: timedelta) -> int:
    """Say for how long the version before works on at least, should consumers be told now."""
    until = before.retire_at or starting(before, now, overlap).retire_at or now
    return max(0, (until - now) // _SECOND)
