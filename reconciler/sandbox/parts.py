"""What every endpoint of the sandbox may use, and what each spoken system brings with it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from reconciler.sandbox import SandboxAccount
from reconciler.sandbox.accounts import Accounts
from reconciler.sandbox.clock import SandboxClock
from reconciler.sandbox.database import Database
from reconciler.sandbox.faults import FaultBox
from reconciler.sandbox.request_log import RequestLog

ControlAction = Callable[[Request, dict[str, Any]], object]
ControlRoute = tuple[str, str, ControlAction]
"""Method, path below the system's own part of the control endpoints, and what is done."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one open sandbox."""

    database: Database
    clock: SandboxClock
    accounts: Accounts
    faults: FaultBox
    log: RequestLog


def _nothing_to_control(_: Parts) -> list[ControlRoute]:
    return []


def _nothing_built_in(_: Parts) -> None:
    pass


@dataclass(frozen=True, slots=True)
class System:
    """One spoken system: its endpoints, its tables, and how its built-in superuser gets in.

    `credentials` gives what a client needs, by the names that the system's dialect asks for; it may
    create what is missing, such as a management key. `control` lists what a test may do to this
    system alone, below /_sandbox/ and the system's name. `keep_built_in` makes sure that what every
    sandbox of this system has is there; it runs at every opening and after every reset.
    """

    routes: Callable[[Parts], list[Route]]
    tables: str
    emptied_by_reset: tuple[str, ...]
    credentials: Callable[[Parts, SandboxAccount], dict[str, str]]
    control: Callable[[Parts], list[ControlRoute]] = _nothing_to_control
    keep_built_in: Callable[[Parts], None] = _nothing_built_in
