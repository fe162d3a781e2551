"""Rate limits of keys: so many uses of one key a minute, for the systems that enforce one.

It must not know how a system words a refusal; it tells for how long to wait.
"""

import sqlite3
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request

from reconciler.sandbox.instants import load_instant, store_instant
from reconciler.sandbox.parts import ControlRoute, Parts

# No contract gives a number. This one stands in nobody's way until the control endpoint lowers it.
USUAL_LIMIT = 60_000
_WINDOW = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


def take_turn(db: sqlite3.Connection, system: str, key_id: str, now: datetime) -> int:
    """Count one use of a key; give 0, or the seconds to wait where it was one too many."""
    found = db.execute(
        "SELECT started_at, uses FROM rate_windows WHERE system = ? AND key_id = ?",
        (system, key_id),
    ).fetchone()
    left = load_instant(found["started_at"]) + _WINDOW - now if found else timedelta()
    # More than a whole window is left only where the sandbox's time was set back.
    if not timedelta() < left <= _WINDOW:
        started = (system, key_id, store_instant(now))
        db.execute("INSERT OR REPLACE INTO rate_windows VALUES (?, ?, ?, 1)", started)
    elif found["uses"] < _limit_of(db, system):
        counted = "UPDATE rate_windows SET uses = uses + 1 WHERE system = ? AND key_id = ?"
        db.execute(counted, (system, key_id))
    else:
        return -(-left // _SECOND)
    return 0


def limit_route(parts: Parts, system: str) -> ControlRoute:
    """Make the control route that sets how often a minute each key of a system may be used."""

    def change(_: Request, body: dict[str, Any]) -> object:
        limit = body["per_minute"]
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise ValueError("per_minute is a whole number from 1 up")
        with parts.database.write() as db:
            db.execute("INSERT OR REPLACE INTO rate_limits VALUES (?, ?)", (system, limit))
        return {"per_minute": limit}

    return "PUT", "rate-limit", change


def _limit_of(db: sqlite3.Connection, system: str) -> int:
    query = "SELECT per_minute FROM rate_limits WHERE system = ?"
    found = db.execute(query, (system,)).fetchone()
    return int(found["per_minute"]) if found else USUAL_LIMIT
