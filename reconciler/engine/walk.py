"""Walking a plan: phase by phase, bounded per provider, each key its own transaction.

One key's failure never stops another's, and every step gets a result, whatever happens.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

from reconciler.core.keys import Address
from reconciler.core.steps import ORDER, Action, Outcome, Result, Step
from reconciler.engine.change import disable, enable, retire, update, verify
from reconciler.engine.create import create
from reconciler.engine.provide import provide
from reconciler.engine.remove import delete, forget
from reconciler.engine.resume import resume
from reconciler.engine.transaction import Run, all_ended, failed, unknown
from reconciler.errors import KeywrightError, LockLostError

WORK: Mapping[Action, Callable[[Run, Step], Awaitable[Result]]] = {
    Action.RECOVER: resume,
    Action.CREATE: create,
    Action.UPDATE: update,
    Action.ENABLE: enable,
    Action.VERIFY: verify,
    Action.PROVIDE: provide,
    Action.DISABLE: disable,
    Action.RETIRE: retire,
    Action.DELETE: delete,
    Action.FORGET: forget,
}


async def walk(run: Run, steps: tuple[Step, ...], results: list[Result]) -> None:
    """Carry out these steps and append a result for each, in the order in which they end.

    `results` is handed in so that nothing of it is lost when the run is cancelled.
    """
    gates: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(1))
    gates.update({name: asyncio.Semaphore(count) for name, count in run.world.workers.items()})
    try:
        for action in ORDER:
            phase = (step for step in steps if step.action is action and action in WORK)
            await _all_at_once(_take_turns(run, t, gates, results) for t in _by_address(phase))
    except asyncio.CancelledError:
        ended = {id(result.step) for result in results}
        results.extend(_skipped(step) for step in steps if id(step) not in ended)
        raise


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


async def _take_turns(
    run: Run, steps: list[Step], gates: Mapping[str, asyncio.Semaphore], results: list[Result]
) -> None:
    for step in steps:
        async with gates[step.provider]:
            result = await _take(run, step, results)
        if result.outcome is not Outcome.DONE:
            run.troubled.add(step.address)
        results.append(result)
        run.world.reporter.finished(result)


async def _take(run: Run, step: Step, results: list[Result]) -> Result:
    if run.stop.asked:
        return _skipped(step)
    if step.address in run.troubled:
        return Result(step, Outcome.SKIPPED, "not begun: an earlier step of this key went wrong")
    run.world.reporter.started(step)
    try:
        return await _carry_out(run, step)
    except asyncio.CancelledError:
        results.append(unknown(step, "stopped in the middle; the next run finishes or undoes it"))
        raise


def _skipped(step: Step) -> Result:
    return Result(step, Outcome.SKIPPED, "not begun: the run was asked to stop")


async def _carry_out(run: Run, step: Step) -> Result:
    try:
        return await WORK[step.action](run, step)
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
