"""Taking a version away for good: off, deleted, confirmed dead, and only then forgotten."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.keys import Stage
from reconciler.core.recorded import Intent, IntentKind, KeyRow, Version
from reconciler.core.steps import Action, Outcome, Result, Step
from reconciler.core.tenant import settled
from reconciler.engine.parking import Parked
from reconciler.engine.prove import is_off, prove_dead, prove_rejected
from reconciler.engine.provide import forget_provided
from reconciler.engine.transaction import Run, done, failed, stored, with_version
from reconciler.interfaces.driver import Done


async def delete(run: Run, step: Step) -> Result | None:
    """Delete the version that a step names; None when its end waits for a deploy."""
    row = run.rows[step.address]
    version = next((v for v in row.living if v.key_id == step.key_id), None)
    if version is None:
        return done(step, "already gone")
    of_version = replace(step, provider=version.provider, number=version.number)
    intent = await run.open(of_version, IntentKind.DELETE, row)
    if complaint := await _take_away(run, version):
        return failed(step, complaint)
    return await end_removal(run, step, intent, version)


async def forget(run: Run, step: Step) -> Result:
    """Remove the record and the stored secret of a key that is gone, and is really rejected."""
    if step.address in run.provided:
        return await forget_provided(run, step)
    row = run.rows[step.address]
    for version in row.living:
        secret = await run.stored_secret(row, version)
        if complaint := await prove_rejected(run, step, secret):
            return failed(step, f"v{version.number} is said to be gone, but {complaint}")
    if row.target.store in run.world.stores:
        owner = run.slot_owner(row.address)
        await run.store(row.target.store).retire(row.target, owner, ())
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


async def end_removal(run: Run, step: Step, intent: Intent, version: Version) -> Result | None:
    """Bury a version that is deleted; None when containers still accept it, until a deploy."""
    if not await _still_accepted(run, version):
        return await _bury(run, step, intent, version)

    async def go_on() -> Result:
        if await _still_accepted(run, version):
            return await give_up(None, "")
        return await _bury(run, step, intent, version)

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
    of_version = replace(step, provider=version.provider, number=version.number)
    if complaint := await bury(run, of_version, intent, version):
        return failed(step, complaint)
    await drop_empty(run, run.rows[step.address])
    return done(step, f"v{version.number} deleted ({version.key_id}), confirmed gone")


async def bury(run: Run, step: Step, intent: Intent, version: Version) -> str | None:
    """Confirm that a deleted version is dead, and only then retire its secret and its record.

    The stored secret is kept until then: it is what the proof of death is made with.
    """
    row = run.rows[step.address]
    secret = await run.stored_secret(row, version)
    if complaint := await prove_dead(run, step, version.key_id, secret):
        return complaint
    others = (v for v in row.living if v.number != version.number)
    kept = tuple(held for v in others if (held := stored(v)) is not None)
    if row.target.store in run.world.stores:
        await run.store(row.target.store).retire(row.target, run.slot_owner(row.address), kept)
    await run.close(intent, with_version(row, replace(version, stage=Stage.GONE)))
    return None


async def drop_empty(run: Run, row: KeyRow) -> None:
    """Forget a key of which nothing lives and which nobody declares."""
    if not row.living and row.address not in run.keys:
        await run.world.backend.drop_row(row)
        del run.rows[row.address]
