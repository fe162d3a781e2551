"""What every endpoint of the sandbox may use, whichever system it belongs to."""

from dataclasses import dataclass

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
