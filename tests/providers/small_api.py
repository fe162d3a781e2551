"""A key API of one page, to be bent by each test: what it answers, and the dialect it speaks."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import httpx

from reconciler.core.keys import OpId
from reconciler.core.observed import ProviderView
from reconciler.core.secret import Secret
from reconciler.http.client import HttpClient
from reconciler.http.limits import Limits
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.http import HttpDriver
from tests.http.fake_clock import FakeClock

T = TypeVar("T")
Row = dict[str, Any]
URL = "https://small.example/api"
SECRET = "small_secret_0123456789"
OP = OpId("0123456789abcdef0123456789abcdef")
OP_UUID = "01234567-89ab-cdef-0123-456789abcdef"
MARK = "kw-000000-00000000"
LISTING: Mapping[str, Any] = {
    "method": "GET",
    "path": "/keys",
    "items": "keys",
    "paging": {"kind": "none"},
}
PLAIN: Mapping[str, Any] = {
    "dialect": "small",
    "title": "A small key API",
    "auth": [{"kind": "bearer"}],
    "operations": {
        "list": LISTING,
        "create": {"method": "POST", "path": "/keys", "ok": [201], "secret": "secret"},
        "delete": {"method": "DELETE", "path": "/keys/{id}", "ok": [204]},
    },
    "identity": {"id": "id"},
    "fields": {
        "name": {"codec": "string", "read": "name", "create": "name", "update": "name"},
        "scopes": {
            "codec": "set",
            "read": "scopes",
            "create": "scopes",
            "update": "scopes",
            "optional": True,
        },
    },
}
GET: Mapping[str, Any] = {"method": "GET", "path": "/keys/{id}"}
UPDATE: Mapping[str, Any] = {"method": "PATCH", "path": "/keys/{id}"}
ABSENT: Mapping[str, Any] = {"status": 404, "during": ["get", "delete"], "means": "absent"}


def make_dialect(operations: Mapping[str, Any] | None = None, **parts: Any) -> Dialect:  # noqa: ANN401
    """Give the plain dialect with other parts, and with more operations or other ones."""
    data = {**PLAIN, **parts, "operations": {**PLAIN["operations"], **(operations or {})}}
    return Dialect.model_validate(data)


def make_listing(paging: Mapping[str, Any], **parts: Any) -> dict[str, Any]:  # noqa: ANN401
    return {**LISTING, "paging": paging, **parts}


def key(key_id: str, **fields: object) -> Row:
    return {"id": key_id, "name": f"name of {key_id}", **fields}


@dataclass(frozen=True)
class Sent:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: httpx.Headers
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


Answer = Callable[[Sent], httpx.Response]


def reply(data: object = None, status: int = 200, **headers: str) -> httpx.Response:
    if data is None:
        return httpx.Response(status, headers=headers)
    return httpx.Response(status, json=data, headers=headers)


def always(data: object = None, status: int = 200) -> Answer:
    return lambda _: reply(data, status)


@dataclass
class SmallApi:
    """`on` maps "METHOD /path" to an answer, before what the keys that there are would give."""

    keys: list[Row] = field(default_factory=list)
    on: dict[str, Answer] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        sent = _read(request)
        self.sent.append(sent)
        self.arrived.set()
        special = self.on.get(str(sent)) or self.on.get(f"{sent.method} *")
        return special(sent) if special else self.answer(sent)

    def answer(self, sent: Sent) -> httpx.Response:
        found = next((row for row in self.keys if sent.path == f"/keys/{row['id']}"), None)
        match sent.method:
            case "GET" if sent.path == "/keys":
                return reply({"keys": self.keys})
            case "GET" if found:
                return reply(found)
            case "PATCH" | "PUT" if found:
                found.update(sent.body)
                return reply(found)
            case "POST":
                row = {"id": f"new-{len(self.keys)}", **sent.body}
                self.keys.append(row)
                return reply({**row, "secret": SECRET}, 201)
            case "DELETE" if found:
                self.keys.remove(found)
                return reply(status=204)
            case _:
                return reply({"code": "no_such_thing"}, 404)

    def calls(self) -> list[str]:
        return [str(each) for each in self.sent]


def _read(request: httpx.Request) -> Sent:
    content, kind = request.content, request.headers.get("content-type", "")
    form = kind == "application/x-www-form-urlencoded"
    return Sent(
        method=request.method,
        path=request.url.raw_path.decode().partition("?")[0].removeprefix("/api"),
        query=dict(request.url.params),
        headers=request.headers,
        body=dict(parse_qsl(content.decode())) if form else json.loads(content or "null"),
    )


def open_client(api: SmallApi, clock: FakeClock, attempts: int = 1, url: str = URL) -> HttpClient:
    return HttpClient(url, httpx.MockTransport(api.handle), clock, Limits(attempts=attempts))


def open_driver(
    api: SmallApi,
    dialect: Dialect,
    *,
    clock: FakeClock | None = None,
    attempts: int = 1,
    credentials: Mapping[str, Secret] | None = None,
    **more: Any,  # noqa: ANN401
) -> HttpDriver:
    clock = clock or FakeClock()
    return HttpDriver(
        provider="small",
        origin=URL,
        dialect=dialect,
        client=open_client(api, clock, attempts),
        credentials=credentials or {"token": Secret("our-own-token")},
        clock=clock,
        **more,
    )


def using(
    api: SmallApi,
    dialect: Dialect,
    work: Callable[[HttpDriver], Awaitable[T]],
    **more: Any,  # noqa: ANN401
) -> T:
    """Let something be done with a driver, and close it."""

    async def run() -> T:
        driver = open_driver(api, dialect, **more)
        try:
            return await work(driver)
        finally:
            await driver.close()

    return asyncio.run(run())


def survey(api: SmallApi, dialect: Dialect, **more: Any) -> ProviderView:  # noqa: ANN401
    return using(api, dialect, lambda driver: driver.survey(lambda _seen, _total: None), **more)


def ids_of(view: ProviderView) -> list[str]:
    """Give the ids in a complete view."""
    assert view.problem is None
    return [each.id for each in view.keys]
