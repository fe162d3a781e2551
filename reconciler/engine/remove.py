"""Taking a version away for good: off, deleted, confirmed dead, and only then forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from reconciler.core.keys import Stage
from reconciler.core.recorded import Intent, IntentKind, KeyRow, Version
from reconciler.core.steps import Action, Outcome, Result, Step
from reconciler.core.tenant import settled
from reconciler.engine.parking import Parked
from reconciler.engine.prove import is_off, prove_dead, prove_rejected
from reconciler.engine.provide import forget_provided
from reconciler.engine.transaction import Run, done, failed, with_version
from reconciler.interfaces.driver import Done


async def delete(run: Run, step: Step) -> Result | None:
    """Delete the version that a step names; None when its end waits for a deploy."""
    row = run.rows[step.address]
    version = next((v for v in row.living if v.key_id == step.key_id), None)
    if version is None:
        return done(step, "already gone")
    intent = await run.open(step, IntentKind.DELETE, version)
    if complaint := await _take_away(run, version):
        return failed(step, complaint)
    return await end_removal(run, step, intent, version)


async def forget(run: Run, step: Step) -> Result:
    """Remove the record and the stored secret of a key that is gone, and is really rejected."""
    if step.address in run.provided:
        return await forget_provided(run, step)
    row = run.rows[step.address]
    for version in row.living:
        secret = await run.stored_secret(version)
        if complaint := await prove_rejected(run, step, version.provider, secret):
            return failed(step, f"v{version.number} is said to be gone, but {complaint}")
    for target in sorted({row.target, *(version.target for version in row.living)}):
        await run.keep_stored(row.address, target, ())
    await run.world.backend.drop_row(row)
    del run.rows[row.address]
    return done(step, "its record and stored secret were removed")


async def _take_away(run: Run, version: Version) -> str | None:
    """Switch one version off and delete it; give what went wrong, None when nothing did."""
    driver = run.driver(version.provider)
    if run.world.able[version.provider].can_disable and version.stage is not Stage.DISABLED:
        outcome = await driver.disable(version.key_id)
        if not isinstance(outcome, Done) and not await is_off(
            run, version.provider, version.key_id
        ):
            return f"v{version.number} was not switched off: {outcome.reason}"
    outcome = await driver.delete(version.key_id)
    if not isinstance(outcome, Done):
        return f"v{version.number} was not deleted: {outcome.reason}"
    return None


async def end_removal(
    run: Run,
    step: Step,
    intent: Intent,
    version: Version,
    buried: Callable[[], Awaitable[None]] | None = None,
) -> Result | None:
    """Bury a version that is deleted; None when containers still accept it, until a deploy.

    `buried` is called once it is confirmed dead.
    """

    async def end() -> Result:
        result = await _bury(run, step, intent, version)
        if buried is not None and result.outcome is Outcome.DONE:
            await buried()
        return result

    if not await _still_accepted(run, version):
        return await end()

    async def go_on() -> Result:
        if await _still_accepted(run, version):
            return await give_up(None, "")
        return await end()

    async def give_up(outcome: Outcome | None, why: str) -> Result:
        where = ", ".join(run.holders(version.provider, version.key_id)) or "some project"
        sentence = f"v{version.number} deleted ({version.key_id}), and works on in {where}"
        if outcome is None:
            return done(step, f"{sentence} until a deploy, which the manifest leaves to others")
        return Result(step, outcome, f"{sentence}: {why}; the next run goes on")

    run.parked.append(
        Parked(
            step=step,
            key_id=version.key_id,
            until=Action.REDEPLOY,
            go_on=go_on,
            give_up=give_up,
        )
    )
    return None


async def _still_accepted(run: Run, version: Version) -> bool:
    """Whether some container holds a key, or one that is being built may: asked anew if need be."""
    tenant = run.tenants.get(version.provider)
    if tenant is None or not tenant.able.on_deploy:
        return False
    for seen in tenant.view.deployments:
        if version.key_id in seen.key_ids or not settled(seen):
            return True
        answer = await run.driver(version.provider).deployment(seen.project)
        if not isinstance(answer, Done):
            return True
        run.saw(version.provider, answer.value)
        if version.key_id in answer.value.key_ids or not settled(answer.value):
            return True
    return False


async def _bury(run: Run, step: Step, intent: Intent, version: Version) -> Result:
    if complaint := await bury(run, step, intent, version):
        return failed(step, complaint)
    await drop_empty(run, run.rows[step.address])
    return done(step, f"v{version.number} deleted ({version.key_id}), confirmed gone")


async def bury(run: Run, step: Step, intent: Intent, version: Version) -> str | None:
    """Confirm that a deleted version is dead, and only then retire its secret and its record.

    The stored secret is kept until then: it is what the proof of death is made with.
    """
    row = run.rows[step.address]
    secret = await run.stored_secret(version)
    if complaint := await prove_dead(run, step, version, secret):
        return complaint
    others = tuple(v for v in row.living if v.number != version.number)
    await run.keep_stored(row.address, version.target, others)
    await run.close(intent, with_version(row, replace(version, stage=Stage.GONE)))
    run.live.pop((version.provider, version.key_id), None)
    return None


async def drop_empty(run: Run, row: KeyRow) -> None:
    """Forget a key of which nothing lives and which nobody declares."""
    if not row.living and row.address not in run.keys:
        await run.world.backend.drop_row(row)
        del run.rows[row.address]
