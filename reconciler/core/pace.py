"""How many keys the clock may rotate in one run: the most urgent first, the others wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.core.keys import Cause
from reconciler.core.knowledge import Knowledge
from reconciler.core.steps import Action, Reason, Step


def keep_pace(steps: Iterable[Step], known: Knowledge) -> tuple[Step, ...]:
    """Hold the rotations of a provider that are beyond what its manifest allows in one run."""
    found = tuple(steps)
    for name, tenant in known.tenants.items():
        most = tenant.provider.max_rotations
        if most is not None:
            found = _bounded(found, known, name, most)
    return found


def _bounded(
    steps: tuple[Step, ...], known: Knowledge, provider: str, most: int
) -> tuple[Step, ...]:
    mine = [step for step in steps if step.provider == provider and _by_the_clock(step)]
    late = {id(step) for step in sorted(mine, key=lambda step: _urgency(step, known))[most:]}
    sentence = f"it waits for a later run, since `max_rotations` of '{provider}' is {most}"
    return tuple(
        replace(
            step,
            action=Action.HOLD,
            reason=Reason.TOO_MANY,
            sentence=f"{step.sentence}; {sentence}",
            overlap=None,
            replaces=None,
            number=step.replaces,
            due_at=None,
        )
        if id(step) in late
        else step
        for step in steps
    )


def _by_the_clock(step: Step) -> bool:
    return step.action is Action.ROTATE and step.cause is Cause.CLOCK


def _urgency(step: Step, known: Knowledge) -> tuple[bool, datetime, str]:
    """What has expired goes first, then what has been due the longest."""
    key, row = known.keys[step.address], known.rows[step.address]
    due = known.situation(key, row).due
    return step.reason is not Reason.EXPIRED, due.at if due else known.now, step.address
