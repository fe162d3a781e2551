"""Changing a living key in place: its fields, and whether it is on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from reconciler.core.diff import differ, remember
from reconciler.core.keys import EXPIRES_AT, After, Attributes, KeyId, Stage
from reconciler.core.observed import LiveKey
from reconciler.core.recorded import Intent, IntentKind, KeyRow, Version
from reconciler.core.steps import Result, Step
from reconciler.engine.incidents import open_incident
from reconciler.engine.prove import is_off
from reconciler.engine.transaction import Run, done, failed, refused, unknown, with_version
from reconciler.engine.verify import Tried, proven, try_accepted, try_rejected
from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown


async def update(run: Run, step: Step) -> Result:
    """Set the fields that differ, and check in the answer that they took."""
    row, version = run.subject(step)
    aim = Attributes.of({d.field: d.after for d in step.differences})
    intent = await run.open(step, IntentKind.UPDATE, version)
    match await run.driver(version.provider).update(version.key_id, aim):
        case Done(live):
            changed = _changed(run, step, version, aim, live)
            await run.close(intent, with_version(row, changed))
            able = run.world.able[version.provider]
            ignored = differ(aim, live, changed, able) if live else ()
            if ignored:
                fields = ", ".join(d.field for d in ignored)
                return failed(step, f"the API accepted the change but shows other values: {fields}")
            return done(step, f"v{version.number}: {', '.join(d.field for d in step.differences)}")
        case Refused() | Unknown() as other:
            return await not_done(run, step, intent, other)


def _changed(
    run: Run, step: Step, version: Version, aim: Attributes, live: LiveKey | None
) -> Version:
    """Give the version as it now is: what was granted, and what we last applied."""
    applied = {**dict(version.applied), **dict(remember(aim))}
    version = replace(version, applied=tuple(sorted(applied.items())))
    if EXPIRES_AT not in aim:
        return version
    key = run.keys[step.address]
    told = live is not None and EXPIRES_AT in live.attributes
    granted = (live.attributes if live and told else aim).get(EXPIRES_AT)
    return replace(
        version,
        lifetime=key.lifetime.span if isinstance(key.lifetime, After) else None,
        expires_at=granted if isinstance(granted, datetime) else None,
    )


async def enable(run: Run, step: Step) -> Result:
    """Switch a key on, and see that it is accepted; never one that a person revoked."""
    row, version = run.subject(step)
    if await open_incident(run, version.provider, version.key_id):
        return refused(step, f"v{version.number} stays off: it was revoked in an incident")
    on = replace(version, stage=Stage.CURRENT, delete_at=None, disabled_at=None)
    after = replace(with_version(row, on), disabled_by_us=False)

    async def work(key_id: KeyId) -> Outcome[None]:
        outcome = await run.driver(version.provider).enable(key_id)
        if not isinstance(outcome, Done):
            return outcome
        if not await open_incident(run, version.provider, key_id):
            return outcome
        # It was revoked after we had looked: our own switching on must not be what is left.
        back = await run.driver(version.provider).disable(key_id)
        why = f"v{version.number} was revoked in an incident meanwhile"
        return Refused(why) if isinstance(back, Done) else Unknown(f"{why}: {back.reason}")

    return await _switch(run, step, after, IntentKind.ENABLE, work, try_accepted)


async def disable(run: Run, step: Step) -> Result:
    """Switch a key off because the manifest says so, and see that it is rejected."""
    row, version = run.subject(step)
    after = replace(row, disabled_by_us=True)
    work = run.driver(version.provider).disable
    return await _switch(run, step, after, IntentKind.DISABLE, work, try_rejected)


async def retire(run: Run, step: Step) -> Result:
    """Switch off a version that is needed no more, and set the day on which it is deleted."""
    row, version = run.subject(step)
    after = with_version(row, switched_off(run, row, version))

    async def work(key_id: KeyId) -> Outcome[None]:
        return await switch_off_for_good(run, version.provider, key_id)

    return await _switch(run, step, after, IntentKind.RETIRE, work, try_rejected)


def switched_off(run: Run, row: KeyRow, version: Version) -> Version:
    """Give a version as it is from now on: off, and deleted after its time."""
    now = run.world.clock.now()
    return replace(version, stage=Stage.DISABLED, disabled_at=now, delete_at=now + row.delete_after)


async def switch_off_for_good(run: Run, provider: str, key_id: KeyId) -> Outcome[None]:
    """Switch a key off at the API; one that works no more anyway may be refused, and is done."""
    outcome = await run.driver(provider).disable(key_id)
    refused_as_off = isinstance(outcome, Refused) and await is_off(run, provider, key_id)
    return Done(None) if refused_as_off else outcome


async def _switch(
    run: Run,
    step: Step,
    after: KeyRow,
    kind: IntentKind,
    work: Callable[[KeyId], Awaitable[Outcome[None]]],
    trial: Callable[[Run, Step, Version], Awaitable[Tried]],
) -> Result:
    _, version = run.subject(step)
    intent = await run.open(step, kind, version)
    match await work(version.key_id):
        case Done():
            tried = await trial(run, step, version)
            await run.close(intent, with_trial(run, after, version.number, tried))
            sentence = f"v{version.number} switched {'on' if trial is try_accepted else 'off'}"
            if tried.complaint is not None:
                return failed(step, f"{sentence}, but {tried.complaint}")
            return done(step, sentence)
        case Refused() | Unknown() as other:
            return await not_done(run, step, intent, other)


def with_trial(run: Run, row: KeyRow, number: int, tried: Tried) -> KeyRow:
    """Give a row that knows what came of trying one of its versions out."""
    found = next(v for v in row.versions if v.number == number)
    return with_version(row, proven(run, found, tried))


async def not_done(run: Run, step: Step, intent: Intent, outcome: Refused | Unknown) -> Result:
    """A clear no closes the operation; an unclear answer leaves it to the next run."""
    if isinstance(outcome, Refused):
        await run.close(intent)
        return refused(step, f"the API refused: {outcome.reason}")
    return unknown(step, f"{outcome.reason}; the next run looks at it again")
