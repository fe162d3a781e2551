"""Time, as the engine may know it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """A clock that a simulation can own."""

    def now(self) -> datetime:
        """Give the time: aware, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
