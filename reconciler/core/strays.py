"""Where keys carry no mark: which unrecorded keys a lost create may have made.

A guess by elimination, never a proof: a stray was not there before, was never used, and appeared in
the time in which it would have. What may be done about it, planning decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from reconciler.core.observed import LiveKey
from reconciler.core.recorded import Intent, RetiredOp

LATE_LANDING = timedelta(hours=24)
"""How long a create that got no answer may still take effect."""
CLOCKS_APART = timedelta(minutes=5)
_SHOWN = 5


def could_be_of(intent: Intent, live: LiveKey) -> bool:
    """Whether an interrupted create may have made this unrecorded key."""
    earliest, latest = intent.started_at - CLOCKS_APART, intent.started_at + LATE_LANDING
    made_then = live.created_at is None or earliest <= live.created_at <= latest
    return made_then and live.id not in intent.seen and _untouched(live)


def could_be_late(retired: RetiredOp, live: LiveKey) -> bool:
    """Whether a create that was given up may have made this unrecorded key after all.

    `seen` has every key that was there when it was given up.
    """
    in_time = live.created_at is None or live.created_at <= retired.retired_at + LATE_LANDING
    return in_time and not retired.released and live.id not in retired.seen and _untouched(live)


def _untouched(live: LiveKey) -> bool:
    return live.last_used_at is None and live.held_by is None


def evidence_of(suspects: Iterable[LiveKey]) -> str:
    """Name suspects with what speaks against them: id, creation, and that nobody used them."""
    told = sorted(_describe(live) for live in suspects)
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return f"{', '.join(told[:_SHOWN])}{more}"


def _describe(live: LiveKey) -> str:
    born = f"created {_minute(live.created_at)}, " if live.created_at else ""
    return f"{live.id} ({born}never used)"


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
