"""Walking a plan: phase by phase, bounded per provider, each key its own transaction.

One key's failure never stops another's, and every step gets a result, whatever happens.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from reconciler.core.capabilities import Marker
from reconciler.core.keys import Address
from reconciler.core.steps import MINTS, ORDER, Action, Outcome, Result, Step, provider_address
from reconciler.engine.change import disable, enable, retire, update
from reconciler.engine.create import create
from reconciler.engine.deploy import deploy, redeploy
from reconciler.engine.notify import notify
from reconciler.engine.parking import Parked
from reconciler.engine.provide import provide
from reconciler.engine.remove import delete, forget
from reconciler.engine.restore import restore
from reconciler.engine.resume import resume
from reconciler.engine.revoke import revoke
from reconciler.engine.switch import switch_off, switch_on
from reconciler.engine.transaction import Run, all_ended, failed, skipped, unknown
from reconciler.engine.verify import verify
from reconciler.errors import KeywrightError, LockLostError

WORK: Mapping[Action, Callable[[Run, Step], Awaitable[Result | None]]] = {
    Action.RECOVER: resume,
    Action.REVOKE: revoke,
    Action.SWITCH_ON: switch_on,
    Action.CREATE: create,
    Action.ROTATE: create,
    Action.DISABLE: disable,
    Action.UPDATE: update,
    Action.ENABLE: enable,
    Action.DEPLOY: deploy,
    Action.VERIFY: verify,
    Action.RESTORE: restore,
    Action.PROVIDE: provide,
    Action.NOTIFY: notify,
    Action.RETIRE: retire,
    Action.DELETE: delete,
    Action.FORGET: forget,
    Action.SWITCH_OFF: switch_off,
    Action.REDEPLOY: redeploy,
}
"""How each action is done. Without a result, the step waits for a deploy."""

HANGS_ON_ITS_PROVIDER = MINTS | {Action.VERIFY, Action.RESTORE, Action.DELETE}
"""Not begun where a switch or a deploy of the provider went wrong before."""


async def walk(run: Run, steps: tuple[Step, ...], results: list[Result]) -> None:
    """Carry out these steps and append a result for each, in the order in which they end.

    `results` is handed in so that nothing of it is lost when the run is cancelled.
    """
    turns = _Turns(run, _gates(run), results)
    try:
        for action in ORDER:
            phase = (step for step in steps if step.action is action and action in WORK)
            await _all_at_once(turns.take(each) for each in _by_address(phase))
            await turns.end_parked(until=action)
    except asyncio.CancelledError:
        ended = {id(result.step) for result in results}
        waiting = {id(parked.step) for parked in run.parked}
        results.extend(
            _interrupted(step) if id(step) in waiting else _skipped(step)
            for step in steps
            if id(step) not in ended
        )
        raise


def _gates(run: Run) -> Mapping[str, asyncio.Semaphore]:
    """Bound what moves at one provider at once: one by one where no mark tells keys apart."""
    counts = {
        name: 1 if run.world.able[name].marker is Marker.NONE else count
        for name, count in run.world.workers.items()
        if name in run.world.able
    }
    gates: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(1))
    gates.update({name: asyncio.Semaphore(count) for name, count in counts.items()})
    return gates


async def _all_at_once(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run everything at once; when cancelled, come back only when all of it has really ended.

    A mint that has begun goes on until its id is durable, and needs the lock for that.
    """
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await all_ended(tasks)
        raise


def _by_address(steps: Iterable[Step]) -> Iterable[list[Step]]:
    """Keep the steps of one key together: they work on one row, so they take turns."""
    found: dict[Address, list[Step]] = {}
    for step in steps:
        found.setdefault(step.address, []).append(step)
    return found.values()


@dataclass(frozen=True, slots=True)
class _Turns:
    """Takes steps one after another, and notes what became of each."""

    run: Run
    gates: Mapping[str, asyncio.Semaphore]
    results: list[Result]

    async def take(self, steps: list[Step]) -> None:
        """Take the steps of one address."""
        for step in steps:
            async with self.gates[_where(self.run, step)]:
                result = await self._begin(step)
            if result is None:
                continue
            self._note(result)
            if step.action in {Action.DEPLOY, Action.REDEPLOY}:
                await self._end(_of(self.run, step.provider, step.action), result)

    async def end_parked(self, *, until: Action) -> None:
        """End the steps for whose sake no deploy was made."""
        await self._end([p for p in self.run.parked if p.until is until], None)

    async def _end(self, waiting: list[Parked], deploy: Result | None) -> None:
        await _all_at_once(self._end_one(parked, deploy) for parked in waiting)

    async def _end_one(self, parked: Parked, deploy: Result | None) -> None:
        async with self.gates[_where(self.run, parked.step)]:
            work = partial(_go_on, self.run, parked, deploy)
            result = await self._attempt(parked.step, work)
        self.run.parked.remove(parked)
        if result is not None:
            self._note(result)

    def _note(self, result: Result) -> None:
        if result.outcome is not Outcome.DONE and result.step.action is not Action.REVOKE:
            self.run.troubled.add(result.step.address)
        self.results.append(result)
        self.run.world.reporter.finished(result)

    async def _begin(self, step: Step) -> Result | None:
        if obstacle := _obstacle(self.run, step):
            return skipped(step, f"not begun: {obstacle}")
        self.run.world.reporter.started(step)
        work = resume if step.op is not None else WORK[step.action]
        return await self._attempt(step, partial(work, self.run, step))

    async def _attempt(
        self, step: Step, work: Callable[[], Awaitable[Result | None]]
    ) -> Result | None:
        try:
            return await _carry_out(self.run, step, work)
        except asyncio.CancelledError:
            self.results.append(_interrupted(step))
            raise


def _where(run: Run, step: Step) -> str:
    """Name the provider that a step talks to: a version may be elsewhere than its key is now."""
    if step.action in MINTS and step.address in run.keys:
        return run.keys[step.address].provider
    row = run.rows.get(step.address)
    living = row.living if row else ()
    return next((v.provider for v in living if v.key_id == step.key_id), step.provider)


def _of(run: Run, provider: str, until: Action) -> list[Parked]:
    return [p for p in run.parked if p.until is until and p.step.provider == provider]


async def _go_on(run: Run, parked: Parked, deploy: Result | None) -> Result:
    """End a parked step: well after its deploy, and otherwise with what stood against that."""
    if deploy is not None and deploy.outcome is Outcome.DONE:
        return await parked.go_on()
    if deploy is not None:
        begun = deploy.outcome is not Outcome.SKIPPED
        return await parked.give_up(deploy.outcome if begun else Outcome.UNKNOWN, deploy.sentence)
    tenant = run.tenants.get(parked.step.provider)
    if tenant is not None and not tenant.managed:
        why = "it counts after a deploy, which the manifest leaves to somebody else"
        return await parked.give_up(None, why)
    return await parked.give_up(Outcome.UNKNOWN, "nothing was deployed")


def _obstacle(run: Run, step: Step) -> str | None:
    """Why a step must not begin, if there is a reason."""
    if run.stop.asked:
        return "the run was asked to stop"
    if step.action is Action.REVOKE:
        return None
    if step.address in run.troubled:
        return "an earlier step of this key went wrong"
    if step.action in HANGS_ON_ITS_PROVIDER and provider_address(step.provider) in run.troubled:
        return f"what all keys of '{step.provider}' hang on went wrong"
    if step.action in MINTS and step.op is None and step.provider in run.unclear:
        return "another create there got no answer, and keys carry no mark to tell them apart"
    return None


def _skipped(step: Step) -> Result:
    return skipped(step, "not begun: the run was asked to stop")


def _interrupted(step: Step) -> Result:
    return unknown(step, "stopped in the middle; the next run finishes or undoes it")


async def _carry_out(
    run: Run, step: Step, work: Callable[[], Awaitable[Result | None]]
) -> Result | None:
    try:
        return await work()
    except LockLostError as error:
        run.stop.ask()
        return failed(step, str(error))
    except KeywrightError as error:
        return failed(step, str(error))
    except Exception as error:  # noqa: BLE001 - a defect with one key must not stop the others
        return failed(step, _defect(error))


def _defect(error: Exception) -> str:
    """Name a defect by its type and place alone: its text could hold anything, a secret too."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
    return f"internal error {type(error).__name__} at {place}; please report it"
