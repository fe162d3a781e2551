"""Key APIs with one way in, over a real socket: what the tests of sessions log in to."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, TypeVar

from pydantic import TypeAdapter

from reconciler.core.secret import Secret
from reconciler.http.answers import Answer, Result
from reconciler.http.calls import Call
from reconciler.http.client import HttpClient
from reconciler.providers import load_dialect
from reconciler.providers.dialect.auth import AnyAuth
from reconciler.providers.dialect.effects import Tenant
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.dialect.parts import Envelope
from reconciler.providers.sessions.opening import open_session
from reconciler.providers.sessions.session import NoAccess, Session
from reconciler.providers.verdicts import Judge
from tests.http.clients import using as using_client
from tests.http.fake_clock import FakeClock
from tests.http.hostile_server import Arrival, Behaviour, HostileServer, answer, reply_json

T = TypeVar("T")
AUTH: TypeAdapter[AnyAuth] = TypeAdapter(AnyAuth)
READ = Call(method="GET", template="/keys", idempotent=True)
WRITE = Call(method="POST", template="/keys", body={"name": "x"})
FINE = answer(reply_json(200, {"keys": []}))
REFUSED = answer(reply_json(401, {"error": "expired"}))
NAME, PASSWORD = "root", "hunter2-password"
WHO = {"username": NAME, "password": PASSWORD}


def dialect_with(*auth: dict[str, Any], **parts: object) -> Dialect:
    """Give a dialect with these ways in and without an envelope, unless one is given."""
    schemes = tuple(AUTH.validate_python(each) for each in auth)
    plain = {"envelope": Envelope(code="error"), "errors": (), "tenant": Tenant()}
    return load_dialect("clouisle").model_copy(update={"auth": schemes, **plain, **parts})


def open_at(
    client: HttpClient,
    dialect: Dialect,
    credentials: Mapping[str, str],
    variables: Mapping[str, str] | None = None,
) -> Session:
    secrets = {name: Secret(text) for name, text in credentials.items()}
    return open_session(dialect, client, secrets, Judge(dialect), variables or {"org": "o1"})


def entering(
    behave: Behaviour,
    dialect: Dialect,
    credentials: Mapping[str, str],
    work: Callable[[Session], Awaitable[T]],
    *,
    variables: Mapping[str, str] | None = None,
    clock: FakeClock | None = None,
) -> tuple[T, list[Arrival]]:
    """Serve, let something be done with a session, and give its result and what arrived."""

    async def run(client: HttpClient) -> T:
        return await work(open_at(client, dialect, credentials, variables))

    with HostileServer(behave) as server:
        return using_client(server.url, run, clock=clock), server.arrivals


async def read_once(session: Session) -> Result | NoAccess:
    return await session.send(READ)


async def read_many(session: Session, count: int = 20) -> list[int]:
    """Read once, then many times at once, and give every status."""
    first = await session.send(READ)
    rest = await asyncio.gather(*(session.send(WRITE) for _ in range(count)))
    return [status_of(each) for each in (first, *rest)]


def status_of(result: Result | NoAccess) -> int:
    assert isinstance(result, Answer), result
    return result.status


def cookies_of(arrival: Arrival) -> dict[str, str]:
    morsels = SimpleCookie(arrival.headers.get("cookie", ""))
    return {name: morsel.value for name, morsel in morsels.items()}


@dataclass
class CookieApi:
    """Logs in for two cookies: one for every call, which runs out, and one that renews it, once.

    `uses` is how many calls a session lives for. `on` puts a behaviour in the place of a path's.
    """

    uses: int = 10**6
    on: dict[str, Behaviour] = field(default_factory=dict)
    logins: int = 0
    renewals: int = 0
    left: dict[str, int] = field(default_factory=dict)
    renewable: set[str] = field(default_factory=set)

    async def behave(self, arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        await self.on.get(arrival.path, self._answer(arrival))(arrival, writer)

    def _answer(self, arrival: Arrival) -> Behaviour:
        cookies = cookies_of(arrival)
        match arrival.path:
            case "/auth/login" if PASSWORD.encode() in arrival.body:
                self.logins += 1
                return self._enter(f"login{self.logins}")
            case "/auth/token" if cookies.get("refresh") in self.renewable:
                self.renewable.discard(cookies["refresh"])
                self.renewals += 1
                return self._enter(f"renewal{self.renewals}")
            case "/keys" if self.left.get(cookies.get("access", ""), 0) > 0:
                self.left[cookies["access"]] -= 1
                return FINE
        return REFUSED

    def _enter(self, name: str) -> Behaviour:
        self.left[f"access-{name}"] = self.uses
        self.renewable.add(f"refresh-{name}")
        headers = {
            "set-cookie": f"access=access-{name}; HttpOnly; Secure; SameSite=Strict",
            "Set-Cookie": f"refresh=refresh-{name}; Path=/auth; HttpOnly; Secure",
            "SET-COOKIE": "tracking=tracked-cookie",
        }
        return answer(reply_json(200, {"code": 200, "message": "hello"}, headers))


COOKIES: dict[str, Any] = {
    "kind": "login",
    "path": "/auth/login",
    "encoding": "json",
    "send": {"data.attributes.userName": "username", "data.attributes.password": "password"},
    "fixed": {"data.attributes.grantType": "password"},
    "cookies": ["access", "refresh"],
    "renew": {"path": "/auth/token", "body": {"type": "refresh"}, "cookies": ["refresh"]},
    "again_on": [{"status": 401}],
}
TOKEN: dict[str, Any] = {
    "kind": "login",
    "path": "/login",
    "send": {"username": "username", "password": "password"},
    "token": "access_token",
    "again_on": [{"status": 401}],
}
