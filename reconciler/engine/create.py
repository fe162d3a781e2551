"""The create protocol, and the one path that a secret takes: API → spool → store.

Every durable line is on disk before the next effect begins (design, section 7). Whatever stops a
run in here leaves an open intent, which `resume` ends.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.desired import DesiredKey
from reconciler.core.diff import wanted
from reconciler.core.keys import ENABLED, After, Attributes
from reconciler.core.observed import Head, LiveKey
from reconciler.core.ownership import mark_name, mark_of
from reconciler.core.recorded import Intent, IntentKind, KeyRow
from reconciler.core.secret import Secret, fingerprint
from reconciler.core.steps import Result, Step
from reconciler.engine.deliver import ROOM, deliver
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


async def create(run: Run, step: Step) -> Result:
    """Make a new version of a key and bring its secret into the store."""
    key = run.keys[step.address]
    try:
        head = await _preflight(run, key)
    except StoreError as error:
        return refused(step, f"no key was made, since its secret could not be stored: {error}")
    if complaint := await _predecessor_lives(run, step):
        return refused(step, complaint)
    row = await run.save(_row_of(run, key))
    intent = await _announce(run, step, key, row)
    minted = await uninterrupted(_mint(run, key, intent))
    match minted:
        case Done(Minted(intent, secret, live)):
            return await deliver(run, step, intent, secret, live, head)
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


async def _predecessor_lives(run: Run, step: Step) -> str | None:
    """Say so when a version that the API calls gone is still accepted."""
    row = run.rows.get(step.address)
    version = row.current if row else None
    if row is None or version is None:
        return None
    secret = await run.stored_secret(row, version)
    complaint = await prove_rejected(run, step, secret)
    return f"v{version.number} is said to be gone, but {complaint}" if complaint else None


async def _preflight(run: Run, key: DesiredKey) -> Head:
    store = run.store(key.target.store)
    return await store.preflight(key.target, run.slot_owner(key.address), ROOM)


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
        outcome = await run.driver(intent.provider).delete(live.id)
        fate = "it was deleted" if isinstance(outcome, Done) else "it is not deleted yet"
        return Unknown(f"its secret could not be laid down safely, and {fate}: {error}")
    intent = await run.write(
        replace(intent, key_id=live.id, fingerprint=fingerprint(secret, run.meta.salt))
    )
    return Done(Minted(intent, secret, live))
