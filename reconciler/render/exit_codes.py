"""What a run says to whoever started it. The most serious wins: 130, 3, 4, 1, 2, 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reconciler.core.steps import Outcome, Plan, Result

DONE: Final = 0
ERROR: Final = 1
PENDING: Final = 2
REFUSED: Final = 3
PARTLY: Final = 4
INTERRUPTED: Final = 130


def plan_exit_code(plan: Plan, refusals: Sequence[str], *, detailed: bool) -> int:
    """Tell how a plan went. Pending changes, and holds, are told only where asked for."""
    if refusals:
        return REFUSED
    if not plan.complete:
        return ERROR
    return PENDING if detailed and plan.steps else DONE


def apply_exit_code(results: Sequence[Result], *, refused: bool, interrupted: bool) -> int:
    """Tell how an apply went; `refused` is a guard's no, not that of one API to one step."""
    if interrupted:
        return INTERRUPTED
    if refused:
        return REFUSED
    done = sum(result.outcome is Outcome.DONE for result in results)
    if done == len(results):
        return DONE
    return PARTLY if done else ERROR
