"""Many waiting writes, one commit: what is waiting when the thread is free goes in together.

A write to disk costs the same for one row as for a thousand. Nobody waits for company: the first
one goes at once, and whoever comes meanwhile shares the next commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from copy import copy
from threading import Lock
from typing import TypeAlias, final

from reconciler.backends.changes import Change
from reconciler.errors import StateError

Commit: TypeAlias = Callable[[Sequence[Change]], Sequence[StateError | None]]


@final
class GroupWriter:
    """Takes changes from any number of tasks, and hands them in groups to one thread."""

    def __init__(self, thread: Executor, commit: Commit) -> None:
        self._thread = thread
        self._commit = commit
        self._waiting: list[tuple[Change, Future[None]]] = []
        self._guard = Lock()

    async def write(self, change: Change) -> None:
        """Return once the change is durable; raise what became of it, and of nothing else.

        Whoever is cancelled here must take the change as maybe recorded.
        """
        done: Future[None] = Future()
        with self._guard:
            if not self._waiting:
                self._thread.submit(self._drain)
            self._waiting.append((change, done))
        await asyncio.wrap_future(done)

    def _drain(self) -> None:
        with self._guard:
            waiting, self._waiting = self._waiting, []
        group = [pair for pair in waiting if pair[1].set_running_or_notify_cancel()]
        if not group:
            return
        for (_, done), outcome in zip(group, self._outcomes(group), strict=True):
            if outcome is None:
                done.set_result(None)
            else:
                done.set_exception(outcome)

    def _outcomes(
        self, group: Sequence[tuple[Change, Future[None]]]
    ) -> Sequence[BaseException | None]:
        try:
            return self._commit([change for change, _ in group])
        except Exception as error:  # noqa: BLE001 - a waiter must never be left waiting
            # One each: an exception gathers the traceback of every task that raises it.
            return [copy(error) for _ in group]
