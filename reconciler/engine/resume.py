"""Ending what an earlier run began: carries out the settlements that `core.recover` decided."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import assert_never

from reconciler.core.capabilities import Marker
from reconciler.core.keys import KeyId, Stage
from reconciler.core.observed import LiveKey, StoredVersion
from reconciler.core.recorded import Intent, IntentKind, RetiredOp, Version
from reconciler.core.recover import remember_effect
from reconciler.core.secret import Secret, fingerprint
from reconciler.core.steps import Reason, Result, Settlement, Step
from reconciler.core.tenant import Effect
from reconciler.engine.deliver import (
    ROOM,
    Delivery,
    compensate,
    deliver,
    drop_staged,
    park_create,
    record,
    take_back_if_revoked,
)
from reconciler.engine.prove import is_absent, prove_gone
from reconciler.engine.remove import end_removal
from reconciler.engine.restore import abandon_restore, finish_restore
from reconciler.engine.transaction import Run, done, failed, refused, with_version
from reconciler.engine.verify import NOT_TRIED
from reconciler.errors import StoreRefusedError
from reconciler.interfaces.driver import Done


async def resume(run: Run, step: Step) -> Result | None:
    """End one open operation; None when its end waits for a deploy.

    Idempotent: a crash in here leaves it open again.
    """
    if step.reason is Reason.LATE_LANDING:
        return await _sweep(run, step)
    assert step.op is not None  # noqa: S101 - the planner names the operation of every recovery
    intent = run.intents[step.op]
    if intent.kind is IntentKind.RESTORE:
        return await _settle_restore(run, step, intent)
    return await _settle(run, step, intent)


async def _settle_restore(run: Run, step: Step, intent: Intent) -> Result:
    match step.settlement:
        case Settlement.FINISH:
            return await finish_restore(run, step, intent)
        case Settlement.CLOSE:
            return await abandon_restore(run, step, intent)
        case _:
            return refused(step, "left as it is")


async def _settle(run: Run, step: Step, intent: Intent) -> Result | None:
    match step.settlement:
        case Settlement.FINISH:
            return await _finish(run, step, intent)
        case Settlement.PUBLISH:
            return await _publish(run, step, intent)
        case Settlement.UNDO:
            return await _undo(run, step, intent)
        case Settlement.CONDEMN:
            return await _condemn(run, step, intent)
        case Settlement.GIVE_UP:
            return await _give_up(run, step, intent)
        case Settlement.CLOSE:
            return await _close(run, step, intent)
        case Settlement.WAIT | Settlement.ASK | None:
            return refused(step, "left as it is")
    assert_never(step.settlement)


async def _close(run: Run, step: Step, intent: Intent) -> Result | None:
    """Close an idempotent operation; a deletion that took effect is finished with it."""
    row = run.rows.get(intent.address)
    living = row.living if row else ()
    version = next((v for v in living if v.number == intent.number), None)
    if (
        intent.kind is IntentKind.DELETE
        and version
        and await is_absent(run, version.provider, version.key_id)
    ):
        return await end_removal(run, step, intent, version)
    live = _live(run, intent.provider, version.key_id) if version else None
    await run.close(intent, remember_effect(intent, row, live) if row else None)
    return done(step, f"the interrupted {intent.kind} is closed")


async def _finish(run: Run, step: Step, intent: Intent) -> Result | None:
    """Go on with a create whose secret lies in the spool."""
    spooled = await run.world.spool.take(intent.op)
    if spooled is None:
        return failed(step, "the spool does not open: run it where the age identity is")
    if spooled.key_id != (intent.key_id or step.key_id or spooled.key_id):
        return failed(step, "the spool holds another key's secret under this operation")
    answer = await run.driver(intent.provider).get(spooled.key_id)
    if not isinstance(answer, Done):
        return failed(step, f"key {spooled.key_id} could not be looked up: {answer.reason}")
    if answer.value is None and run.is_lagging(intent.provider, intent.started_at):
        return failed(step, f"key {spooled.key_id} is not listed yet; the next run looks again")
    if answer.value is None:
        await run.note_dead(intent.provider, spooled.key_id)
        return await _give_up(run, step, intent)
    return await _finish_with(run, step, intent, spooled.secret, answer.value)


async def _finish_with(
    run: Run, step: Step, intent: Intent, secret: Secret, live: LiveKey
) -> Result | None:
    if intent.key_id is None:
        print_of = fingerprint(secret, run.meta.salt)
        intent = await run.write(replace(intent, key_id=live.id, fingerprint=print_of))
    return await _deliver_again(run, step, intent, secret, live)


async def _publish(run: Run, step: Step, intent: Intent) -> Result | None:
    """Go on with a create whose secret had reached the store."""
    held, live = _held(intent), _live(run, intent.provider, intent.key_id)
    if held is None or live is None:
        return failed(step, "its key is not there any more")
    secret = await run.store(intent.target.store).fetch(intent.target, held)
    if secret is not None:
        return await _deliver_again(run, step, intent, secret, live)
    if run.effect(intent.provider, live.id) is Effect.NOW:
        return await _publish_unread(run, step, intent, held, live)
    park_create(run, step, live, partial(_publish_unread, run, step, intent, held, live))
    return None


async def _publish_unread(
    run: Run, step: Step, intent: Intent, held: StoredVersion, live: LiveKey
) -> Result:
    """Publish a secret that rests in a store from which we cannot read it to try it out."""
    if (trouble := await take_back_if_revoked(run, step, intent, held)) is not None:
        return trouble
    await run.store(intent.target.store).promote(intent.target, held)
    result = await record(run, step, intent, held, live, NOT_TRIED)
    return replace(result, sentence=f"{result.sentence}; not tried out, since it cannot be read")


async def _deliver_again(
    run: Run, step: Step, intent: Intent, secret: Secret, live: LiveKey
) -> Result | None:
    owner = run.slot_owner(intent.address)
    store = run.store(intent.target.store)
    try:
        head = await store.preflight(intent.target, owner, ROOM)
    except StoreRefusedError as error:
        mark = fingerprint(secret, run.meta.salt)
        held = StoredVersion(op=intent.op, key_id=live.id, fingerprint=mark)
        return await compensate(run, step, intent, held, str(error))
    return await deliver(Delivery(run, step, intent, secret, live, head))


async def _undo(run: Run, step: Step, intent: Intent) -> Result:
    """Delete a key that nobody uses, and what was kept of its secret."""
    if complaint := await _delete(run, step):
        return failed(step, complaint)
    if intent.key_id is not None and intent.target.store in run.world.stores:
        await drop_staged(run, intent)
    await run.world.spool.drop(intent.op)
    await run.close(intent)
    return done(step, f"key {step.key_id} deleted: nobody uses it")


async def _condemn(run: Run, step: Step, intent: Intent) -> Result:
    """Record a key with a lost secret; its replacement is planned, and then it dies."""
    live = _live(run, intent.provider, intent.key_id)
    if live is None:
        return failed(step, "its key is not there any more")
    version = Version(
        number=intent.number,
        provider=intent.provider,
        key_id=live.id,
        op=intent.op,
        stage=Stage.RETIRING,
        target=intent.target,
        fingerprint=intent.fingerprint,
        created_at=live.created_at or intent.started_at,
        condemned=True,
    )
    await run.world.spool.drop(intent.op)
    await run.close(intent, with_version(run.rows[intent.address], version))
    return done(step, f"v{version.number} is replaced: its secret was lost")


async def _give_up(run: Run, step: Step, intent: Intent) -> Result:
    """Close a create that left nothing, and watch for its late landing.

    One that was answered cannot land any more; where keys carry no mark, none is watched for.
    """
    if intent.key_id is not None:
        await run.note_dead(intent.provider, intent.key_id)
    markless = run.world.able[intent.provider].marker is Marker.NONE
    listed = {key_id for name, key_id in run.live if name == intent.provider}
    retired = RetiredOp(
        op=intent.op,
        provider=intent.provider,
        address=intent.address,
        retired_at=run.world.clock.now(),
        seen=tuple(sorted({*intent.seen, *listed})) if markless else (),
    )
    watched = intent.key_id is None or not markless
    await run.world.spool.drop(intent.op)
    await run.world.backend.close_intent(intent, *((retired,) if watched else ()))
    del run.intents[intent.op]
    return done(step, "the interrupted create had left no key behind")


async def _sweep(run: Run, step: Step) -> Result:
    """Delete a key that landed after its create had been given up."""
    if complaint := await _delete(run, step):
        return failed(step, complaint)
    retired = run.retired.pop(step.op, None) if step.op else None
    if retired is not None:
        await run.world.backend.drop_row(retired)
    return done(step, f"key {step.key_id} deleted: nobody had its secret")


async def _delete(run: Run, step: Step) -> str | None:
    key_id = step.key_id or KeyId("")
    await run.note_dead(step.provider, key_id)
    outcome = await run.driver(step.provider).delete(key_id)
    if not isinstance(outcome, Done):
        return f"key {key_id} was not deleted: {outcome.reason}"
    return await prove_gone(run, step.provider, key_id)


def _live(run: Run, provider: str, key_id: KeyId | None) -> LiveKey | None:
    return run.live.get((provider, key_id)) if key_id else None


def _held(intent: Intent) -> StoredVersion | None:
    if intent.key_id is None or intent.fingerprint is None:
        return None
    return StoredVersion(op=intent.op, key_id=intent.key_id, fingerprint=intent.fingerprint)
