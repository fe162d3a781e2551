"""From a minted secret to a current version: stage, read back, try out, promote, record.

Idempotent by operation, so that an interrupted delivery is simply done again. A key whose secret
cannot be kept is revoked. Where a key counts only from a deploy on, delivery stops before the first
moment at which somebody could read the secret, and goes on after the deploy.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from reconciler.core.desired import DesiredKey
from reconciler.core.diff import remember
from reconciler.core.keys import ENABLED, EXPIRES_AT, Stage
from reconciler.core.observed import Head, LiveKey, StoredVersion
from reconciler.core.recorded import Intent, Version
from reconciler.core.secret import Secret, fingerprint
from reconciler.core.steps import Action, Outcome, Result, Step
from reconciler.core.tenant import Effect
from reconciler.engine.incidents import open_incident
from reconciler.engine.parking import Parked
from reconciler.engine.prove import is_provable
from reconciler.engine.succession import announces, succeeded
from reconciler.engine.transaction import Run, done, failed, stored, with_version
from reconciler.engine.verify import NOT_TRIED, Tried, try_out
from reconciler.errors import StoreConflictError, StoreRefusedError, StoreUnavailableError
from reconciler.interfaces.driver import Done, Probe
from reconciler.interfaces.store import Verification

T = TypeVar("T")

ROOM = 4096
"""Bytes that a store must have room for, before a key is minted."""


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """One minted secret on its way, and all that it is brought with.

    `staged`: this run has written it into the store already, where consumers do not see it.
    """

    run: Run
    step: Step
    intent: Intent
    secret: Secret
    live: LiveKey
    head: Head
    staged: bool = False

    @property
    def version(self) -> StoredVersion:
        """What the store's mark beside the secret reads."""
        mark = fingerprint(self.secret, self.run.meta.salt)
        return StoredVersion(op=self.intent.op, key_id=self.live.id, fingerprint=mark)

    @property
    def hidden(self) -> bool:
        """Whether the store keeps a staged secret from consumers."""
        return self.run.store(self.intent.target.store).abilities.hidden_staging

    @property
    def off(self) -> bool:
        """Whether the key itself is declared as switched off."""
        return _is_off(self.run.keys.get(self.intent.address))


async def deliver(delivery: Delivery) -> Result | None:
    """Bring a minted secret into the store, prove the key, and make it the current version.

    None when it waits for a deploy. Idempotent by operation, so that an interrupted delivery is
    simply done again.
    """
    run, step, intent, live = delivery.run, delivery.step, delivery.intent, delivery.live
    if complaint := _granted_too_much(run, intent, live):
        return await _compensate(delivery, complaint)
    if delivery.off:
        outcome = await run.driver(intent.provider).disable(live.id)
        if not isinstance(outcome, Done):
            sentence = f"created, but not switched off: {outcome.reason}; retried next time"
            return failed(step, sentence)
    if run.effect(intent.provider, live.id) is Effect.NOW:
        return await _kept_or_revoked(delivery, _publish)
    if delivery.hidden and (trouble := await _kept_or_revoked(delivery, _stage)) is not None:
        return trouble
    _park(replace(delivery, staged=delivery.hidden))
    return None


def _park(delivery: Delivery) -> None:
    """Leave the rest until the key counts; the secret is staged, or spooled, or in memory alone."""

    async def go_on() -> Result:
        return await _kept_or_revoked(delivery, _publish)

    async def revoke(why: str) -> Result:
        return await _compensate(delivery, f"{why}, and its secret could wait nowhere.")

    keeps = delivery.hidden or delivery.run.world.spool.lasting
    park_create(delivery.run, delivery.step, delivery.live, go_on, None if keeps else revoke)


def park_create(
    run: Run,
    step: Step,
    live: LiveKey,
    go_on: Callable[[], Awaitable[Result]],
    revoke: Callable[[str], Awaitable[Result]] | None = None,
) -> None:
    """Leave a create until its key counts; `revoke` is what to do where its secret cannot wait."""

    async def give_up(outcome: Outcome | None, why: str) -> Result:
        if revoke is not None:
            return await revoke(why)
        if outcome is None:
            return done(step, f"v{step.number} created ({live.id}), not published yet: {why}")
        sentence = f"created ({live.id}), not effective yet: {why}; the next run goes on"
        return Result(step, outcome, sentence)

    run.parked.append(
        Parked(step=step, key_id=live.id, until=Action.DEPLOY, go_on=go_on, give_up=give_up)
    )


async def _kept_or_revoked(
    delivery: Delivery, work: Callable[[Delivery], Awaitable[T]]
) -> T | Result:
    """Do something with the store; a secret that it does not take may cost the key its life."""
    try:
        return await work(delivery)
    except (StoreRefusedError, StoreConflictError) as error:
        return await _compensate(delivery, str(error))
    except StoreUnavailableError as error:
        if delivery.run.world.spool.lasting:
            return failed(delivery.step, f"{error} Its secret waits in the spool for the next run")
        return await _compensate(delivery, str(error))


async def _stage(delivery: Delivery) -> Result | None:
    """Write the secret into the store; give what stands against it, None for nothing."""
    if delivery.staged:
        return None
    run, target = delivery.run, delivery.intent.target
    store, owner = run.store(target.store), run.slot_owner(delivery.intent.address)
    await store.stage(target, delivery.secret, delivery.version, owner, delivery.head)
    if await store.verify(target, delivery.version) is Verification.MISMATCH:
        complaint = "the store gives back something else than was written"
        return await _compensate(delivery, complaint)
    return None


async def _publish(delivery: Delivery) -> Result:
    """Stage, try out and promote, never publishing a bad key, and record the new version.

    Where staging is visible, writing is publishing, so the key is tried out before it.
    """
    run, intent = delivery.run, delivery.intent
    if delivery.hidden and (trouble := await _stage(delivery)) is not None:
        return trouble
    tried = await _try_out(delivery)
    if isinstance(tried, Result):
        return tried
    if trouble := await _revoked_meanwhile(delivery):
        return trouble
    if not delivery.hidden and (trouble := await _stage(delivery)) is not None:
        return trouble
    await run.store(intent.target.store).promote(intent.target, delivery.version)
    result = await record(run, delivery.step, intent, delivery.version, delivery.live, tried)
    if tried.proofs or not run.world.able[intent.provider].can_verify:
        return result
    outstanding = "verification outstanding, since all keys are switched off"
    return replace(result, sentence=f"{result.sentence}; {outstanding}")


async def _try_out(delivery: Delivery) -> Result | Tried:
    """See that the new key is accepted, or rejected where it is off; else give what is wrong."""
    run, step, provider = delivery.run, delivery.step, delivery.intent.provider
    if not is_provable(run, provider):
        return NOT_TRIED
    expect = Probe.REJECTED if delivery.off else Probe.ACCEPTED
    tried = await try_out(run, step, provider, delivery.secret, expect)
    if tried.complaint is None:
        return tried
    if tried.unclear:
        return failed(step, "the new key could not be tried out; the next run tries again")
    where_used = tried.refused and run.world.able[provider].on_deploy
    if where_used and _waits_somewhere(delivery):
        return failed(
            step,
            f"every project holds the new key, and where keys are used {tried.complaint}: check "
            "`key_url`, and whether all keys were switched off; the next run tries again",
        )
    return await _compensate(delivery, f"Of the new key: {tried.complaint}.")


async def _revoked_meanwhile(delivery: Delivery) -> Result | None:
    """Take a new key back that a person revoked before anybody was given it."""
    return await take_back_if_revoked(
        delivery.run, delivery.step, delivery.intent, delivery.version
    )


async def take_back_if_revoked(
    run: Run, step: Step, intent: Intent, version: StoredVersion
) -> Result | None:
    """Delete a version that is in an open incident, published or not; None where it is in none."""
    if await open_incident(run, intent.provider, version.key_id) is None:
        return None
    why = "it was revoked in an incident before it came into use."
    return await _take_back(run, step, intent, version, why)


def _waits_somewhere(delivery: Delivery) -> bool:
    """Whether the secret outlives this process without being published."""
    return delivery.hidden or delivery.run.world.spool.lasting


async def _compensate(delivery: Delivery, why: str) -> Result:
    return await compensate(delivery.run, delivery.step, delivery.intent, delivery.version, why)


async def compensate(
    run: Run, step: Step, intent: Intent, version: StoredVersion, why: str
) -> Result:
    """Revoke a new key whose secret cannot be kept; the version before it stays current.

    Never one that an interrupted run had published already: consumers read it.
    """
    if await _is_published(run, intent):
        return failed(step, f"{why} Consumers read it already, so it stays; tried again next time")
    return await _take_back(run, step, intent, version, why)


async def _take_back(
    run: Run, step: Step, intent: Intent, version: StoredVersion, why: str
) -> Result:
    await run.note_dead(intent.provider, version.key_id)
    outcome = await run.driver(intent.provider).delete(version.key_id)
    if not isinstance(outcome, Done):
        return failed(step, f"{why} The new key could not be revoked yet: {outcome.reason}")
    await point_back(run, intent)
    await drop_staged(run, intent)
    await run.world.spool.drop(intent.op)
    await run.close(intent)
    return failed(step, f"{why} The new key was revoked again")


async def point_back(run: Run, intent: Intent) -> None:
    """Let consumers read the current version again, where an operation may have changed that."""
    current = run.rows[intent.address].current
    held = stored(current) if current else None
    if current is None or held is None or current.target != intent.target:
        return
    store = run.store(current.target.store)
    view = await store.heads((current.target,))
    if any(head.current != held and head.carries(held.op) for head in view.heads):
        await store.promote(current.target, held)


async def drop_staged(run: Run, intent: Intent) -> None:
    """Remove from its slot what a create that came to nothing had written there."""
    living = run.rows[intent.address].living
    await run.keep_stored(intent.address, intent.target, living, intent)


async def _is_published(run: Run, intent: Intent) -> bool:
    view = await run.store(intent.target.store).heads((intent.target,))
    return any(head.current is not None and head.current.op == intent.op for head in view.heads)


async def record(
    run: Run, step: Step, intent: Intent, held: StoredVersion, live: LiveKey, tried: Tried
) -> Result:
    """Make the version current, durably; only then may the spool forget its secret.

    The row says from now on where this version is. The one before it works on beside it.
    """
    version = _version(run, intent, held, live, tried)
    row = run.rows[intent.address]
    row = replace(
        row,
        provider=intent.provider,
        dialect=run.world.able[intent.provider].dialect,
        target=intent.target,
        versions=await succeeded(run, row, intent.overlap),
        disabled_by_us=_is_off(run.keys.get(intent.address)),
    )
    row = with_version(row, version)
    await run.close(intent, row)
    await run.keep_stored(intent.address, intent.target, row.living)
    await run.world.spool.drop(intent.op)
    return done(step, f"v{version.number} created ({live.id}), secret in {intent.target}")


def _version(run: Run, intent: Intent, held: StoredVersion, live: LiveKey, tried: Tried) -> Version:
    """Word a new version for the record.

    What was applied is what the live key shows, and what was sent of fields that no answer tells: a
    create that was resumed may be older than the manifest.
    """
    now = run.world.clock.now()
    return Version(
        number=intent.number,
        provider=intent.provider,
        key_id=live.id,
        op=intent.op,
        stage=Stage.CURRENT,
        target=intent.target,
        fingerprint=held.fingerprint,
        created_at=live.created_at or intent.started_at,
        lifetime=intent.lifetime,
        expires_at=_granted(run, intent, live),
        verified_at=now if tried.proofs else None,
        applied=tuple(sorted({**dict(intent.sent), **dict(remember(live.attributes))}.items())),
        promoted_at=now,
        announced_at=None if announces(run, intent.address) else now,
        proofs=tried.proofs,
    )


def _granted(run: Run, intent: Intent, live: LiveKey) -> datetime | None:
    """When a new key expires: as the API tells, or as it was asked where it never tells."""
    told = live.attributes.get(EXPIRES_AT)
    if isinstance(told, datetime):
        return told
    untold = EXPIRES_AT in run.world.able[intent.provider].write_only
    return intent.started_at + intent.lifetime if untold and intent.lifetime else None


def _granted_too_much(run: Run, intent: Intent, live: LiveKey) -> str | None:
    """Say so when the API gave a key a longer life than was asked for, or an endless one."""
    able = run.world.able[intent.provider]
    if intent.lifetime is None or EXPIRES_AT in able.write_only:
        return None
    granted = live.attributes.get(EXPIRES_AT)
    latest = intent.started_at + intent.lifetime + able.expiry_step
    if isinstance(granted, datetime) and granted <= latest:
        return None
    until = f"{granted:%Y-%m-%d %H:%M} UTC" if isinstance(granted, datetime) else "never"
    return f"the API let it expire {until}, which is later than asked."


def _is_off(key: DesiredKey | None) -> bool:
    return key is not None and key.attributes.get(ENABLED) is False
