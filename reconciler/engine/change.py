"""Changing a living key in place: its fields, and whether it is on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from reconciler.core.diff import differ, remember
from reconciler.core.keys import EXPIRES_AT, After, Attributes, KeyId, Stage
from reconciler.core.observed import LiveKey, LiveStatus
from reconciler.core.recorded import Intent, IntentKind, KeyRow, Version
from reconciler.core.steps import Result, Step
from reconciler.engine.prove import is_off, is_provable, prove, prove_rejected
from reconciler.engine.transaction import Run, done, failed, refused, unknown, with_version
from reconciler.interfaces.driver import Done, Outcome, Probe, Refused, Unknown


async def update(run: Run, step: Step) -> Result:
    """Set the fields that differ, and check in the answer that they took."""
    row, version = _subject(run, step)
    aim = Attributes.of({d.field: d.after for d in step.differences})
    intent = await run.open(step, IntentKind.UPDATE, row)
    match await run.driver(step.provider).update(version.key_id, aim):
        case Done(live):
            changed = _changed(run, step, version, aim, live)
            await run.close(intent, with_version(row, changed))
            able = run.world.able[step.provider]
            ignored = differ(aim, live, changed, able) if live else ()
            if ignored:
                fields = ", ".join(d.field for d in ignored)
                return failed(step, f"the API accepted the change but shows other values: {fields}")
            return done(step, f"v{version.number}: {', '.join(d.field for d in step.differences)}")
        case Refused() | Unknown() as other:
            return await _not_done(run, step, intent, other)


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
    """Switch a key on, and see that it is accepted."""
    row, version = _subject(run, step)
    on = replace(version, stage=Stage.CURRENT, delete_at=None, disabled_at=None)
    after = replace(with_version(row, on), disabled_by_us=False)
    work = run.driver(step.provider).enable
    return await _switch(run, step, (row, after), IntentKind.ENABLE, work, Probe.ACCEPTED)


async def disable(run: Run, step: Step) -> Result:
    """Switch a key off because the manifest says so, and see that it is rejected."""
    row, _ = _subject(run, step)
    after = replace(row, disabled_by_us=True)
    work = run.driver(step.provider).disable
    return await _switch(run, step, (row, after), IntentKind.DISABLE, work, Probe.REJECTED)


async def retire(run: Run, step: Step) -> Result:
    """Switch off a key that left the manifest, and set the day on which it is deleted."""
    row, version = _subject(run, step)
    now = run.world.clock.now()
    off = replace(version, stage=Stage.DISABLED, disabled_at=now, delete_at=now + row.delete_after)
    after = with_version(row, off)

    async def work(key_id: KeyId) -> Outcome[None]:
        outcome = await run.driver(step.provider).disable(key_id)
        refused_as_off = isinstance(outcome, Refused) and await is_off(run, step.provider, key_id)
        return Done(None) if refused_as_off else outcome

    return await _switch(run, step, (row, after), IntentKind.RETIRE, work, Probe.REJECTED)


async def verify(run: Run, step: Step) -> Result:
    """Try a version out whose proof is outstanding: accepted where it is on, else rejected."""
    row, version = _subject(run, step)
    live = run.live.get((version.provider, version.key_id))
    on = live is not None and live.status is LiveStatus.ACTIVE
    expect = Probe.ACCEPTED if on else Probe.REJECTED
    secret = await run.stored_secret(row, version)
    if secret is None:
        return failed(step, "its stored secret cannot be read from here")
    answer = await prove(run, step, secret, expect)
    if answer is not expect:
        return failed(step, f"v{version.number} should be {expect}, and is {answer}")
    proven = replace(version, verified_at=run.world.clock.now())
    await run.save(with_version(row, proven))
    return done(step, f"v{version.number} is {expect}, as it should be")


async def _switch(
    run: Run,
    step: Step,
    rows: tuple[KeyRow, KeyRow],
    kind: IntentKind,
    work: Callable[[KeyId], Awaitable[Outcome[None]]],
    expect: Probe,
) -> Result:
    row, after = rows
    _, version = _subject(run, step)
    intent = await run.open(step, kind, row)
    match await work(version.key_id):
        case Done():
            complaint = await _complaint(run, step, row, version, expect)
            await run.close(intent, _unproven(after, version) if complaint else after)
            state = "on" if expect is Probe.ACCEPTED else "off"
            sentence = f"v{version.number} switched {state}"
            return (
                failed(step, f"{sentence}, but {complaint}") if complaint else done(step, sentence)
            )
        case Refused() | Unknown() as other:
            return await _not_done(run, step, intent, other)


def _unproven(row: KeyRow, version: Version) -> KeyRow:
    """Give a row that says that a version's proof is outstanding."""
    found = next(v for v in row.versions if v.number == version.number)
    return with_version(row, replace(found, verified_at=None))


async def _complaint(
    run: Run, step: Step, row: KeyRow, version: Version, expect: Probe
) -> str | None:
    secret = await run.stored_secret(row, version)
    if expect is Probe.REJECTED:
        return await prove_rejected(run, step, secret)
    if secret is None or not is_provable(run, step.provider):
        return None
    answer = await prove(run, step, secret, expect)
    return None if answer is expect else f"the key should be accepted, and is {answer}"


async def _not_done(run: Run, step: Step, intent: Intent, outcome: Refused | Unknown) -> Result:
    """A clear no closes the operation; an unclear answer leaves it to the next run."""
    if isinstance(outcome, Refused):
        await run.close(intent)
        return refused(step, f"the API refused: {outcome.reason}")
    return unknown(step, f"{outcome.reason}; the next run looks at it again")


def _subject(run: Run, step: Step) -> tuple[KeyRow, Version]:
    row = run.rows[step.address]
    return row, next(v for v in row.living if v.key_id == step.key_id)
