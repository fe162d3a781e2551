"""The sentences with which every backend says no, so that they all say it alike."""

from __future__ import annotations

from enum import StrEnum

from reconciler.errors import StateError, StateLockedError, StateMissingError
from reconciler.interfaces.backend import Holder


class Life(StrEnum):
    """What we can see of the process that holds a lock, and how it is told."""

    RUNNING = ", still running"
    NOT_FOUND = ", not running under that number"
    UNSEEN = ""


_RESTORE = "Restore the state from a backup"


def no_state(stack: str, where: str) -> StateMissingError:
    """Say that a stack has no state: new, or lost."""
    return StateMissingError(
        f"there is no state for the stack {stack!r}",
        where=where,
        effect="Nothing was changed",
        remedy=f"Run `keywright init` if this stack is new; if it is not: {_lower(_RESTORE)}",
    )


def state_exists(where: str) -> StateError:
    """Say that `init` found a state."""
    return StateError(
        "there is a state here already",
        where=where,
        effect="It was left as it is",
        remedy="Run `keywright plan`; `keywright init` is for a new stack only",
    )


def wrong_stack(wanted: str, given: str, where: str) -> StateError:
    """Say that a new state is named after another stack than the backend was opened for."""
    return StateError(
        f"the state of the stack {wanted!r} cannot be made with the name {given!r}",
        where=where,
        effect="Nothing was made",
    )


def not_locked(where: str) -> StateError:
    """Say that a write came without the lock."""
    return StateError(
        "this run does not hold the lock of the state", where=where, effect="Nothing was recorded"
    )


def closed(where: str) -> StateError:
    """Say that a backend was used after `close`."""
    return StateError("this run has closed the state", where=where, effect="Nothing was done")


def locked(holder: Holder | None, life: Life, where: str) -> StateLockedError:
    """Say who holds the lock. `life` is what we can see of it."""
    return StateLockedError(
        f"another run holds the state: {_describe(holder, life)}",
        where=where,
        effect="Nothing was changed",
        remedy=_wait(holder, life),
    )


def older_holder(holder: Holder | None, where: str) -> StateLockedError:
    """Say that an incident cannot be written, since an older Keywright may be at work."""
    return StateLockedError(
        f"the state has an older format and is held: {_describe(holder, Life.UNSEEN)}",
        where=where,
        effect="The incident was not recorded, since that run may be an older Keywright",
        remedy="Stop that run or wait for its end, then try again: the state is then brought up "
        "to date by itself",
    )


def _describe(holder: Holder | None, life: Life) -> str:
    if holder is None:
        return "it has not said yet who it is"
    job = f", job {holder.job_url}" if holder.job_url else ""
    return (
        f"{holder.who} on {holder.host}, process {holder.pid}{life}, "
        f"`{holder.command}`{job}, since {holder.since.isoformat(timespec='seconds')}"
    )


def _wait(holder: Holder | None, life: Life) -> str:
    if holder is None:
        return "Try again in a moment"
    if life is Life.UNSEEN:
        return f"Wait for it to end, or stop it on {holder.host}: its lock ends with it"
    if life is Life.RUNNING:
        return f"Wait for it to end, or stop process {holder.pid}: its lock ends with it"
    # The lock is held, so some process lives: in a container, or too new to have said its name.
    return (
        "Try again in a moment. If this stays, the holder runs in a container of this host: "
        "`lslocks` names the process"
    )


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
