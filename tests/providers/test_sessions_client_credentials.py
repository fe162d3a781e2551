"""OAuth client credentials: what is sent, how the answer is read, and when a token is renewed."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest

from reconciler.http.answers import Result
from reconciler.providers.dialect.effects import Tenant, Told
from reconciler.providers.dialect.parts import Envelope
from reconciler.providers.sessions.session import NoAccess, Session
from tests.http.hostile_server import Arrival, answer, reply, reply_json
from tests.providers.doors import (
    FINE,
    READ,
    REFUSED,
    dialect_with,
    entering,
    read_many,
    read_once,
    status_of,
)
from tests.providers.fake_clouisle import make_token

OAUTH: dict[str, Any] = {
    "kind": "client_credentials",
    "path": "/oauth/{org}/token",
    "scope": "keys:write org:{org}",
    "again_on": [{"status": 401}],
}
HIDDEN = "cl1ent-s3cret"
WHO = {"client_id": "us", "client_secret": HIDDEN}


@dataclass
class TokenApi:
    """Gives numbered tokens; those in `dead` are refused."""

    dead: set[str] = field(default_factory=set)
    given: int = 0

    async def behave(self, arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        if arrival.path != "/keys":
            self.given += 1
            token = {"access_token": make_token(self.given), "token_type": "Bearer"}
            await answer(reply_json(200, token))(arrival, writer)
        else:
            refused = arrival.headers["authorization"].removeprefix("Bearer ") in self.dead
            await (REFUSED if refused else FINE)(arrival, writer)


def outcome(raw: bytes, **parts: object) -> Result | NoAccess:
    async def behave(arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        await (FINE if arrival.path == "/keys" else answer(raw))(arrival, writer)

    return entering(behave, dialect_with(OAUTH, **parts), WHO, read_once)[0]


def test_the_token_endpoint_is_asked_as_the_rfc_says() -> None:
    api = TokenApi()
    result, arrivals = entering(api.behave, dialect_with(OAUTH), WHO, read_once)
    assert status_of(result) == 200
    assert arrivals[0].target == "/oauth/o1/token"
    assert arrivals[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(arrivals[0].body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["us"],
        "client_secret": [HIDDEN],
        "scope": ["keys:write org:o1"],
    }
    assert arrivals[1].headers["authorization"] == f"Bearer {make_token(1)}"


def test_without_a_scope_none_is_sent() -> None:
    dialect = dialect_with(OAUTH | {"scope": None})
    _, arrivals = entering(TokenApi().behave, dialect, WHO, read_once)
    assert b"scope" not in arrivals[0].body


def test_a_token_that_runs_out_under_many_calls_is_replaced_once() -> None:
    api = TokenApi()

    async def work(session: Session) -> list[int]:
        await session.send(READ)
        api.dead.add(make_token(1))
        return await read_many(session)

    statuses, _ = entering(api.behave, dialect_with(OAUTH), WHO, work)
    assert statuses == [200] * 21
    assert api.given == 2


def test_a_token_that_never_worked_is_not_replaced() -> None:
    api = TokenApi(dead={make_token(1)})

    async def work(session: Session) -> list[int]:
        return [status_of(await session.send(READ)) for _ in range(3)]

    assert entering(api.behave, dialect_with(OAUTH), WHO, work)[0] == [401] * 3
    assert api.given == 1


def test_the_envelope_of_the_api_is_not_that_of_the_token_endpoint() -> None:
    envelope = Envelope(data="data", ok="code == `0`", code="code")
    result = outcome(reply_json(200, {"access_token": "t"}), envelope=envelope)
    assert status_of(result) == 200


def test_a_refusal_is_told_by_its_code_and_lasts() -> None:
    refused = reply_json(401, {"error": "invalid_client", "error_description": HIDDEN})
    assert outcome(refused) == NoAccess(
        "login failed: POST /oauth/{org}/token answered 401, code invalid_client:"
        " the credentials were refused",
        lasting=True,
    )


@pytest.mark.parametrize(
    "raw",
    [
        reply_json(200, {"token": "t"}),
        reply_json(200, {"access_token": 5}),
        reply_json(200, ["access_token"]),
        reply_json(200, {"access_token": "t", "token_type": "mac"}),
        reply_json(200, {"access_token": "t", "token_type": None}),
        reply(200, b"access_token=t"),
        reply(503),
    ],
)
def test_anything_else_is_no_access(raw: bytes) -> None:
    assert isinstance(outcome(raw), NoAccess)


def test_the_token_tells_who_we_are() -> None:
    async def work(session: Session) -> list[str | None]:
        before = session.tenant
        await session.send(READ)
        return [before, session.tenant]

    dialect = dialect_with(OAUTH, tenant=Tenant(told=Told(claim="sub")))
    assert entering(TokenApi().behave, dialect, WHO, work)[0] == [None, "user-1"]


def test_neither_the_client_secret_nor_the_token_is_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    async def work(session: Session) -> str:
        result = await session.send(READ)
        parts = [vars(part) for part in vars(session).values() if hasattr(part, "__dict__")]
        return repr(result) + repr(vars(session)) + repr(parts)

    shown, _ = entering(TokenApi().behave, dialect_with(OAUTH), WHO, work)
    for hidden in (HIDDEN, make_token(1), "signature-1"):
        assert hidden not in shown
        assert hidden not in caplog.text
