"""Consumers in memory: they remember what they were told, and can fail on demand."""

from __future__ import annotations

from collections import deque

from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown
from reconciler.interfaces.notifier import News


class MemoryNotifier:
    """A `Notifier` for tests and simulations, which outlives any process that uses it.

    `tried` is every attempt, `told` what arrived: each piece of news as often as it was told.
    """

    def __init__(self) -> None:
        self.tried: list[News] = []
        self.told: list[News] = []
        self._failures: deque[tuple[Refused | Unknown, bool]] = deque()

    def fail_next(self, *outcomes: Refused | Unknown, arrives: bool = False) -> None:
        """Let the next attempts end like this; what is unknown may have arrived all the same."""
        self._failures.extend((outcome, arrives) for outcome in outcomes)

    async def announce(self, news: News) -> Outcome[None]:
        """Remember, unless this attempt fails."""
        self.tried.append(news)
        outcome, arrives = self._failures.popleft() if self._failures else (Done(None), True)
        if arrives and not isinstance(outcome, Refused):
            self.told.append(news)
        return outcome
