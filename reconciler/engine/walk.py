"""Walking a plan: phase by phase, bounded per provider, each key its own transaction.

One key's failure never stops another's, and every step gets a result, whatever happens.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from pathlib import PurePath

from reconciler.core.steps import ORDER, Action, Outcome, Result, Step
from reconciler.engine.change import disable, enable, retire, update
from reconciler.engine.create import create
from reconciler.engine.remove import delete, forget
from reconciler.engine.resume import resume
from reconciler.engine.transaction import Run, failed
from reconciler.errors import KeywrightError, LockLostError

WORK: Mapping[Action, Callable[[Run, Step], Awaitable[Result]]] = {
    Action.RECOVER: resume,
    Action.CREATE: create,
    Action.UPDATE: update,
    Action.ENABLE: enable,
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
    for action in ORDER:
        phase = [step for step in steps if step.action is action and action in WORK]
        await asyncio.gather(*(_take(run, step, gates, results) for step in phase))


async def _take(
    run: Run, step: Step, gates: Mapping[str, asyncio.Semaphore], results: list[Result]
) -> None:
    async with gates[step.provider]:
        if run.stop.asked:
            result = Result(step, Outcome.SKIPPED, "not begun: the run was asked to stop")
        else:
            run.world.reporter.started(step)
            result = await _carry_out(run, step)
    results.append(result)
    run.world.reporter.finished(result)


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
    place = f"{PurePath(frame.filename).name}:{frame.lineno}"
    return f"internal error {type(error).__name__} at {place}; please report it"
