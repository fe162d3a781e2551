"""Putting the sandbox together: database, clock, accounts, every system's routes, faults, log.

The only place that knows all systems. It must not decide how any of them answers.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reconciler.sandbox import PREFIXES, Sandbox, SandboxAccount
from reconciler.sandbox import schema as shared
from reconciler.sandbox.accounts import Accounts
from reconciler.sandbox.aicontroller.system import AICONTROLLER
from reconciler.sandbox.clock import SandboxClock
from reconciler.sandbox.clouisle.system import CLOUISLE
from reconciler.sandbox.control import Control
from reconciler.sandbox.database import Database
from reconciler.sandbox.dates import with_date
from reconciler.sandbox.faults import FaultBox
from reconciler.sandbox.intellithing.system import INTELLITHING
from reconciler.sandbox.itellico.system import ITELLICO
from reconciler.sandbox.mishaps import with_faults
from reconciler.sandbox.parts import ControlRoute, Parts, System
from reconciler.sandbox.passwords import RANDOM_COST
from reconciler.sandbox.pinbridge.system import PINBRIDGE
from reconciler.sandbox.request_log import RequestLog, with_log

ADMIN = "sandbox-admin"
SYSTEMS: dict[str, System] = {
    "clouisle": CLOUISLE,
    "intellithing": INTELLITHING,
    "pinbridge": PINBRIDGE,
    "itellico": ITELLICO,
    "ai-controller": AICONTROLLER,
}


def assemble(
    location: str, *, now: Callable[[], datetime] | None, control_token: str | None
) -> Sandbox:
    """Open the database and build the app around it."""
    database = Database(location, [shared.SHARED, *(system.tables for system in SYSTEMS.values())])
    clock = SandboxClock(now or _wall_clock, database)
    accounts = Accounts(database, clock)
    # Kept in the file, so that a sandbox used in process needs no credentials from anybody.
    password = database.setting("admin_password", lambda: secrets.token_hex(32))
    accounts.keep_built_in(ADMIN, password, RANDOM_COST)
    admin = SandboxAccount(ADMIN, password)
    parts = Parts(database, clock, accounts, FaultBox(), RequestLog())
    _keep_built_in(parts)
    routes = [route for system in SYSTEMS.values() for route in system.routes(parts)]
    if control_token is not None:
        emptied = [*shared.EMPTIED_BY_RESET]
        emptied += [table for system in SYSTEMS.values() for table in system.emptied_by_reset]
        own = {_place_of(name): _control(system, parts, admin) for name, system in SYSTEMS.items()}
        keep_built_in = partial(_keep_built_in, parts)
        routes += Control(control_token, parts, emptied, own, keep_built_in).routes()
    app = Starlette(routes=routes, exception_handlers={HTTPException: _show_detail})
    watched = with_date(with_log(with_faults(app, parts.faults), parts.log), clock)
    keys_to_the_door = {name: system.credentials for name, system in SYSTEMS.items()}
    return Sandbox(
        watched,
        admin,
        accounts,
        database,
        lambda dialect: keys_to_the_door[dialect](parts, admin),
    )


def _control(system: System, parts: Parts, admin: SandboxAccount) -> list[ControlRoute]:
    """Give a system's own control endpoints, and how a test gets into it as the superuser."""

    def credentials(_: Request, __: dict[str, Any]) -> object:
        return system.credentials(parts, admin)

    return [*system.control(parts), ("GET", "credentials", credentials)]


def _keep_built_in(parts: Parts) -> None:
    for system in SYSTEMS.values():
        system.keep_built_in(parts)


def _place_of(name: str) -> str:
    # A system's control endpoints stand under the word that its own endpoints begin with.
    return PREFIXES[name].split("/")[1]


def _wall_clock() -> datetime:
    return datetime.now(UTC)


async def _show_detail(_: Request, problem: Exception) -> Response:
    if not isinstance(problem, HTTPException):
        raise problem
    detail = problem.detail or HTTPStatus(problem.status_code).phrase
    return JSONResponse({"detail": detail}, problem.status_code, problem.headers)
