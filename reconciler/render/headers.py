"""The heading of a step: which key, or which version of it, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from reconciler.core.steps import PROVIDERS, Action, Reason, Step
from reconciler.render.escaping import LONGEST_NAME, cut
from reconciler.render.looks import LOOKS
from reconciler.render.values import word_overlap, word_time

_STAYS: Final = frozenset(
    {
        Reason.STILL_USED,
        Reason.NOT_USED_YET,
        Reason.NOT_ANNOUNCED,
        Reason.UNPROVEN,
        Reason.ENABLED_OUTSIDE,
    }
)
"""Why an old version that was to go is still there: it waits for evidence."""

_OFF_ALREADY: Final = frozenset({Reason.COMPROMISED, Reason.REVOKED})


def subject(step: Step) -> str:
    """Name the key, and its version where only an old one of it is meant."""
    address = cut(step.address.replace(PROVIDERS, "provider "), LONGEST_NAME)
    if _names_version(step):
        address = f"{address} v{step.number}"
    return f"{address}:" if step.action is Action.NOTIFY else address


def aside(step: Step) -> str:
    """Say of a rotation how long the old key works. What follows ends the line, for tools."""
    ends = _old_key_ends(step) if step.action is Action.ROTATE else None
    return f" ({ends})" if ends else ""


def words(step: Step) -> str:
    """Say what becomes of it."""
    if step.action is Action.RETIRE and step.due_at:
        return f"will be disabled now, and destroyed after {word_time(step.due_at)}"
    if _stays(step):
        return "stays for now"
    return LOOKS[step.action].header


def _names_version(step: Step) -> bool:
    if step.number is None:
        return False
    if step.reason is Reason.CONDEMNED:
        return step.key_id is not None
    superseded = step.reason is Reason.SUPERSEDED
    return superseded or step.action is Action.REVOKE or _stays(step)


def _stays(step: Step) -> bool:
    return step.action is Action.HOLD and step.number is not None and step.reason in _STAYS


def _old_key_ends(step: Step) -> str | None:
    if step.reason in _OFF_ALREADY:
        return "old key is revoked"
    if step.overlap is not None and step.overlap <= timedelta():
        return "old key stops once the new one is in use"
    if step.due_at is not None:
        return f"old key works until {word_time(step.due_at)}"
    if step.overlap is None:
        return None
    return f"old key works until consumers are told, and for {word_overlap(step.overlap)} after"
