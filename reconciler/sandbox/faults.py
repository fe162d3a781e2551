"""Faults on demand: which request meets which fault, before or after its effect.

It decides; `mishaps` carries the fault out. It must not know any system's endpoints.
"""

import itertools
import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["latency", "status", "cut", "html", "garbage", "truncate"]
When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, for which requests, and how often (None: for ever)."""

    kind: Kind
    path: re.Pattern[str]
    method: str | None = None
    when: When = "before"
    times: int | None = 1
    status: int = 503
    retry_after: int | None = None
    seconds: float = 0.0

    def concerns(self, method: str, path: str) -> bool:
        """Tell whether a request meets this fault."""
        return self.method in (None, method) and self.path.search(path) is not None


@dataclass(slots=True)
class Armed:
    """A fault that waits for its requests, and how many it has met."""

    id: int
    fault: Fault
    met: int = 0

    @property
    def is_spent(self) -> bool:
        """Tell whether the fault has happened as often as was asked."""
        return self.fault.times is not None and self.met >= self.fault.times


@dataclass(frozen=True, slots=True)
class Meeting:
    """The faults that one request meets: waits on both sides, and at most one that spoils it."""

    wait_before: float = 0.0
    wait_after: float = 0.0
    spoiler: Fault | None = None


class FaultBox:
    """Every fault that was asked for, in that order."""

    def __init__(self) -> None:
        self._armed: dict[int, Armed] = {}
        self._ids = itertools.count(1)

    def arm(self, fault: Fault) -> Armed:
        """Let a fault wait for its requests."""
        armed = Armed(next(self._ids), fault)
        self._armed[armed.id] = armed
        return armed

    def disarm(self, fault_id: int) -> bool:
        """Forget one fault; tell whether it was there."""
        return self._armed.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Forget every fault."""
        self._armed.clear()

    def all(self) -> list[Armed]:
        """List every fault, the spent ones too, for whoever counts them."""
        return list(self._armed.values())

    def meet(self, method: str, path: str) -> Meeting | None:
        """Count this request against the faults that concern it; None when there are none."""
        waits = {"before": 0.0, "after": 0.0}
        spoiler: Fault | None = None
        has_met = False
        for armed in self._armed.values():
            fault = armed.fault
            if armed.is_spent or not fault.concerns(method, path):
                continue
            if fault.kind == "latency":
                waits[fault.when] += fault.seconds
            elif spoiler is None:
                spoiler = fault
            else:
                continue
            armed.met += 1
            has_met = True
        return Meeting(waits["before"], waits["after"], spoiler) if has_met else None
