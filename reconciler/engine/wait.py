"""Waiting, after an apply, for overlaps to end, and retiring the old versions that end with them.

Nothing else is done while waiting, and nothing to a key that the plan which a person saw did not
speak of. The lock is held only while something is looked at and done, never while it waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.core.guard import Approval
from reconciler.core.keys import Address
from reconciler.core.orders import Orders
from reconciler.core.provider_keys import spare_feeders
from reconciler.core.recorded import Recorded
from reconciler.core.steps import MINTS, REMOVALS, Action, Plan, Reason, Step
from reconciler.engine.books import keep_books
from reconciler.engine.run import Report, begin, look
from reconciler.engine.succession import is_retiring
from reconciler.engine.transaction import Stop
from reconciler.engine.walk import walk
from reconciler.engine.world import World
from reconciler.errors import RefusedError

AGAIN = timedelta(minutes=1)
"""How long to wait before an old version is looked at again that is due, and was held."""
_SLICE = 2.0
"""Seconds for which a wait goes on before it notices that the run was asked to stop."""


async def settle_overlaps(
    world: World, shown: Plan, approval: Approval, stop: Stop, report: Report, limit: timedelta
) -> None:
    """Retire old versions whose overlap ends within `limit`, as each of them becomes due.

    Only of keys that `shown` rotates, or that it schedules a retirement for. The results are added
    to the report's. Raises RefusedError when a guard says no, StateLockedError while others run.
    """
    deadline = world.clock.now() + limit
    keys = frozenset(_spoken_of(shown))
    pause = timedelta(0)
    while not stop.asked:
        due = _next_end(await world.backend.read(), keys)
        if due is None:
            break
        wake = max(due, world.clock.now() + pause)
        if wake > deadline:
            break
        await _sleep_until(world, wake, stop)
        if not stop.asked:
            await _retire_due(world, keys, approval, stop, report)
        pause = AGAIN
    report.stopped = report.stopped or stop.asked


def _spoken_of(shown: Plan) -> Iterator[Address]:
    """Give the keys of which a plan says that an old version will go."""
    for step in shown.actions:
        if step.action in MINTS | {Action.RESTORE}:
            yield step.address
    for coming in shown.scheduled:
        if coming.action in REMOVALS:
            yield coming.address


def _next_end(recorded: Recorded, keys: frozenset[Address]) -> datetime | None:
    """Say when the next overlap ends; None where none is running."""
    ends = (
        version.retire_at
        for row in recorded.keys
        for version in row.living
        if row.address in keys and is_retiring(version)
    )
    return min((end for end in ends if end is not None), default=None)


async def _sleep_until(world: World, wake: datetime, stop: Stop) -> None:
    while not stop.asked and (left := (wake - world.clock.now()).total_seconds()) > 0:
        await world.clock.sleep(min(left, _SLICE))


async def _retire_due(
    world: World, keys: frozenset[Address], approval: Approval, stop: Stop, report: Report
) -> None:
    """Look again, under the lock, and take away what may go now."""
    await world.backend.lock(world.holder)
    try:
        seen = await look(world.outlook(), approval, Orders(only=keys))
        due = tuple(_due(seen.plan))
        steps = spare_feeders(world.desired, seen.recorded, seen.plan.actions, due)
        if steps and seen.refusals:
            raise RefusedError(seen.refusals)
        if steps:
            run = begin(world, seen, stop)
            await keep_books(run, seen.observed)
            await walk(run, steps, report.results)
    finally:
        await asyncio.shield(world.backend.unlock())


def _due(plan: Plan) -> Iterator[Step]:
    """Give the steps that end old versions, and the deploys that make their end count.

    A key that needs something else besides is left to an apply, which does that first.
    """
    busy = {step.address for step in plan.actions if step.action not in REMOVALS}
    ends = [
        step
        for step in plan.actions
        if step.action in REMOVALS and step.reason is Reason.SUPERSEDED and step.address not in busy
    ]
    providers = {step.provider for step in ends}
    yield from ends
    for step in plan.actions:
        if step.action is Action.REDEPLOY and step.provider in providers:
            yield step
