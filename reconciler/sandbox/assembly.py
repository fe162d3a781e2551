"""Putting the sandbox together: database, clock, accounts, every system's routes, faults, log.

The only place that knows all systems. It must not decide how any of them answers.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

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
from reconciler.sandbox.faults import FaultBox
from reconciler.sandbox.mishaps import with_faults
from reconciler.sandbox.parts import Parts, System
from reconciler.sandbox.passwords import RANDOM_COST
from reconciler.sandbox.request_log import RequestLog, with_log

ADMIN = "sandbox-admin"
SYSTEMS: dict[str, System] = {
    "clouisle": CLOUISLE,
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
    parts = Parts(database, clock, accounts, FaultBox(), RequestLog())
    _keep_built_in(parts)
    routes = [route for system in SYSTEMS.values() for route in system.routes(parts)]
    if control_token is not None:
        emptied = [*shared.EMPTIED_BY_RESET]
        emptied += [table for system in SYSTEMS.values() for table in system.emptied_by_reset]
        own = {_place_of(name): system.control(parts) for name, system in SYSTEMS.items()}
        keep_built_in = partial(_keep_built_in, parts)
        routes += Control(control_token, parts, emptied, own, keep_built_in).routes()
    app = Starlette(routes=routes, exception_handlers={HTTPException: _show_detail})
    watched = with_log(with_faults(app, parts.faults), parts.log)
    admin = SandboxAccount(ADMIN, password)
    keys_to_the_door = {name: system.credentials for name, system in SYSTEMS.items()}
    return Sandbox(
        watched,
        admin,
        accounts,
        database,
        lambda dialect: keys_to_the_door[dialect](parts, admin),
    )


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
