"""From a minted secret to a current version: stage, read back, try out, promote, record.

Idempotent by operation, so that an interrupted delivery is simply done again. A key whose secret
cannot be kept is revoked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.core.desired import DesiredKey
from reconciler.core.diff import remember
from reconciler.core.keys import ENABLED, EXPIRES_AT, Stage
from reconciler.core.observed import Head, LiveKey, StoredVersion
from reconciler.core.recorded import Intent, Version
from reconciler.core.secret import Secret, fingerprint
from reconciler.core.steps import Result, Step
from reconciler.engine.prove import prove
from reconciler.engine.transaction import Run, done, failed, stored, with_version
from reconciler.errors import StoreConflictError, StoreRefusedError, StoreUnavailableError
from reconciler.interfaces.driver import Done, Probe
from reconciler.interfaces.store import Verification

ROOM = 4096
"""Bytes that a store must have room for, before a key is minted."""


async def deliver(
    run: Run, step: Step, intent: Intent, secret: Secret, live: LiveKey, head: Head
) -> Result:
    """Bring a minted secret into the store, prove the key, and make it the current version.

    Idempotent by operation, so that an interrupted delivery is simply done again.
    """
    version = StoredVersion(
        op=intent.op, key_id=live.id, fingerprint=fingerprint(secret, run.meta.salt)
    )
    if complaint := _granted_too_much(run, intent, live):
        return await compensate(run, step, intent, version, complaint)
    off = _is_off(run.keys.get(intent.address))
    if off and not isinstance(outcome := await run.driver(intent.provider).disable(live.id), Done):
        return failed(step, f"created, but not switched off: {outcome.reason}; retried next time")
    try:
        complaint = await _place(run, step, intent, secret, version, head, off=off)
    except (StoreRefusedError, StoreConflictError) as error:
        return await compensate(run, step, intent, version, str(error))
    except StoreUnavailableError as error:
        if run.world.spool.lasting:
            return failed(step, f"{error} Its secret waits in the spool for the next run")
        return await compensate(run, step, intent, version, str(error))
    match complaint:
        case None:
            proven = run.world.able[intent.provider].can_verify
            return await record(run, step, intent, version, live, proven=proven)
        case Probe.UNKNOWN:
            return failed(step, "the new key could not be tried out; the next run tries again")
        case sentence:
            return await compensate(run, step, intent, version, sentence)


async def _place(
    run: Run,
    step: Step,
    intent: Intent,
    secret: Secret,
    version: StoredVersion,
    head: Head,
    *,
    off: bool,
) -> str | None:
    """Stage, read back, try out, promote; give a complaint instead of promoting a bad key.

    Where staging is visible, writing is publishing, so the key is tried out before it.
    """
    store = run.store(intent.target.store)
    hidden = store.abilities.hidden_staging
    if not hidden and (complaint := await _try_out(run, step, secret, off=off)):
        return complaint
    owner = run.slot_owner(intent.address)
    await store.stage(intent.target, secret, version, owner, head)
    if await store.verify(intent.target, version) is Verification.MISMATCH:
        return "the store gives back something else than was written"
    if hidden and (complaint := await _try_out(run, step, secret, off=off)):
        return complaint
    await store.promote(intent.target, version)
    return None


async def _try_out(run: Run, step: Step, secret: Secret, *, off: bool) -> str | None:
    if not run.world.able[step.provider].can_verify:
        return None
    expect = Probe.REJECTED if off else Probe.ACCEPTED
    answer = await prove(run, step, secret, expect)
    if answer is expect:
        return None
    return (
        Probe.UNKNOWN if answer is Probe.UNKNOWN else f"the new key should be {expect}, and is not"
    )


async def compensate(
    run: Run, step: Step, intent: Intent, version: StoredVersion, why: str
) -> Result:
    """Revoke a new key whose secret cannot be kept; the version before it stays current.

    Never one that an interrupted run had published already: consumers read it.
    """
    if await _is_published(run, intent):
        return failed(step, f"{why} Consumers read it already, so it stays; tried again next time")
    outcome = await run.driver(intent.provider).delete(version.key_id)
    if not isinstance(outcome, Done):
        return failed(step, f"{why} The new key could not be revoked yet: {outcome.reason}")
    row = run.rows[intent.address]
    kept = tuple(held for v in row.living if (held := stored(v)) is not None)
    await run.store(intent.target.store).retire(intent.target, run.slot_owner(intent.address), kept)
    await run.world.spool.drop(intent.op)
    await run.close(intent)
    return failed(step, f"{why} The new key was revoked again")


async def _is_published(run: Run, intent: Intent) -> bool:
    view = await run.store(intent.target.store).heads((intent.target,))
    return any(head.current is not None and head.current.op == intent.op for head in view.heads)


async def record(
    run: Run, step: Step, intent: Intent, held: StoredVersion, live: LiveKey, *, proven: bool
) -> Result:
    """Make the version current, durably; only then may the spool forget its secret.

    What was applied is what the live key shows: a create that was resumed may be older than the
    manifest.
    """
    key, row = run.keys.get(intent.address), run.rows[intent.address]
    expires = live.attributes.get(EXPIRES_AT)
    version = Version(
        number=intent.number,
        provider=intent.provider,
        key_id=live.id,
        op=intent.op,
        stage=Stage.CURRENT,
        fingerprint=held.fingerprint,
        created_at=live.created_at or intent.started_at,
        lifetime=intent.lifetime,
        expires_at=expires if isinstance(expires, datetime) else None,
        verified_at=run.world.clock.now() if proven else None,
        applied=remember(live.attributes),
    )
    condemned = tuple(v for v in row.living if v.condemned)
    row = replace(row, versions=condemned, disabled_by_us=_is_off(key))
    await run.close(intent, with_version(row, version))
    owner = run.slot_owner(intent.address)
    await run.store(intent.target.store).retire(intent.target, owner, (held,))
    await run.world.spool.drop(intent.op)
    return done(step, f"v{version.number} created ({live.id}), secret in {intent.target}")


def _granted_too_much(run: Run, intent: Intent, live: LiveKey) -> str | None:
    """Say so when the API gave a key a longer life than was asked for, or an endless one."""
    if intent.lifetime is None:
        return None
    granted = live.attributes.get(EXPIRES_AT)
    latest = intent.started_at + intent.lifetime + run.world.able[intent.provider].expiry_step
    if isinstance(granted, datetime) and granted <= latest:
        return None
    until = f"{granted:%Y-%m-%d %H:%M} UTC" if isinstance(granted, datetime) else "never"
    return f"the API let it expire {until}, which is later than asked."


def _is_off(key: DesiredKey | None) -> bool:
    return key is not None and key.attributes.get(ENABLED) is False
