"""A whole run: plan a stack, or apply to it. The lock, the order of things, and the bookkeeping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reconciler.core.guard import Approval, refuse
from reconciler.core.keys import Address, KeyId
from reconciler.core.knowledge import ABSENT
from reconciler.core.observed import Observed
from reconciler.core.orders import NONE, Orders
from reconciler.core.plan import make_plan
from reconciler.core.provider_keys import spare_feeders
from reconciler.core.recorded import Recorded
from reconciler.core.steps import Action, Difference, Outcome, Plan, Result, Step
from reconciler.core.tenant import markless_of
from reconciler.engine.books import keep_books
from reconciler.engine.incidents import settle_incidents
from reconciler.engine.observe import observe
from reconciler.engine.transaction import Run, Stop
from reconciler.engine.walk import walk
from reconciler.engine.world import Outlook, World
from reconciler.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the world, the plan that follows from it, and what guards say to it."""

    recorded: Recorded
    observed: Observed
    plan: Plan
    refusals: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """What an apply did. Filled while it goes, so that it is whole even when it is cancelled."""

    plan: Plan | None = None
    results: list[Result] = field(default_factory=list)
    declined: bool = False
    stopped: bool = False


async def look(outlook: Outlook, approval: Approval, orders: Orders = NONE) -> Look:
    """Read, observe and plan, as a person ordered. Changes nothing anywhere, and takes no lock."""
    recorded = await outlook.backend.read()
    observed = await observe(outlook, recorded)
    now = outlook.clock.now()
    plan = make_plan(outlook.desired, observed, recorded, outlook.able, now, orders=orders)
    markless = markless_of(outlook.able)
    refusals = refuse(plan, outlook.desired, observed, recorded, approval, now, markless)
    return Look(recorded, observed, plan, refusals)


async def apply(
    world: World,
    approval: Approval,
    confirm: Callable[[Plan], bool],
    stop: Stop,
    report: Report,
    orders: Orders = NONE,
) -> None:
    """Make the world match the manifest, as far as the plan that `confirm` was shown says.

    Raises RefusedError when a guard says no, before anything is written.
    """
    await world.backend.lock(world.holder)
    try:
        await _apply_locked(world, approval, confirm, stop, report, orders)
    finally:
        await asyncio.shield(world.backend.unlock())


async def _apply_locked(
    world: World,
    approval: Approval,
    confirm: Callable[[Plan], bool],
    stop: Stop,
    report: Report,
    orders: Orders,
) -> None:
    first = await look(world.outlook(), approval, orders)
    report.plan = first.plan
    if first.refusals:
        raise RefusedError(first.refusals)
    if first.plan.actions and not confirm(first.plan):
        report.declined = True
        return
    world.reporter.applying(len(first.plan.actions))
    seen = await _recover(world, approval, first, stop, report, orders)
    run = begin(world, seen, stop)
    if not stop.asked:  # else what was seen may be older than what recovery has written
        await keep_books(run, seen.observed)
    agreed = spare_feeders(
        world.desired, seen.recorded, seen.plan.actions, allowed(seen.plan, first.plan)
    )
    report.results.extend(outdated(seen.plan, first.plan, agreed))
    await walk(run, agreed, report.results)
    if seen.recorded.incidents and not stop.asked:
        await settle_incidents(run, await world.backend.incidents())
    report.stopped = stop.asked


async def _recover(
    world: World, approval: Approval, first: Look, stop: Stop, report: Report, orders: Orders
) -> Look:
    """Settle what earlier runs left open, and look again where anything may have changed since.

    That is after a recovery, and after a person took their time to read the plan.
    """
    steps = tuple(s for s in first.plan.steps if s.action is Action.RECOVER)
    if not steps and not approval.attended:
        return first
    await walk(begin(world, first, stop), steps, report.results)
    if stop.asked:
        return first
    again = await look(world.outlook(), approval, orders)
    if again.refusals:
        raise RefusedError(again.refusals, changed=bool(steps))
    return again


def begin(world: World, seen: Look, stop: Stop) -> Run:
    """Start a run on what was just seen."""
    return Run.begin(world, seen.recorded, seen.observed, stop)


def allowed(plan: Plan, shown: Plan) -> tuple[Step, ...]:
    """Keep the steps that were shown just so: apply does a subset of its plan (promise I5).

    A key whose open operation could not be settled waits for the next run.
    """
    agreed = {_identity(step): step for step in shown.actions}
    unsettled = {step.address for step in plan.steps if step.action is Action.RECOVER}
    return tuple(
        _in_shown_projects(step, agreed[_identity(step)])
        for step in plan.actions
        if step.address not in unsettled and _identity(step) in agreed
    )


def _in_shown_projects(step: Step, shown: Step) -> Step:
    """Deploy no project that was not shown."""
    return replace(step, projects=tuple(p for p in step.projects if p in shown.projects))


def outdated(plan: Plan, shown: Plan, agreed: tuple[Step, ...]) -> list[Result]:
    """Report the steps that were shown, and are not what their key needs any more."""
    taken = set(map(_identity, agreed))
    still = {step.address for step in plan.steps}
    return [
        Result(step, Outcome.SKIPPED, "not done: this key is not as the plan showed it any more")
        for step in shown.actions
        if step.action is not Action.RECOVER
        and step.address in still
        and _identity(step) not in taken
    ]


def _identity(step: Step) -> tuple[Address, Action, KeyId | None, tuple[Difference, ...], str]:
    """Say what makes two steps the same one: also that the key is still as it was then.

    Which dead version a new one follows is no matter, since a recovery may have buried that one;
    nor is what the version looks like that consumers are told of, or which run has made it.
    """
    key_id, precondition = step.key_id, step.precondition
    if step.action is Action.CREATE and step.op is None and precondition == ABSENT:
        key_id = None
    if step.action is Action.NOTIFY:
        key_id, precondition = None, ""
    return step.address, step.action, key_id, step.differences, precondition
