"""A Clouisle whose every answer a test decides, over a real socket; logins work unless told."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from reconciler.core.observed import ProviderView
from reconciler.core.secret import Secret
from reconciler.http.client import open_client
from reconciler.http.limits import Limits
from reconciler.providers import load_dialect
from reconciler.providers.http import HttpDriver
from tests.http.fake_clock import FakeClock
from tests.http.hostile_server import Arrival, Behaviour, HostileServer, answer, reply_json

T = TypeVar("T")
PASSWORD = "hunter2-password"
SECRET = "clou_secret_0123456789abcdef"
LOGIN = "/login/access-token"
KEY_ID = "08b863ee-abe9-4e45-9f3c-ef6ae8f6d575"
IMPATIENT = Limits(read=2, total=4)


def make_token(number: int) -> str:
    claims = urlsafe_b64encode(json.dumps({"sub": "user-1", "n": number}).encode()).decode()
    return f"e30.{claims.rstrip('=')}.signature-{number}"


def success(data: object) -> bytes:
    return reply_json(200, {"code": 0, "data": data, "msg": "Success"})


def failure(status: int, code: int) -> bytes:
    return reply_json(status, {"code": code, "data": None, "msg": SECRET})


def row(key_id: str = KEY_ID, **fields: object) -> dict[str, object]:
    return {
        "id": key_id,
        "name": "a key",
        "scopes": ["chat"],
        "rate_limit": 1000,
        "is_active": True,
        "expires_at": None,
        "last_used_at": None,
        "agents": [],
        "workflows": [],
        "created_at": "2026-11-20T23:24:55.881718Z",
        **fields,
    }


def page(*rows: object, total: int | None = None) -> bytes:
    return success({"items": list(rows), "total": len(rows) if total is None else total})


@dataclass
class FakeClouisle:
    """`on` maps "METHOD /path" to a behaviour; `*` catches the rest."""

    on: dict[str, Behaviour] = field(default_factory=dict)
    logins: int = 0

    async def behave(self, arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        name = f"{arrival.method} {arrival.path}"
        if name in self.on:
            await self.on[name](arrival, writer)
        elif arrival.path == LOGIN:
            self.logins += 1
            await answer(success({"access_token": make_token(self.logins)}))(arrival, writer)
        else:
            await self.on["*"](arrival, writer)


def open_driver(
    url: str, *, clock: FakeClock | None = None, limits: Limits = IMPATIENT
) -> HttpDriver:
    clock = clock or FakeClock()
    return HttpDriver(
        provider="agents",
        origin=url,
        dialect=load_dialect("clouisle"),
        client=open_client(url, clock, limits),
        credentials={"username": Secret("root"), "password": Secret(PASSWORD)},
        clock=clock,
    )


def using(
    fake: FakeClouisle, work: Callable[[HttpDriver], Awaitable[T]], **options: object
) -> tuple[T, HostileServer]:
    """Serve, let something be done with a driver, and give its result and what arrived."""

    async def run(url: str) -> T:
        driver = open_driver(url, **options)  # type: ignore[arg-type]
        try:
            return await work(driver)
        finally:
            await driver.close()

    with HostileServer(fake.behave) as server:
        return asyncio.run(run(server.url)), server


def survey(fake: FakeClouisle, **options: object) -> ProviderView:
    return using(fake, lambda driver: driver.survey(lambda _seen, _total: None), **options)[0]


def problem_of(listing: Behaviour) -> str:
    """Give the problem of a survey in which every list is answered in one way."""
    view = survey(FakeClouisle({"*": listing}))
    assert view.keys == ()
    assert view.problem is not None
    return view.problem
