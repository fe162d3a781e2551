"""A whole run: plan a stack, or apply to it. The lock, the order of things, and the bookkeeping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reconciler.core.guard import Approval, refuse
from reconciler.core.keys import ENABLED, Address, KeyId, Stage
from reconciler.core.observed import LiveKey, LiveStatus, Observed
from reconciler.core.ownership import op_tag
from reconciler.core.plan import make_plan
from reconciler.core.provider_keys import spare_feeders
from reconciler.core.recorded import KeyRow, ProviderRow, Recorded, Version
from reconciler.core.steps import Action, Difference, Outcome, Plan, Result, Step
from reconciler.engine.observe import observe
from reconciler.engine.resume import LATE_LANDING
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


async def look(outlook: Outlook, approval: Approval) -> Look:
    """Read, observe and plan. Changes nothing anywhere, and takes no lock."""
    recorded = await outlook.backend.read()
    observed = await observe(outlook, recorded)
    now = outlook.clock.now()
    plan = make_plan(outlook.desired, observed, recorded, outlook.able, now)
    refusals = refuse(plan, outlook.desired, observed, recorded, approval, now)
    return Look(recorded, observed, plan, refusals)


async def apply(
    world: World,
    approval: Approval,
    confirm: Callable[[Plan], bool],
    stop: Stop,
    report: Report,
) -> None:
    """Make the world match the manifest, as far as the plan that `confirm` was shown says.

    Raises RefusedError when a guard says no, before anything is written.
    """
    await world.backend.lock(world.holder)
    try:
        await _apply_locked(world, approval, confirm, stop, report)
    finally:
        await asyncio.shield(world.backend.unlock())


async def _apply_locked(
    world: World,
    approval: Approval,
    confirm: Callable[[Plan], bool],
    stop: Stop,
    report: Report,
) -> None:
    first = await look(world.outlook(), approval)
    report.plan = first.plan
    if first.refusals:
        raise RefusedError(first.refusals)
    if first.plan.actions and not confirm(first.plan):
        report.declined = True
        return
    world.reporter.applying(len(first.plan.actions))
    seen = await _recover(world, approval, first, stop, report)
    run = begin(world, seen, stop)
    if not stop.asked:  # else what was seen may be older than what recovery has written
        await keep_books(run, seen.observed)
    agreed = spare_feeders(
        world.desired, seen.recorded, seen.plan.actions, allowed(seen.plan, first.plan)
    )
    report.results.extend(outdated(seen.plan, first.plan, agreed))
    await walk(run, agreed, report.results)
    report.stopped = stop.asked


async def _recover(
    world: World, approval: Approval, first: Look, stop: Stop, report: Report
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
    again = await look(world.outlook(), approval)
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
    agreed = set(map(_identity, shown.actions))
    unsettled = {step.address for step in plan.steps if step.action is Action.RECOVER}
    return tuple(
        step for step in plan.actions if step.address not in unsettled and _identity(step) in agreed
    )


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
    """Say what makes two steps the same one: also that the key is still as it was then."""
    return step.address, step.action, step.key_id, step.differences, step.precondition


async def keep_books(run: Run, observed: Observed) -> None:
    """Bring the record up to date with what needs no step.

    Copies of the manifest, providers, operations that can land no more, and spooled secrets of
    versions that were recorded just before a crash.
    """
    recorded_ops = {v.op for row in run.rows.values() for v in row.living}
    whole = {view.provider for view in observed.providers if view.complete}
    await asyncio.gather(
        *(run.world.spool.drop(op) for op in sorted(observed.spool.ops & recorded_ops)),
        *(run.save(row) for row in _stale_copies(run)),
        *(run.world.backend.write_row(row) for row in _new_providers(run, observed)),
        *(
            run.world.backend.drop_row(op)
            for op in run.retired.values()
            if run.world.clock.now() - op.retired_at > LATE_LANDING
            and op.provider in whole
            and not op.released
            and not any(op_tag(op.op) in key.mark_text for key in run.live.values())
        ),
    )


def _stale_copies(run: Run) -> list[KeyRow]:
    """Give the rows whose copy of the manifest, or of who switched a key off, is out of date."""
    fresh = (_fresh_copy(run, address) for address in run.keys.keys() & run.rows.keys())
    return [row for row in fresh if row != run.rows[row.address]]


def _fresh_copy(run: Run, address: Address) -> KeyRow:
    key, row = run.keys[address], run.rows[address]
    row = replace(row, owner=key.owner, delete_after=key.delete_after, protect=key.protect)
    off = key.attributes.get(ENABLED) is False
    if off:
        row = replace(row, versions=tuple(map(_kept, row.versions)))
    version = row.current
    live = run.live.get((version.provider, version.key_id)) if version else None
    return replace(row, disabled_by_us=_off_by_us(row, live, off=off))


def _kept(version: Version) -> Version:
    """Take a version back that was on its way out, and is declared again as switched off."""
    if version.stage is not Stage.DISABLED:
        return version
    return replace(version, stage=Stage.CURRENT, disabled_at=None, delete_at=None)


def _off_by_us(row: KeyRow, live: LiveKey | None, *, off: bool) -> bool:
    """Whether a disabled key is as the manifest wants it; a key that works is not off at all."""
    if live is None:
        return row.disabled_by_us
    if live.status is LiveStatus.ACTIVE:
        return row.disabled_by_us and off
    return row.disabled_by_us or off


def _new_providers(run: Run, observed: Observed) -> list[ProviderRow]:
    """Give the providers that were never recorded, or whose tenant was not known yet."""
    tenants = {view.provider: view.tenant for view in observed.providers if view.complete}
    found = []
    for provider in run.world.desired.providers:
        row, tenant = run.providers.get(provider.name), tenants.get(provider.name)
        if provider.name in tenants and (row is None or (row.tenant is None and tenant)):
            found.append(
                ProviderRow(
                    name=provider.name,
                    origin=provider.origin,
                    dialect=provider.dialect,
                    tenant=tenant,
                    rev=row.rev if row else 0,
                )
            )
    return found
