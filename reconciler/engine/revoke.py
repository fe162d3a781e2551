"""Taking a version out of service at once, because a person said so: off first, all else later."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.keys import KeyId, Stage
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import IntentKind, KeyRow, Version
from reconciler.core.steps import Outcome, Result, Step
from reconciler.engine.change import not_done, switch_off_for_good, switched_off, with_trial
from reconciler.engine.incidents import note_revoked
from reconciler.engine.remove import end_removal
from reconciler.engine.transaction import Run, done, failed, with_version
from reconciler.engine.verify import try_rejected
from reconciler.interfaces.driver import Done, Refused, Unknown


async def revoke(run: Run, step: Step) -> Result | None:
    """Switch a version off, or delete it where that is the only way, whatever still uses it.

    None when it was deleted, and containers accept it until they are deployed again.
    """
    row, version = run.subject(step)
    if run.world.able[version.provider].can_disable:
        return await _switch_off(run, step, row, version)
    return await _delete(run, step, version)


async def _switch_off(run: Run, step: Step, row: KeyRow, version: Version) -> Result:
    was_current = version.stage is Stage.CURRENT
    after = with_version(row, switched_off(run, row, version))
    after = replace(after, disabled_by_us=row.disabled_by_us or was_current)
    intent = await run.open(step, IntentKind.RETIRE, version)
    match await switch_off_for_good(run, version.provider, version.key_id):
        case Done():
            _saw_off(run, version.provider, version.key_id)
            tried = await try_rejected(run, step, version)
            await run.close(intent, with_trial(run, after, version.number, tried))
            rejected = bool(tried.proofs) and tried.complaint is None
            await note_revoked(run, version.provider, version.key_id, rejected=rejected)
            if tried.complaint is not None:
                return failed(step, f"v{version.number} switched off, but {tried.complaint}")
            return done(step, f"v{version.number} revoked ({version.key_id})")
        case Refused() | Unknown() as other:
            return await not_done(run, step, intent, other)


async def _delete(run: Run, step: Step, version: Version) -> Result | None:
    intent = await run.open(step, IntentKind.DELETE, version)
    match await run.driver(version.provider).delete(version.key_id):
        case Done():
            run.live.pop((version.provider, version.key_id), None)
            await note_revoked(run, version.provider, version.key_id, rejected=False)
        case Refused() | Unknown() as other:
            return await not_done(run, step, intent, other)

    async def buried() -> None:
        readable = run.world.stores.get(version.target.store)
        proven = readable is not None and readable.abilities.readback
        await note_revoked(run, version.provider, version.key_id, rejected=proven)

    result = await end_removal(run, step, intent, version, buried)
    if result is not None and result.outcome is Outcome.DONE:
        return done(step, f"v{version.number} revoked: {result.sentence}")
    return result


def _saw_off(run: Run, provider: str, key_id: KeyId) -> None:
    """Remember that a key works no more, which was seen to work when the run began."""
    live = run.live.get((provider, key_id))
    if live is not None:
        run.live[(provider, key_id)] = replace(live, status=LiveStatus.DISABLED)
