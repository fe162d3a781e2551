"""Steps that are right, and have to wait: for a whole list, a common clock, a slot, a project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from reconciler.core.keys import Address, Cause
from reconciler.core.matching import Matches
from reconciler.core.steps import MINTS, Action, Reason, Settlement, Step
from reconciler.core.tenant import Tenant

NEEDS_COMPLETE_LIST = frozenset({*MINTS, Action.RETIRE, Action.DELETE, Action.FORGET})
MOST_SKEW = timedelta(minutes=5)
"""A provider's clock further off than this makes every step whose cause is the clock wait."""


def hold_back(
    steps: Iterable[Step], matches: Matches, tenants: Mapping[str, Tenant]
) -> tuple[Step, ...]:
    """Turn the steps that have to wait into holds that say what for."""
    found = tuple(_wait_for_clock(_wait_for_list(step, matches), matches) for step in steps)
    for tenant in tenants.values():
        found = tuple(_creates_wait(found, tenant))
    return found


def _hold(step: Step, reason: Reason, wait: str) -> Step:
    """Name the version that is there, instead of the one that is not made."""
    number = step.number if step.replaces is None else step.replaces
    sentence = f"{step.sentence}; {wait}"
    return replace(
        step, action=Action.HOLD, reason=reason, sentence=sentence, number=number, impact=None
    )


def _wait_for_list(step: Step, matches: Matches) -> Step:
    """Make a step wait that needs a complete list, where the list is not (promise I7)."""
    unread = matches.unread(step.provider)
    if unread is None or step.action not in NEEDS_COMPLETE_LIST:
        return step
    return _hold(step, Reason.UNREADABLE, f"waits: {unread}")


def _wait_for_clock(step: Step, matches: Matches) -> Step:
    """Make a step wait whose cause is the clock, where the clocks do not agree."""
    view = matches.views.get(step.provider)
    ahead = view.clock_ahead if view else None
    if step.action is Action.HOLD or step.cause is not Cause.CLOCK:
        return step
    if ahead is None or abs(ahead) <= MOST_SKEW:
        return step
    minutes = round(abs(ahead) / timedelta(minutes=1))
    behind = "ahead of" if ahead > timedelta(0) else "behind"
    wait = f"waits, since the provider's clock is {minutes} minutes {behind} ours"
    return _hold(step, Reason.CLOCK_SKEWED, wait)


def _creates_wait(steps: tuple[Step, ...], tenant: Tenant) -> Iterator[Step]:
    """Make creates at one provider wait: all of them, or those that find no slot."""
    mine = tuple(step for step in steps if step.provider == tenant.provider.name)
    nowhere, unclear = _nowhere(tenant), _unclear(mine, tenant)
    without_slot = _without_slot(mine, tenant)
    for step in steps:
        if step.action not in MINTS or step.provider != tenant.provider.name:
            yield step
        elif nowhere is not None:
            yield _hold(step, Reason.NOT_DEPLOYED, nowhere)
        elif step.op is None and unclear is not None:
            yield _hold(step, Reason.ASK, unclear)
        elif step.op is None and step.address in without_slot:
            yield _hold(step, Reason.NO_SLOT, _no_slot(mine, tenant, step))
        else:
            yield step


def _nowhere(tenant: Tenant) -> str | None:
    """Say so where a key would have to be deployed, and cannot be."""
    deploys = tenant.able.on_deploy and tenant.managed and not tenant.toggle.off
    if not deploys or tenant.deployable:
        return None
    if not tenant.unknown_projects:
        return "waits, since there is no project to deploy"
    names = ", ".join(tenant.unknown_projects)
    return f"waits, since `deploy` names what is no project: {names}"


def _unclear(mine: tuple[Step, ...], tenant: Tenant) -> str | None:
    """Say so where a lost create may still turn up, and keys could be taken for one another."""
    waits = (step.settlement is Settlement.WAIT and step.key_id is None for step in mine)
    if not tenant.markless or not any(waits):
        return None
    return "waits until an interrupted create there is settled"


def _without_slot(mine: tuple[Step, ...], tenant: Tenant) -> frozenset[Address]:
    """Give the keys that find no slot: a key that works already goes behind one that does not."""
    if tenant.able.capacity is None:
        return frozenset()
    room = max(0, tenant.able.capacity - len(tenant.view.keys) + _freed(mine))
    new = (step for step in mine if step.action in MINTS and step.op is None)
    first = sorted(new, key=lambda step: (step.action is Action.ROTATE, step.address))
    return frozenset(step.address for step in first[room:])


def _freed(mine: tuple[Step, ...]) -> int:
    """Count the slots that recovery frees before anything is made."""
    return sum(
        step.action is Action.RECOVER
        and (step.settlement is Settlement.UNDO or step.reason is Reason.LATE_LANDING)
        for step in mine
    )


def _no_slot(mine: tuple[Step, ...], tenant: Tenant, step: Step) -> str:
    may, there = tenant.able.capacity, len(tenant.view.keys)
    deletes = sum(step.action is Action.DELETE for step in mine)
    soon = f"; this plan deletes {deletes}, so apply again after it" if deletes else ""
    full = f"waits for a slot: '{tenant.provider.name}' may have {may} keys, and has {there}{soon}"
    if step.action is not Action.ROTATE or soon:
        return full
    return (
        f"{full}; the new key needs one beside v{step.replaces}, so one has to go first: delete a "
        f"key that nobody needs, or accept an outage with `keywright revoke {step.address}`"
    )
