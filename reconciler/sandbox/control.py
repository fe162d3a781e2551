"""The control endpoints under /_sandbox/: people, faults, requests, time and reset.

They are ours and belong to no spoken system; without a control token they do not exist.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.sandbox import SandboxError
from reconciler.sandbox.accounts import Account
from reconciler.sandbox.bodies import decode_object, read_body
from reconciler.sandbox.faults import Armed, Fault, Kind, When
from reconciler.sandbox.instants import store_instant
from reconciler.sandbox.mishaps import CONTROL_PREFIX
from reconciler.sandbox.parts import ControlAction, ControlRoute, Parts
from reconciler.sandbox.passwords import RANDOM_COST

HEADER = "X-Sandbox-Control"


class Control:
    """What a test, or a user's own CI, may do to a running sandbox."""

    def __init__(
        self,
        token: str,
        parts: Parts,
        emptied_by_reset: Sequence[str],
        of_systems: Mapping[str, Sequence[ControlRoute]],
        keep_built_in: Callable[[], None],
    ) -> None:
        self._token = token.encode()
        self._parts = parts
        self._emptied_by_reset = emptied_by_reset
        self._of_systems = of_systems
        self._keep_built_in = keep_built_in

    def routes(self) -> list[Route]:
        """List the endpoints."""
        table: list[ControlRoute] = [
            ("GET", "users", self._list_users),
            ("POST", "users", self._add_user),
            ("POST", "users/{username}/activate", self._switch_user(1)),
            ("POST", "users/{username}/deactivate", self._switch_user(0)),
            ("GET", "faults", self._list_faults),
            ("POST", "faults", self._add_fault),
            ("DELETE", "faults", self._clear_faults),
            ("DELETE", "faults/{fault_id:int}", self._remove_fault),
            ("GET", "requests", self._show_requests),
            ("DELETE", "requests", self._clear_requests),
            ("GET", "time", self._show_time),
            ("PUT", "time", self._change_time),
            ("POST", "reset", self._reset),
        ]
        for system, own in self._of_systems.items():
            table += [(method, f"{system}/{path}", action) for method, path, action in own]
        return [
            Route(CONTROL_PREFIX + path, self._guarded(action), methods=[method])
            for method, path, action in table
        ]

    def _guarded(self, action: ControlAction) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            given = request.headers.get(HEADER, "").encode()
            if not hmac.compare_digest(given, self._token):
                raise HTTPException(403, f"{HEADER} is missing or wrong")
            body = decode_object(await read_body(request))
            try:
                return JSONResponse(action(request, body))
            except (
                KeyError,
                TypeError,
                ValueError,
                OverflowError,
                re.error,
                SandboxError,
            ) as problem:
                raise HTTPException(422, str(problem)) from None

        return endpoint

    def _list_users(self, _: Request, __: dict[str, Any]) -> object:
        return [_show_user(account) for account in self._parts.accounts.everyone()]

    def _add_user(self, _: Request, body: dict[str, Any]) -> object:
        username, role = _read_text(body["username"]), body["role"]
        if body.get("password") is None:
            # Nobody has to invent one; a random one needs no slow hash, and is shown here only.
            password = secrets.token_hex(32)
            added = self._parts.accounts.add(username, password, role, cost=RANDOM_COST)
            return _show_user(added) | {"password": password}
        return _show_user(self._parts.accounts.add(username, _read_text(body["password"]), role))

    def _switch_user(self, active: Literal[0, 1]) -> ControlAction:
        def switch(request: Request, _: dict[str, Any]) -> object:
            account = self._parts.accounts.set_active(request.path_params["username"], active)
            if account is None:
                raise HTTPException(404)
            return _show_user(account)

        return switch

    def _list_faults(self, _: Request, __: dict[str, Any]) -> object:
        return [_show_fault(armed) for armed in self._parts.faults.all()]

    def _add_fault(self, _: Request, body: dict[str, Any]) -> object:
        return _show_fault(self._parts.faults.arm(_read_fault(body)))

    def _clear_faults(self, _: Request, __: dict[str, Any]) -> object:
        self._parts.faults.clear()
        return {}

    def _remove_fault(self, request: Request, _: dict[str, Any]) -> object:
        if not self._parts.faults.disarm(request.path_params["fault_id"]):
            raise HTTPException(404)
        return {}

    def _show_requests(self, request: Request, _: dict[str, Any]) -> object:
        return self._parts.log.show(int(request.query_params.get("limit", "1000")))

    def _clear_requests(self, _: Request, __: dict[str, Any]) -> object:
        self._parts.log.clear()
        return {}

    def _show_time(self, _: Request, __: dict[str, Any]) -> object:
        return {"now": store_instant(self._parts.clock.now())}

    def _change_time(self, request: Request, body: dict[str, Any]) -> object:
        if "fixed" in body:
            self._parts.clock.stop_at(datetime.fromisoformat(body["fixed"]))
        elif "offset_seconds" in body:
            self._parts.clock.shift(timedelta(seconds=body["offset_seconds"]))
        else:
            self._parts.clock.restore()
        return self._show_time(request, body)

    def _reset(self, _: Request, __: dict[str, Any]) -> object:
        with self._parts.database.write() as db:
            for table in self._emptied_by_reset:
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names of tables
            db.execute("DELETE FROM users WHERE NOT is_built_in")
        self._parts.faults.clear()
        self._parts.log.clear()
        self._parts.clock.restore()
        self._keep_built_in()
        return {}


def _read_text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a name and a password are texts")
    return value


def _read_fault(body: dict[str, Any]) -> Fault:
    if unknown := body.keys() - {field.name for field in fields(Fault)}:
        raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
    pattern = re.compile(body.get("path", ""))
    fault = Fault(**{"when": _usual_moment(body), **body, "path": pattern})
    if fault.kind not in get_args(Kind) or fault.when not in get_args(When):
        raise ValueError(f"kind is one of {get_args(Kind)}, when is one of {get_args(When)}")
    if fault.kind == "truncate" and fault.when == "before":
        raise ValueError("before the effect there is no answer to truncate")
    return fault


def _usual_moment(body: dict[str, Any]) -> When:
    return "after" if body.get("kind") == "truncate" else "before"


def _show_fault(armed: Armed) -> dict[str, Any]:
    shown = {field.name: getattr(armed.fault, field.name) for field in fields(Fault)}
    return {"id": armed.id, **shown, "path": armed.fault.path.pattern, "met": armed.met}


def _show_user(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "username": account.username,
        "role": account.role,
        "is_active": account.is_active,
    }
