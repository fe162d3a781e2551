"""How fast one provider may be asked: calls at once, calls per second, and a gate shut by 429."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from reconciler.http.limits import Limits
from reconciler.interfaces.clock import Clock


class Throttle:
    """One provider's brake. A slow provider does not slow the others."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._places = asyncio.Semaphore(limits.concurrency)
        self._spacing = timedelta(seconds=1 / limits.rate) if limits.rate else timedelta()
        self._horizon = self._spacing * limits.concurrency
        self._longest = timedelta(seconds=limits.longest_hold)
        self._next = datetime.min.replace(tzinfo=clock.now().tzinfo)
        self._gate = self._next

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, for the gate and for this call's turn; hold the place meanwhile."""
        async with self._places:
            await self._pass_gate()
            await self._take_turn()
            yield

    def hold(self, seconds: float) -> None:
        """Shut the gate for everybody who has not started yet."""
        self._gate = max(self._gate, self._clock.now() + timedelta(seconds=seconds))

    async def _pass_gate(self) -> None:
        while (wait := self._gate - self._clock.now()) > timedelta():
            if wait > self._longest:  # the clock was set back: an old gate means nothing now
                self._gate = self._clock.now()
                return
            await self._clock.sleep(wait.total_seconds())

    async def _take_turn(self) -> None:
        """Give turns evenly spaced; no turn is further away than there are callers to wait."""
        if not self._spacing:
            return
        now = self._clock.now()
        turn = min(max(self._next, now), now + self._horizon)
        self._next = turn + self._spacing
        if turn > now:
            await self._clock.sleep((turn - now).total_seconds())
