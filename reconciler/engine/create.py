"""The create protocol, and the one path that a secret takes: API → spool → store.

Every durable line is on disk before the next effect begins (design, section 7). Whatever stops a
run in here leaves an open intent, which `resume` ends.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.capabilities import Marker
from reconciler.core.desired import DesiredKey
from reconciler.core.diff import live_name, remember, wanted
from reconciler.core.keys import ENABLED, After, Attributes, KeyId
from reconciler.core.observed import Head, LiveKey
from reconciler.core.ownership import mark_of
from reconciler.core.recorded import Intent, IntentKind, KeyRow
from reconciler.core.secret import Secret, fingerprint
from reconciler.core.steps import Action, Result, Step
from reconciler.core.tenant import Effect
from reconciler.engine.deliver import ROOM, Delivery, deliver
from reconciler.engine.prove import prove_rejected
from reconciler.engine.transaction import (
    Run,
    refused,
    uninterrupted,
    unknown,
)
from reconciler.errors import (
    SpoolError,
    StoreError,
)
from reconciler.interfaces.driver import Created, Done, Refused, Unknown


async def create(run: Run, step: Step) -> Result | None:
    """Make a new version of a key and bring its secret into the store.

    None when it waits for a deploy.
    """
    key = run.keys[step.address]
    if complaint := _nowhere_to_wait(run, key):
        return refused(step, complaint)
    try:
        head = await _preflight(run, key)
    except StoreError as error:
        return refused(step, f"no key was made, since its secret could not be stored: {error}")
    if step.action is Action.CREATE and (complaint := await _predecessor_lives(run, step)):
        return refused(step, complaint)
    await run.save(_row_of(run, key))
    intent = await _announce(run, step, key)
    minted = await uninterrupted(_mint(run, key, intent))
    match minted:
        case Done(Minted(intent, secret, live)):
            return await deliver(Delivery(run, step, intent, secret, live, head))
        case Refused(reason):
            await run.close(intent)
            return refused(step, f"the API refused to create it: {reason}")
        case Unknown(reason):
            if run.world.able[key.provider].marker is Marker.NONE:
                run.unclear.add(key.provider)
            return unknown(step, f"{reason}; the next run finds out and finishes or undoes it")


class Minted:
    """A key that lives, whose id is durable, and whose secret is in our hands."""

    __match_args__ = ("intent", "secret", "live")

    def __init__(self, intent: Intent, secret: Secret, live: LiveKey) -> None:
        self.intent = intent
        self.secret = secret
        self.live = live


def _nowhere_to_wait(run: Run, key: DesiredKey) -> str | None:
    """Say so when a secret could not be kept until somebody else deploys."""
    if run.effect(key.provider, None) is not Effect.THEIR_DEPLOY:
        return None
    hidden = run.store(key.target.store).abilities.hidden_staging
    if hidden or run.world.spool.lasting:
        return None
    return (
        "no key was made: its secret could wait nowhere until somebody deploys, since the store "
        "would publish it and the spool does not last"
    )


async def _predecessor_lives(run: Run, step: Step) -> str | None:
    """Say so when a version that the API calls gone is still accepted, by no container's fault."""
    row = run.rows.get(step.address)
    version = row.current if row else None
    if row is None or version is None or run.holders(version.provider, version.key_id):
        return None
    secret = await run.stored_secret(version)
    complaint = await prove_rejected(run, step, version.provider, secret)
    return f"v{version.number} is said to be gone, but {complaint}" if complaint else None


async def _preflight(run: Run, key: DesiredKey) -> Head:
    store = run.store(key.target.store)
    return await store.preflight(key.target, run.slot_owner(key.address), ROOM)


def _row_of(run: Run, key: DesiredKey) -> KeyRow:
    """Give the key's row with a fresh copy of what it needs once the manifest drops it.

    Where versions live, it goes on saying where those are until the new one has taken over.
    """
    row = run.rows.get(key.address)
    fresh = KeyRow(
        address=key.address,
        provider=key.provider,
        dialect=run.world.able[key.provider].dialect,
        target=key.target,
        delete_after=key.delete_after,
        owner=key.owner,
        environment=key.environment,
        labels=key.labels,
        protect=key.protect,
    )
    if row is None:
        return fresh
    fresh = replace(fresh, versions=row.versions, disabled_by_us=row.disabled_by_us, rev=row.rev)
    if not row.living:
        return fresh
    return replace(fresh, provider=row.provider, dialect=row.dialect, target=row.target)


async def _announce(run: Run, step: Step, key: DesiredKey) -> Intent:
    """Record the operation before its effect: from here on a crash is recovered."""
    able = run.world.able[key.provider]
    op, now = run.world.ids.new_op(), run.world.clock.now()
    template = next(p.name_template for p in run.world.desired.providers if p.name == key.provider)
    name = live_name(key, template, mark_of(run.meta.stack, op), able)
    sent = wanted(key, name, now, None).only(able.write_only)
    return await run.write(
        Intent(
            op=op,
            kind=IntentKind.CREATE,
            address=key.address,
            provider=key.provider,
            number=step.number or 1,
            name=name or "",
            target=key.target,
            started_at=now,
            holder=run.world.holder.host,
            lifetime=key.lifetime.span if isinstance(key.lifetime, After) else None,
            seen=_seen(run, key.provider) if able.marker is Marker.NONE else (),
            sent=remember(sent),
            overlap=step.overlap,
        )
    )


def _seen(run: Run, provider: str) -> tuple[KeyId, ...]:
    """Give the ids that are there before a create, since its key will carry no mark."""
    return tuple(sorted(key_id for name, key_id in run.live if name == provider))


async def _mint(run: Run, key: DesiredKey, intent: Intent) -> Done[Minted] | Refused | Unknown:
    """Create at the API and make the id durable. Never retried: a lost answer is Unknown."""
    aim = wanted(key, intent.name or None, intent.started_at, None)
    fields = {name: value for name, value in aim.pairs if name != ENABLED}
    match await run.driver(intent.provider).create(
        intent.op, Attributes.of(fields), str(mark_of(run.meta.stack, intent.op))
    ):
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
        await run.note_dead(intent.provider, live.id)
        outcome = await run.driver(intent.provider).delete(live.id)
        fate = "it was deleted" if isinstance(outcome, Done) else "it is not deleted yet"
        return Unknown(f"its secret could not be laid down safely, and {fate}: {error}")
    intent = await run.write(
        replace(intent, key_id=live.id, fingerprint=fingerprint(secret, run.meta.salt))
    )
    return Done(Minted(intent, secret, live))
