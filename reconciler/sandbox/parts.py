"""What every endpoint of the sandbox may use, and what each spoken system brings with it."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.routing import Route

from reconciler.sandbox import SandboxAccount
from reconciler.sandbox.accounts import Accounts
from reconciler.sandbox.clock import SandboxClock
from reconciler.sandbox.database import Database
from reconciler.sandbox.faults import FaultBox
from reconciler.sandbox.request_log import RequestLog


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one open sandbox."""

    database: Database
    clock: SandboxClock
    accounts: Accounts
    faults: FaultBox
    log: RequestLog


@dataclass(frozen=True, slots=True)
class System:
    """One spoken system: its endpoints, its tables, and how its built-in superuser gets in.

    `credentials` gives what a client needs, by the names that the system's dialect asks for; it may
    create what is missing, such as a management key.
    """

    routes: Callable[[Parts], list[Route]]
    tables: str
    emptied_by_reset: tuple[str, ...]
    credentials: Callable[[Parts, SandboxAccount], dict[str, str]]
