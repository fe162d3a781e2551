"""A whole run: plan a stack, or apply to it. The lock, the order of things, and the bookkeeping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reconciler.core.guard import Approval, refuse
from reconciler.core.keys import ENABLED, Address
from reconciler.core.observed import LiveKey, LiveStatus, Observed
from reconciler.core.plan import make_plan
from reconciler.core.recorded import IntentKind, KeyRow, ProviderRow, Recorded
from reconciler.core.steps import Action, Plan, Result, Step
from reconciler.engine.observe import observe
from reconciler.engine.resume import LATE_LANDING
from reconciler.engine.transaction import Run, Stop
from reconciler.engine.walk import walk
from reconciler.engine.world import Outlook, World
from reconciler.errors import RefusedError

FOLLOW_UPS = {
    IntentKind.CREATE: frozenset({Action.CREATE}),
    IntentKind.UPDATE: frozenset({Action.UPDATE}),
    IntentKind.ENABLE: frozenset({Action.ENABLE}),
    IntentKind.DISABLE: frozenset({Action.DISABLE, Action.RETIRE}),
    IntentKind.DELETE: frozenset({Action.DELETE, Action.FORGET}),
}
"""What a run may do beyond its plan: finish its own unclosed operations (promise I5)."""


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
    await keep_books(run, seen.observed)
    agreed = allowed(seen.plan, first)
    await walk(run, agreed, report.results)
    report.stopped = stop.asked


async def _recover(
    world: World, approval: Approval, first: Look, stop: Stop, report: Report
) -> Look:
    """Settle what earlier runs left open, and look again at what that has changed."""
    steps = tuple(s for s in first.plan.steps if s.action is Action.RECOVER)
    if not steps:
        return first
    await walk(begin(world, first, stop), steps, report.results)
    again = await look(world.outlook(), approval)
    if again.refusals:
        raise RefusedError(again.refusals)
    return again


def begin(world: World, seen: Look, stop: Stop) -> Run:
    """Start a run on what was just seen."""
    live = tuple((view.provider, key) for view in seen.observed.providers for key in view.keys)
    return Run.begin(world, seen.recorded, live, stop)


def allowed(plan: Plan, first: Look) -> tuple[Step, ...]:
    """Keep the steps that were shown, or that finish an operation that was shown as left over."""
    shown = {(step.address, step.action) for step in first.plan.steps}
    for intent in first.recorded.intents:
        shown |= {(intent.address, action) for action in FOLLOW_UPS[intent.kind]}
    return tuple(
        step
        for step in plan.actions
        if (step.address, step.action) in shown and step.action is not Action.RECOVER
    )


async def keep_books(run: Run, observed: Observed) -> None:
    """Bring the record up to date with what needs no step.

    Copies of the manifest, providers, operations that can land no more, and spooled secrets of
    versions that were recorded just before a crash.
    """
    recorded_ops = {v.op for row in run.rows.values() for v in row.living}
    await asyncio.gather(
        *(run.world.spool.drop(op) for op in sorted(observed.spool.ops & recorded_ops)),
        *(run.save(row) for row in _stale_copies(run)),
        *(run.world.backend.write_row(row) for row in _new_providers(run, observed)),
        *(
            run.world.backend.drop_row(op)
            for op in run.retired.values()
            if run.world.clock.now() - op.retired_at > LATE_LANDING
        ),
    )


def _stale_copies(run: Run) -> list[KeyRow]:
    """Give the rows whose copy of the manifest, or of who switched a key off, is out of date."""
    fresh = (_fresh_copy(run, address) for address in run.keys.keys() & run.rows.keys())
    return [row for row in fresh if row != run.rows[row.address]]


def _fresh_copy(run: Run, address: Address) -> KeyRow:
    key, row = run.keys[address], run.rows[address]
    row = replace(row, owner=key.owner, delete_after=key.delete_after, protect=key.protect)
    version = row.current
    live = run.live.get((version.provider, version.key_id)) if version else None
    return replace(row, disabled_by_us=_off_by_us(row, live, off=key.attributes.get(ENABLED)))


def _off_by_us(row: KeyRow, live: LiveKey | None, *, off: object) -> bool:
    """Whether a disabled key is as the manifest wants it; a key that works is not off at all."""
    if live is None:
        return row.disabled_by_us
    if live.status is LiveStatus.ACTIVE:
        return row.disabled_by_us and off is False
    return row.disabled_by_us or off is False


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
