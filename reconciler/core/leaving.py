"""The checks on keys that left the manifest: off now, deleted later, and only then forgotten."""

from __future__ import annotations

from typing import assert_never

from reconciler.core.keys import Cause, Stage
from reconciler.core.observed import LiveStatus
from reconciler.core.situation import Finding, Situation, hold, stands
from reconciler.core.steps import Action, Reason
from reconciler.core.tenant import Effect


def never_made(s: Situation) -> Finding | None:
    """A record of nothing: its first create never came about."""
    if s.row is None or s.row.living:
        return None
    return Finding(
        Action.FORGET,
        Cause.CONFIG,
        Reason.ALREADY_GONE,
        "it left the manifest, and nothing of it exists: its record is removed",
    )


def protected(s: Situation) -> Finding | None:
    """Protection outlives the block that declared it."""
    if not (s.row and s.row.protect):
        return None
    return hold(
        Reason.PROTECTED,
        "it left the manifest but is protected: declare it with `protect: false`, apply, then "
        "remove it",
        Cause.CONFIG,
    )


def already_gone(s: Situation) -> Finding | None:
    """Nothing is left at the API; what remains is our record and the stored secret."""
    if s.version is not None and s.version.stage is not Stage.GONE and not s.absent:
        return None
    if s.row is not None and any(v.condemned for v in s.row.living):
        return None
    gone = "it left the manifest, and is gone at the API"
    match s.dying:
        case Effect.NOW:
            sentence = f"{gone}: its record and stored secret are removed"
            return Finding(Action.FORGET, Cause.CONFIG, Reason.ALREADY_GONE, sentence)
        case Effect.OUR_DEPLOY:
            sentence = f"{gone}, and works on until a deploy"
            return Finding(Action.DELETE, Cause.CONFIG, Reason.ALREADY_GONE, sentence)
        case Effect.THEIR_DEPLOY:
            sentence = f"{gone}, and works on until a deploy, which the manifest leaves to others"
            return hold(Reason.NOT_DEPLOYED, sentence, Cause.CONFIG)
        case _:
            assert_never(s.dying)


def enabled_outside(s: Situation) -> Finding | None:
    """We switched it off on its way out, and somebody switched it on again."""
    if s.version is None or s.version.stage is not Stage.DISABLED or stands(s, LiveStatus.DISABLED):
        return None
    if not stands(s, LiveStatus.ACTIVE):
        return None
    return hold(
        Reason.ENABLED_OUTSIDE,
        "it was being removed, and somebody switched it on again: declare it again, or disable it",
    )


def delete_due(s: Situation) -> Finding | None:
    """It was switched off, and the time for undoing that is over."""
    version = s.version
    if version is None or version.stage is not Stage.DISABLED or version.delete_at is None:
        return None
    if version.delete_at > s.now:
        return None
    return Finding(
        Action.DELETE,
        Cause.CLOCK,
        Reason.DELETE_DUE,
        f"it left the manifest, and its time for undo ended {version.delete_at:%Y-%m-%d %H:%M} UTC",
        "the key cannot be brought back",
    )


def undeclared(s: Situation) -> Finding | None:
    """It left the manifest: off now, deleted after `delete_after`; at once where off is final."""
    if s.version is None or s.row is None or s.version.stage is Stage.DISABLED:
        return None
    undoable = s.able is not None and s.able.can_disable and s.able.can_enable
    gentle = undoable and s.row.delete_after.total_seconds() > 0
    deploys = s.able is not None and s.able.on_deploy
    return Finding(
        Action.RETIRE if gentle else Action.DELETE,
        Cause.CONFIG,
        Reason.UNDECLARED,
        "it is not in the manifest any more",
        f"the key stops working {'with the next deploy' if deploys else 'at once'}",
    )
