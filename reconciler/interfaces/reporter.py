"""Who is told how a run goes: a progress bar, plain lines in CI, or nobody."""

from __future__ import annotations

from typing import Protocol

from reconciler.core.steps import Result, Step


class Reporter(Protocol):
    """Listens to a run. Nothing that it is told can hold a secret."""

    def reading(self, provider: str, seen: int, total: int) -> None:
        """A list is being read: `seen` of `total` keys so far."""
        ...

    def applying(self, total: int) -> None:
        """The walk begins, over this many steps."""
        ...

    def started(self, step: Step) -> None:
        """A step begins."""
        ...

    def finished(self, result: Result) -> None:
        """A step ended, one way or another."""
        ...

    def waiting(self, step: Step, reason: str) -> None:
        """A step waits for something: propagation, a throttled provider."""
        ...
