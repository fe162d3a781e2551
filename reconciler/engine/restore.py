"""Giving consumers an older version back: on again, seen to work, published, and then recorded.

One operation covers all of it, so that an interrupted undo is finished by the next run. Until the
record says otherwise, the version that was current stays so.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.keys import Stage
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import Intent, IntentKind, KeyRow, Version
from reconciler.core.steps import Result, Step
from reconciler.engine.change import not_done
from reconciler.engine.deliver import point_back
from reconciler.engine.incidents import incidents_of
from reconciler.engine.succession import announces, overlap_of, retiring
from reconciler.engine.transaction import Run, done, failed, refused, stored, with_version
from reconciler.engine.verify import proven, try_accepted
from reconciler.errors import StoreConflictError, StoreRefusedError
from reconciler.interfaces.driver import Done, Refused, Unknown


async def restore(run: Run, step: Step) -> Result:
    """Make the version that a step names the current one again, and let the other one retire."""
    _, version = run.subject(step)
    if complaint := await _forbidden(run, version):
        return refused(step, complaint)
    overlap = overlap_of(run, step.address) if step.overlap is None else step.overlap
    intent = await run.open(step, IntentKind.RESTORE, version, overlap)
    return await _go_back(run, step, intent, version)


async def finish_restore(run: Run, step: Step, intent: Intent) -> Result:
    """Go on with an interrupted undo; each part of it may be done again."""
    version = _version_of(run, intent)
    if version is None:
        return await abandon_restore(run, step, intent)
    if complaint := await _forbidden(run, version):
        return await _give_up(run, step, intent, version, complaint)
    return await _go_back(run, step, intent, version)


async def abandon_restore(run: Run, step: Step, intent: Intent) -> Result:
    """Close an undo whose version is there no more; consumers read the current one."""
    await point_back(run, intent)
    await run.close(intent)
    return done(step, "the interrupted undo is closed: its version is there no more")


async def _go_back(run: Run, step: Step, intent: Intent, version: Version) -> Result:
    if _must_switch_on(run, version):
        match await run.driver(version.provider).enable(version.key_id):
            case Done():
                pass
            case Refused() | Unknown() as other:
                return await not_done(run, step, intent, other)
    tried = await try_accepted(run, step, version)
    if tried.unclear:
        return failed(step, f"v{version.number} could not be tried out; the next run tries again")
    if tried.complaint is not None:
        return await _give_up(run, step, intent, version, tried.complaint)
    if complaint := await _forbidden(run, version):
        return await _give_up(run, step, intent, version, complaint)
    try:
        await _promote(run, version)
    except (StoreRefusedError, StoreConflictError) as error:
        return await _give_up(run, step, intent, version, str(error))
    return await _record(run, step, intent, proven(run, version, tried))


def _must_switch_on(run: Run, version: Version) -> bool:
    live = run.live.get((version.provider, version.key_id))
    shown_off = live is not None and live.status is LiveStatus.DISABLED
    return shown_off or version.stage is Stage.DISABLED


async def _promote(run: Run, version: Version) -> None:
    held = stored(version)
    if held is None or version.target.store not in run.world.stores:
        raise StoreRefusedError(f"the secret of v{version.number} is in no store that we know")
    await run.store(version.target.store).promote(version.target, held)


async def _record(run: Run, step: Step, intent: Intent, version: Version) -> Result:
    row = run.rows[intent.address]
    after = _restored(run, row, intent, version)
    await run.close(intent, after)
    return done(step, f"v{version.number} is current again, and its secret in {version.target}")


def _restored(run: Run, row: KeyRow, intent: Intent, version: Version) -> KeyRow:
    """Give the row in which a version is current again, and the one that was so works on."""
    now = run.world.clock.now()
    if row.current is not None and row.current.number != version.number:
        overlap = overlap_of(run, row.address) if intent.overlap is None else intent.overlap
        waits = announces(run, row.address)
        row = with_version(row, retiring(row.current, now, overlap, waits_for_news=waits))
    back = replace(
        version,
        stage=Stage.CURRENT,
        promoted_at=version.promoted_at or now,
        announced_at=None if announces(run, row.address) else now,
        disabled_at=None,
        delete_at=None,
        overlap=None,
        retire_at=None,
    )
    return replace(
        with_version(row, back),
        provider=version.provider,
        dialect=run.world.able[version.provider].dialect,
        target=version.target,
        disabled_by_us=False,
    )


async def _give_up(run: Run, step: Step, intent: Intent, version: Version, why: str) -> Result:
    """Leave everything as it was before; where that fails, the next run tries it again."""
    if version.stage is Stage.DISABLED:
        outcome = await run.driver(version.provider).disable(version.key_id)
        if not isinstance(outcome, Done):
            return failed(step, f"{why}; v{version.number} is not off again: {outcome.reason}")
    await point_back(run, intent)
    await run.close(intent)
    return refused(step, f"v{version.number} does not come back: {why}")


async def _forbidden(run: Run, version: Version) -> str | None:
    """Say so where a person revoked a version, be it long ago."""
    if await incidents_of(run, version.provider, version.key_id):
        return f"v{version.number} was revoked in an incident"
    return None


def _version_of(run: Run, intent: Intent) -> Version | None:
    row = run.rows.get(intent.address)
    return next((v for v in row.living if v.number == intent.number), None) if row else None
