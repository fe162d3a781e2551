"""The end of a version that has a successor: on evidence, never by the calendar alone.

Its overlap says until when it works at least. It goes once its successor is stored, deployed, tried
out and used, and once nobody has used the old one for a while; until then it is held, and the plan
says what for. Switched off first where that can be undone, and deleted later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.core.desired import DesiredKey, Rotation
from reconciler.core.keys import Cause, Stage
from reconciler.core.observed import LiveKey, LiveStatus
from reconciler.core.recorded import Version
from reconciler.core.renewal import minute
from reconciler.core.revoked import still_works
from reconciler.core.situation import (
    Finding,
    Situation,
    hold,
    stands,
    wants,
)
from reconciler.core.steps import Action, Reason
from reconciler.core.tenant import Effect
from reconciler.core.usage import never_used, used_by_others

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """The version in use: whether its secret is what consumers read, and it counts everywhere.

    `proven`: it was seen to work, by us or by somebody who used it. `tells_use`: its API says when
    it was used, by a clock that is `clock_ahead` of ours.
    """

    version: Version
    live: LiveKey | None
    stored: bool
    effect: Effect
    proven: bool
    tells_use: bool = True
    clock_ahead: timedelta | None = None

    @property
    def used(self) -> bool:
        """Whether consumers use it, as far as that can be told at all."""
        if not self.tells_use:
            return True
        return self.live is not None and used_by_others(self.live, self.version, self.clock_ahead)


def retire(s: Situation, successor: Successor | None) -> Finding | None:
    """Decide on an older version; None while it simply works on, or waits to be deleted."""
    if (found := still_works(s) or _without_knowledge(s)) is not None:
        return found
    if s.version is None:
        return None
    if s.version.stage is Stage.DISABLED:
        return _switched_on_again(s) or _delete_due(s)
    if s.key is None and s.row is not None and s.row.protect:
        return None
    if s.key is None:
        return _end(s, Cause.CONFIG, "it is not in the manifest any more", Reason.UNDECLARED)
    if not stands(s, LiveStatus.ACTIVE):
        off = _end(s, Cause.CLOCK, f"v{s.version.number} works no more, and is only kept for undo")
        return replace(off, impact=None)
    if wants(s, enabled=False):
        return _end(s, Cause.CONFIG, "`enabled` is false")
    return _on_evidence(s, successor) if successor else None


def _without_knowledge(s: Situation) -> Finding | None:
    """What is to be said of a version that is not shown as living."""
    if s.version is None or s.live is not None:
        return None
    if s.absent:
        return _gone(s, s.version)
    if s.unread is not None:
        return hold(Reason.UNREADABLE, f"v{s.version.number} is not decided: {s.unread}")
    if s.lagging:
        return None
    sentence = f"v{s.version.number} is not listed, and could not be confirmed gone"
    return hold(Reason.UNCONFIRMED, sentence)


def _gone(s: Situation, version: Version) -> Finding:
    said = f"v{version.number} is gone at the API"
    if s.dying is Effect.THEIR_DEPLOY:
        sentence = f"{said}, and works on until a deploy, which the manifest leaves to others"
        return hold(Reason.NOT_DEPLOYED, sentence, Cause.CONFIG)
    rest = "and works on until a deploy" if s.dying is Effect.OUR_DEPLOY else "so is its secret now"
    return Finding(Action.DELETE, Cause.DRIFT, Reason.ALREADY_GONE, f"{said}, {rest}")


def _switched_on_again(s: Situation) -> Finding | None:
    if s.version is None or not stands(s, LiveStatus.ACTIVE):
        return None
    way_out = "disable it there, or bring it back with `keywright undo`"
    sentence = f"v{s.version.number} was retired, and somebody switched it on again: {way_out}"
    return hold(Reason.ENABLED_OUTSIDE, sentence)


def _delete_due(s: Situation) -> Finding | None:
    version = s.version
    if version is None or version.delete_at is None or version.delete_at > s.now:
        return None
    return Finding(
        Action.DELETE,
        Cause.CLOCK,
        Reason.SUPERSEDED,
        f"v{version.number} was replaced, and its time for undo ended {minute(version.delete_at)}",
        "the old key cannot be brought back",
    )


def _end(s: Situation, cause: Cause, sentence: str, reason: Reason = Reason.SUPERSEDED) -> Finding:
    """Switch it off now and delete it later; at once where off is final, or nothing is kept."""
    able, row, version = s.able, s.row, s.version
    undoable = able is not None and able.can_disable and able.can_enable
    gentle = undoable and row is not None and row.delete_after > timedelta(0)
    deploys = able is not None and able.on_deploy
    when = "with the next deploy" if deploys else "at once"
    number = version.number if version else 0
    action = Action.RETIRE if gentle else Action.DELETE
    impact = f"v{number} stops working {when}" if stands(s, LiveStatus.ACTIVE) else None
    return Finding(action, cause, reason, sentence, impact)


def _on_evidence(s: Situation, successor: Successor) -> Finding | None:
    version = s.version
    if version is None or s.key is None:
        return None
    ends = retires_at(version, successor.version, s.key)
    if ends is None or ends > s.now or not _has_taken_over(s, successor):
        return None  # the overlap is not over, or what is wrong with its successor is told there
    said = f"v{successor.version.number} has taken over, and the overlap ended {minute(ends)}"
    return _not_ready(s, successor) or _unless_missed(s, version, successor, ends, said)


def _has_taken_over(s: Situation, successor: Successor) -> bool:
    """Whether the secret of the version in use is what consumers read, and it works."""
    off = s.row is not None and s.row.disabled_by_us
    live = successor.live
    return successor.stored and live is not None and (off or live.status is LiveStatus.ACTIVE)


def retires_at(version: Version, current: Version, key: DesiredKey) -> datetime | None:
    """When a version may go at the earliest; None as long as consumers were not told of the next.

    Where they need not be told any more, the overlap counts from when they were pointed to it.
    """
    if version.retire_at is not None:
        return version.retire_at
    told = current.announced_at
    if told is None and key.on_promoted is None:
        told = current.promoted_at
    if told is None:
        return None
    return told + (version.overlap if version.overlap is not None else key.rotation.overlap)


def _not_ready(s: Situation, successor: Successor) -> Finding | None:
    number = s.version.number if s.version else 0
    new = f"v{successor.version.number}"
    if successor.effect is not Effect.NOW:
        wait = f"v{number} stays until {new} is deployed everywhere"
        return hold(Reason.NOT_DEPLOYED, wait, Cause.CONFIG)
    told = successor.version.announced_at is not None or successor.version.promoted_at is None
    if s.key is not None and s.key.on_promoted is not None and not told:
        wait = f"v{number} stays until consumers were told of {new}"
        return hold(Reason.NOT_ANNOUNCED, wait, Cause.CONFIG)
    if not successor.proven:
        return hold(Reason.UNPROVEN, f"v{number} stays until {new} was seen to work", Cause.CLOCK)
    return None


def _unless_missed(
    s: Situation, version: Version, successor: Successor, ends: datetime, said: str
) -> Finding:
    """End it, unless somebody would miss it; a hold has an end where the manifest gives it one."""
    missed = _still_needed(s, version, successor)
    longest = s.key.rotation.hold_at_most if s.key else None
    if missed is None:
        return _end(s, Cause.CLOCK, said)
    reason, why, wait = missed
    if longest is None or s.now < ends + longest:
        until = "" if longest is None else f"; it is held until {minute(ends + longest)} at most"
        return hold(reason, f"{why}; {wait}{until}", Cause.CLOCK)
    given_up = f"{why}, but `hold_at_most` ended {minute(ends + longest)}"
    return _end(s, Cause.CLOCK, given_up)


def _still_needed(
    s: Situation, version: Version, successor: Successor
) -> tuple[Reason, str, str] | None:
    """Say why somebody may still need the old secret, as far as the API tells, and until when."""
    if s.key is None or s.live is None or s.able is None or not s.able.tells_last_use:
        return None
    if never_used(s.live, version):
        return None  # so that nobody can miss it
    idle, used = idle_of(version, s.key.rotation), s.live.last_used_at
    if used is not None and s.now < used + idle:
        why = f"v{version.number} was still used on {minute(used)}"
        return Reason.STILL_USED, why, f"it stays until it was idle for {span(idle)}"
    if not successor.used:
        why = f"v{successor.version.number} was not used yet, but by our own probe"
        return Reason.NOT_USED_YET, why, f"v{version.number} stays until it was"
    return None


def idle_of(version: Version, rotation: Rotation) -> timedelta:
    """How long a version has to be unused: no longer than an overlap that a person cut short."""
    overlap = version.overlap
    if overlap is None or overlap >= rotation.overlap:
        return rotation.idle
    return min(rotation.idle, overlap)


def span(length: timedelta) -> str:
    """Word a span as the manifest does."""
    if length >= _DAY and length % _DAY == timedelta(0):
        return f"{length // _DAY}d"
    return f"{length / _HOUR:g}h"


def unannounced(s: Situation) -> Finding | None:
    """Consumers are yet to be told of the version in use."""
    version, key = s.version, s.key
    if key is None or version is None or key.on_promoted is None:
        return None
    if version.promoted_at is None or version.announced_at is not None or wants(s, enabled=False):
        return None
    return Finding(
        Action.NOTIFY,
        Cause.RECOVERY,
        Reason.NOT_ANNOUNCED,
        f"consumers were not told of v{version.number} yet, by {key.on_promoted}",
    )


def idle_since(s: Situation) -> str | None:
    """Say so where nobody but our own probe has used a key for longer than the manifest wants."""
    key, live, version = s.key, s.live, s.version
    if key is None or live is None or version is None or key.unused_after is None:
        return None
    if s.able is None or not s.able.tells_last_use:
        return None
    after = span(key.unused_after)
    if never_used(live, version):
        made = version.created_at
        return f"nobody ever used it in {after}" if made + key.unused_after <= s.now else None
    used = live.last_used_at
    if used is None or used + key.unused_after > s.now:
        return None
    return f"nobody has used it for {after}, since {minute(used)}"
