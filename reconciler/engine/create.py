"""The create protocol, and the one path that a secret takes: API → spool → store.

Every durable line is on disk before the next effect begins (design, section 7). Whatever stops a
run in here leaves an open intent, which `resume` ends.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.desired import DesiredKey
from reconciler.core.diff import remember, wanted
from reconciler.core.keys import ENABLED, EXPIRES_AT, After, Attributes, Stage
from reconciler.core.observed import Head, LiveKey, StoredVersion
from reconciler.core.ownership import mark_name, mark_of
from reconciler.core.recorded import Intent, IntentKind, KeyRow, Version
from reconciler.core.secret import Secret, fingerprint
from reconciler.core.steps import Result, Step
from reconciler.engine.prove import prove
from reconciler.engine.remove import remove_version
from reconciler.engine.transaction import (
    Run,
    done,
    failed,
    refused,
    stored,
    uninterrupted,
    unknown,
    with_version,
)
from reconciler.errors import (
    SpoolError,
    StoreConflictError,
    StoreError,
    StoreRefusedError,
    StoreUnavailableError,
)
from reconciler.interfaces.driver import Created, Done, Probe, Refused, Unknown
from reconciler.interfaces.store import Verification

_LARGEST_SECRET = 4096
"""Bytes that a store must have room for, before a key is minted."""


async def create(run: Run, step: Step) -> Result:
    """Make a new version of a key and bring its secret into the store."""
    key = run.keys[step.address]
    try:
        head = await _preflight(run, key)
    except StoreError as error:
        return refused(step, f"no key was made, since its secret could not be stored: {error}")
    row = await run.save(_row_of(run, key))
    intent = await _announce(run, step, key, row)
    minted = await uninterrupted(_mint(run, key, intent))
    match minted:
        case Done(Minted(intent, secret, live)):
            result = await deliver(run, step, intent, secret, live, head)
            return await _bury_condemned(run, step, result)
        case Refused(reason):
            await run.close(intent)
            return refused(step, f"the API refused to create it: {reason}")
        case Unknown(reason):
            return unknown(step, f"{reason}; the next run finds out and finishes or undoes it")


class Minted:
    """A key that lives, whose id is durable, and whose secret is in our hands."""

    __match_args__ = ("intent", "secret", "live")

    def __init__(self, intent: Intent, secret: Secret, live: LiveKey) -> None:
        self.intent = intent
        self.secret = secret
        self.live = live


async def _preflight(run: Run, key: DesiredKey) -> Head:
    store = run.store(key.target.store)
    return await store.preflight(key.target, run.slot_owner(key.address), _LARGEST_SECRET)


def _row_of(run: Run, key: DesiredKey) -> KeyRow:
    """Give the key's row with a fresh copy of what it needs once the manifest drops it."""
    row = run.rows.get(key.address)
    fresh = KeyRow(
        address=key.address,
        provider=key.provider,
        dialect=run.world.able[key.provider].dialect,
        target=key.target,
        delete_after=key.delete_after,
        owner=key.owner,
        protect=key.protect,
    )
    if row is None:
        return fresh
    return replace(fresh, versions=row.versions, rev=row.rev)


async def _announce(run: Run, step: Step, key: DesiredKey, row: KeyRow) -> Intent:
    """Record the operation before its effect: from here on a crash is recovered."""
    able = run.world.able[key.provider]
    op = run.world.ids.new_op()
    template = next(p.name_template for p in run.world.desired.providers if p.name == key.provider)
    mark = mark_of(run.meta.stack, op)
    return await run.write(
        Intent(
            op=op,
            kind=IntentKind.CREATE,
            address=key.address,
            provider=key.provider,
            number=step.number or 1,
            name=mark_name(template, key.name, mark, able.name_limit),
            target=row.target,
            started_at=run.world.clock.now(),
            holder=run.world.holder.host,
            lifetime=key.lifetime.span if isinstance(key.lifetime, After) else None,
        )
    )


async def _mint(run: Run, key: DesiredKey, intent: Intent) -> Done[Minted] | Refused | Unknown:
    """Create at the API and make the id durable. Never retried: a lost answer is Unknown."""
    aim = wanted(key, intent.name, intent.started_at, None)
    fields = {name: value for name, value in aim.pairs if name != ENABLED}
    match await run.driver(intent.provider).create(intent.op, Attributes.of(fields)):
        case Done(Created(live, secret)):
            return await _secure(run, intent, live, secret)
        case Refused() | Unknown() as other:
            return other


async def _secure(
    run: Run, intent: Intent, live: LiveKey, secret: Secret
) -> Done[Minted] | Unknown:
    """Lay the secret down, then make id and fingerprint durable: both before any store write."""
    try:
        await run.world.spool.put(intent.op, live.id, secret)
    except SpoolError as error:
        await run.driver(intent.provider).delete(live.id)
        return Unknown(f"its secret could not be laid down safely, so it was deleted: {error}")
    intent = await run.write(
        replace(intent, key_id=live.id, fingerprint=fingerprint(secret, run.meta.salt))
    )
    return Done(Minted(intent, secret, live))


async def deliver(
    run: Run, step: Step, intent: Intent, secret: Secret, live: LiveKey, head: Head
) -> Result:
    """Bring a minted secret into the store, prove the key, and make it the current version.

    Idempotent by operation, so that an interrupted delivery is simply done again.
    """
    key = run.keys.get(intent.address)
    off = key is not None and key.attributes.get(ENABLED) is False
    version = StoredVersion(
        op=intent.op, key_id=live.id, fingerprint=fingerprint(secret, run.meta.salt)
    )
    if off and not isinstance(outcome := await run.driver(intent.provider).disable(live.id), Done):
        return failed(step, f"created, but not switched off: {outcome.reason}; retried next time")
    try:
        complaint = await _place(run, step, intent, secret, version, head, off=off)
    except (StoreRefusedError, StoreConflictError) as error:
        return await _compensate(run, step, intent, version, str(error))
    except StoreUnavailableError as error:
        if run.world.spool.lasting:
            return failed(step, f"{error} Its secret waits in the spool for the next run")
        return await _compensate(run, step, intent, version, str(error))
    match complaint:
        case None:
            return await _record(run, step, intent, version, live)
        case Probe.UNKNOWN:
            return failed(step, "the new key could not be tried out; the next run tries again")
        case sentence:
            return await _compensate(run, step, intent, version, sentence)


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


async def _compensate(
    run: Run, step: Step, intent: Intent, version: StoredVersion, why: str
) -> Result:
    """Revoke a new key whose secret cannot be kept; the version before it stays current."""
    outcome = await run.driver(intent.provider).delete(version.key_id)
    if not isinstance(outcome, Done):
        return failed(step, f"{why} The new key could not be revoked yet: {outcome.reason}")
    row = run.rows[intent.address]
    kept = tuple(held for v in row.living if (held := stored(v)) is not None)
    await run.store(intent.target.store).retire(intent.target, kept)
    await run.world.spool.drop(intent.op)
    await run.close(intent)
    return failed(step, f"{why} The new key was revoked again")


async def _record(
    run: Run, step: Step, intent: Intent, held: StoredVersion, live: LiveKey
) -> Result:
    """Make the version current, durably; only then may the spool forget its secret."""
    now = run.world.clock.now()
    key, row = run.keys.get(intent.address), run.rows[intent.address]
    expires = live.attributes.get(EXPIRES_AT)
    aim = wanted(key, intent.name, intent.started_at, None) if key else Attributes()
    version = Version(
        number=intent.number,
        provider=intent.provider,
        key_id=live.id,
        op=intent.op,
        stage=Stage.CURRENT,
        fingerprint=held.fingerprint,
        created_at=live.created_at or intent.started_at,
        lifetime=intent.lifetime,
        expires_at=expires if isinstance(expires, type(now)) else None,
        verified_at=now if run.world.able[intent.provider].can_verify else None,
        applied=remember(aim),
    )
    condemned = tuple(v for v in row.living if v.condemned)
    off = aim.get(ENABLED) is False
    row = replace(row, versions=condemned, disabled_by_us=off)
    await run.close(intent, with_version(row, version))
    await run.store(intent.target.store).retire(intent.target, (held,))
    await run.world.spool.drop(intent.op)
    return done(step, f"v{version.number} created ({live.id}), secret in {intent.target}")


async def _bury_condemned(run: Run, step: Step, result: Result) -> Result:
    """Delete versions whose secret was lost, now that their replacement is proven."""
    row = run.rows[step.address]
    if row.current is None or row.current.verified_at is None:
        return result
    for version in row.living:
        if version.condemned and (complaint := await remove_version(run, step, version)):
            return failed(step, f"{result.sentence}; {complaint}")
    return result
