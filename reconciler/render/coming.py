"""What happens next to a version, and when: the NEXT column of a status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias, TypedDict

from reconciler.core.keys import Address, Stage
from reconciler.core.recorded import Version
from reconciler.core.steps import Action, Remark, Scheduled
from reconciler.render.values import as_utc, word_soon

NextSteps: TypeAlias = Mapping[tuple[Address, int], Scheduled]
"""By key and number of the version, the nearest that a plan foresees."""


class Beside(TypedDict, total=False):
    """What a status tells beside the record and what was observed.

    `scheduled` and `remarks` are those of a plan. With `within`, only versions that end in that
    span from now, or have ended. `expiring_providers` are those whose keys can expire at all.
    """

    scheduled: Sequence[Scheduled]
    remarks: Sequence[Remark]
    within: timedelta | None
    expiring_providers: frozenset[str] | None


class Event(StrEnum):
    """What can happen to a version by itself."""

    ROTATE = "rotate"
    STOP = "stop"
    TELL = "tell"
    DESTROY = "destroy"
    EXPIRE = "expire"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Coming:
    """What happens next; `at` at the earliest, None where it waits for something else than time."""

    event: Event
    at: datetime | None


_EVENTS: Final = {
    Action.ROTATE: Event.ROTATE,
    Action.RETIRE: Event.STOP,
    Action.DELETE: Event.DESTROY,
}
_WORDS: Final = {
    Event.ROTATE: ("rotate", "rotation due"),
    Event.STOP: ("stops", "due to stop"),
    Event.TELL: ("stops once told", "stops once told"),
    Event.DESTROY: ("destroyed", "due to be destroyed"),
    Event.EXPIRE: ("expires", "expired"),
    Event.OTHER: ("due", "due"),
}


def next_steps(scheduled: Iterable[Scheduled]) -> NextSteps:
    """Give for each version the nearest of what is scheduled for it."""
    found: dict[tuple[Address, int], Scheduled] = {}
    for each in sorted(scheduled, key=lambda each: as_utc(each.at)):
        found.setdefault((each.address, each.number), each)
    return found


def coming(
    version: Version, scheduled: Scheduled | None, expires_at: datetime | None
) -> Coming | None:
    """Give what comes first: what a plan foresees, what is recorded, or the end of the key."""
    first = _foreseen(scheduled) or _recorded(version)
    if version.stage in {Stage.GONE, Stage.DISABLED} or expires_at is None:
        return first
    if first is None or first.at is None or as_utc(expires_at) < as_utc(first.at):
        return Coming(Event.EXPIRE, expires_at)
    return first


def word_coming(what: Coming | None, now: datetime) -> str:
    """Write it for a narrow column: `rotate in 12d`, `stops in 1d 4h`."""
    if what is None:
        return "-"
    ahead, due = _WORDS[what.event]
    if what.at is None:
        return ahead
    return due if as_utc(what.at) <= as_utc(now) else f"{ahead} {word_soon(what.at, now)}"


def _foreseen(scheduled: Scheduled | None) -> Coming | None:
    if scheduled is None:
        return None
    return Coming(_EVENTS.get(scheduled.action, Event.OTHER), scheduled.at)


def _recorded(version: Version) -> Coming | None:
    if version.stage is Stage.RETIRING:
        event = Event.TELL if version.retire_at is None else Event.STOP
        return Coming(event, version.retire_at)
    if version.stage is Stage.DISABLED and version.delete_at is not None:
        return Coming(Event.DESTROY, version.delete_at)
    return None
