"""Kill points, generated from the interfaces: before and after every method of the world.

`traced` wraps each object of a real world. Every call is written down; at the chosen one the
process kills itself with SIGKILL, so that nothing can clean up.
"""

from __future__ import annotations

import inspect
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from reconciler.engine.world import World
from reconciler.interfaces.backend import Backend
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import KeyDriver
from reconciler.interfaces.ids import Ids
from reconciler.interfaces.notifier import Notifier
from reconciler.interfaces.reporter import Reporter
from reconciler.interfaces.spool import Spool
from reconciler.interfaces.store import Store

PROTOCOLS: Mapping[str, type] = {
    "driver": KeyDriver,
    "store": Store,
    "backend": Backend,
    "spool": Spool,
    "clock": Clock,
    "ids": Ids,
    "reporter": Reporter,
    "notifier": Notifier,
}
LOOK: TypeAlias = Callable[[], Awaitable[None]]


Point: TypeAlias = tuple[str, int, str]
"""The name of a call, the how manieth of that name, and `before` or `after`."""
SILENT = frozenset(
    {
        *("clock.now", "clock.sleep", "ids.new_op"),
        *(f"reporter.{name}" for name in ("reading", "applying", "started", "finished", "waiting")),
        *("driver.survey", "driver.get", "driver.upstreams", "driver.deployment"),
        *("store.heads", "store.preflight", "store.verify", "store.fetch", "store.read"),
        *("backend.read", "backend.incidents", "spool.view", "spool.take"),
    }
)
"""What leaves no trace in the world, so that nothing is different after it."""


def instants(points: Sequence[Point], *, every_kind: bool = True) -> list[Point]:
    """Leave out the points at which the world is as it was at one that is kept.

    That is before a call that begins right after another one ended, and around what leaves no
    trace. With `every_kind`, the first point of each method and side is kept in any case.
    """
    kept: list[Point] = []
    kinds: set[tuple[str, str]] = set()
    for place, (point, number, when) in enumerate(points):
        follows = place > 0 and points[place - 1][2] == "after"
        same = point in SILENT or (when == "before" and follows)
        if not same or (every_kind and (point, when) not in kinds):
            kept.append((point, number, when))
        kinds.add((point, when))
    return kept


def methods_of(protocol: type) -> frozenset[str]:
    """List what an interface declares, properties aside, inherited readers included."""
    return frozenset(
        name
        for name, member in inspect.getmembers(protocol)
        if inspect.isfunction(member) and not name.startswith("_")
    )


@dataclass
class Tracer:
    """Counts calls, writes each to a file, kills at one of them, and looks around after effects."""

    log: Path
    kill: tuple[str, int, str] | None
    look: LOOK | None = None
    counts: Counter[str] = field(default_factory=Counter)

    def reached(self, point: str, when: str) -> None:
        if when == "before":
            self.counts[point] += 1
        with self.log.open("a") as log:
            log.write(f"{point} {self.counts[point]} {when}\n")
        if self.kill == (point, self.counts[point], when):
            os.kill(os.getpid(), signal.SIGKILL)


class Traced:
    """One object of the world, every method of its interface bracketed by kill points."""

    def __init__(self, role: str, real: object, tracer: Tracer) -> None:
        self._role, self._real, self._tracer = role, real, tracer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands for any method
        member = getattr(self._real, name)
        if name not in methods_of(PROTOCOLS[self._role]):
            return member
        point = f"{self._role}.{name}"
        if inspect.iscoroutinefunction(member):
            return self._awaited(point, member)
        return self._called(point, member)

    def _called(self, point: str, member: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            self._tracer.reached(point, "before")
            value = member(*args, **kwargs)
            self._tracer.reached(point, "after")
            return value

        return call

    def _awaited(self, point: str, member: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            self._tracer.reached(point, "before")
            value = await member(*args, **kwargs)
            if self._tracer.look is not None and self._role in {"driver", "store"}:
                await self._tracer.look()
            self._tracer.reached(point, "after")
            return value

        return call


def traced(world: World, tracer: Tracer) -> World:
    """Give the same world with kill points around everything in it."""

    def wrap(role: str, real: object) -> Any:  # noqa: ANN401
        return Traced(role, real, tracer)

    return replace(
        world,
        drivers={name: wrap("driver", real) for name, real in world.drivers.items()},
        stores={name: wrap("store", real) for name, real in world.stores.items()},
        backend=wrap("backend", world.backend),
        spool=wrap("spool", world.spool),
        clock=wrap("clock", world.clock),
        ids=wrap("ids", world.ids),
        reporter=wrap("reporter", world.reporter),
        notifier=wrap("notifier", world.notifier),
    )
