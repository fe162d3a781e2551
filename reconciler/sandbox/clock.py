"""The sandbox's time: the caller's clock, which the control endpoint may shift or stop.

A shift is kept in the database, so that time does not jump back when a killed sandbox restarts.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from reconciler.sandbox.database import Database
from reconciler.sandbox.instants import load_instant, store_instant

_SETTING = "clock"


class SandboxClock:
    """Tells the time to every endpoint."""

    def __init__(self, now: Callable[[], datetime], database: Database) -> None:
        self._now = now
        self._database = database
        kept = json.loads(database.setting(_SETTING, lambda: "{}"))
        self._offset = timedelta(seconds=kept.get("offset_seconds", 0))
        self._fixed = load_instant(kept["fixed"]) if kept.get("fixed") else None

    def now(self) -> datetime:
        """Give the sandbox's present instant, in UTC."""
        if self._fixed is not None:
            return self._fixed
        return self._now().astimezone(UTC) + self._offset

    def shift(self, offset: timedelta) -> None:
        """Run ahead of (or behind) the caller's clock."""
        self._set(None, offset)

    def stop_at(self, at: datetime) -> None:
        """Stand still at an instant."""
        self._set(at.astimezone(UTC), timedelta())

    def restore(self) -> None:
        """Follow the caller's clock again."""
        self._set(None, timedelta())

    def _set(self, fixed: datetime | None, offset: timedelta) -> None:
        self._fixed, self._offset = fixed, offset
        kept = {
            "fixed": store_instant(fixed) if fixed else None,
            "offset_seconds": offset.total_seconds(),
        }
        self._database.change_setting(_SETTING, json.dumps(kept))
