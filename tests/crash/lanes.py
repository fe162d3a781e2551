"""Cases side by side: each lane makes its own, one after another, and forks runs for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from queue import Queue
from typing import TypeVar

from tests.crash.killpoints import Point
from tests.crash.stage import Case, Zygote, make_case
from tests.sandbox_process import SandboxProcess

T = TypeVar("T")
LANES = 2
"""Cases that run side by side, each with a process of its own to fork from."""


class Lane:
    """Makes cases, one after another."""

    def __init__(self, folder: Path, sandbox: SandboxProcess, zygote: Zygote) -> None:
        self._folder, self._sandbox, self._zygote = folder, sandbox, zygote
        self._numbers = count()
        self._case: Case | None = None

    def case(self, manifest: str) -> Case:
        self.close()
        folder = self._folder / str(next(self._numbers))
        self._case = make_case(folder, self._sandbox, self._zygote, manifest)
        return self._case

    def close(self) -> None:
        if self._case is not None:
            self._case.api.close()


class Bench:
    """Spreads work over the lanes."""

    def __init__(self, lanes: list[Lane]) -> None:
        self._free: Queue[Lane] = Queue()
        for lane in lanes:
            self._free.put(lane)

    def one(self, work: Callable[[Lane], T]) -> T:
        lane = self._free.get()
        try:
            return work(lane)
        finally:
            self._free.put(lane)

    def each(self, points: Iterable[Point], work: Callable[[Lane, Point], None]) -> None:
        with ThreadPoolExecutor(LANES) as pool:
            for done in [pool.submit(self.one, partial(_swap, work, p)) for p in points]:
                done.result()


def _swap(work: Callable[[Lane, Point], None], point: Point, lane: Lane) -> None:
    work(lane, point)
