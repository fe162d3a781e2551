"""Logins for tokens and for cookies: what is sent, how they are renewed, and when no more."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from reconciler.errors import ProviderError
from reconciler.http.answers import Result
from reconciler.http.client import HttpClient
from reconciler.providers.dialect.effects import Tenant, Told
from reconciler.providers.dialect.parts import Envelope
from reconciler.providers.sessions.session import NoAccess, Session
from tests.http.clients import using as using_client
from tests.http.hostile_server import (
    Arrival,
    answer,
    reply,
    reply_json,
)
from tests.providers.doors import (
    COOKIES,
    FINE,
    NAME,
    PASSWORD,
    READ,
    TOKEN,
    WHO,
    CookieApi,
    cookies_of,
    dialect_with,
    entering,
    open_at,
    read_many,
    read_once,
    status_of,
)
from tests.providers.fake_clouisle import make_token


def log_in(
    raw: bytes, auth: dict[str, Any], **parts: object
) -> tuple[tuple[Result | NoAccess, str | None], list[Arrival]]:
    """Log in where the answer is this one; give the result, the tenant and what arrived."""

    async def behave(arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        await (FINE if arrival.path == "/keys" else answer(raw))(arrival, writer)

    async def work(session: Session) -> tuple[Result | NoAccess, str | None]:
        return await session.send(READ), session.tenant

    return entering(behave, dialect_with(auth, **parts), WHO, work)


def problem(raw: bytes, auth: dict[str, Any], **parts: object) -> str:
    (result, _), arrivals = log_in(raw, auth, **parts)
    assert isinstance(result, NoAccess)
    assert all(arrival.path != "/keys" for arrival in arrivals)
    assert PASSWORD not in repr(result)
    return result.reason


def test_a_form_with_its_fixed_fields() -> None:
    auth = TOKEN | {"fixed": {"grant_type": "password", "remember": True, "org": "{org}"}}
    _, arrivals = log_in(reply_json(200, {"access_token": "t"}), auth)
    assert parse_qs(arrivals[0].body.decode()) == {
        "username": [NAME],
        "password": [PASSWORD],
        "grant_type": ["password"],
        "remember": ["true"],
        "org": ["o1"],
    }
    assert arrivals[1].headers["authorization"] == "Bearer t"


def test_json_with_paths_and_tenant_variables() -> None:
    auth = COOKIES | {
        "path": "/orgs/{org}/login",
        "fixed": {"data": {"attributes": {"grantType": "password"}}, "data.org": "{org}"},
        "token": "data.token",
        "cookies": [],
        "renew": None,
    }

    async def behave(arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        reply = answer(reply_json(200, {"data": {"token": "t"}}))
        await (FINE if arrival.path == "/keys" else reply)(arrival, writer)

    _, arrivals = entering(behave, dialect_with(auth), WHO, read_once, variables={"org": "a/b"})
    assert arrivals[0].target == "/orgs/a%2Fb/login"
    assert json.loads(arrivals[0].body) == {
        "data": {
            "attributes": {"grantType": "password", "userName": NAME, "password": PASSWORD},
            "org": "a/b",
        }
    }


def test_a_login_is_for_something() -> None:
    with pytest.raises(ValidationError, match="a login is for a token or for cookies"):
        dialect_with(COOKIES | {"cookies": []})


def test_common_headers_go_with_the_login_too() -> None:
    _, arrivals = log_in(reply_json(200, {"access_token": "t"}), TOKEN, headers={"X-V": "1"})
    assert [arrival.headers["x-v"] for arrival in arrivals] == ["1", "1"]


def test_things_that_collide_in_the_body_are_the_fault_of_the_dialect() -> None:
    async def work(client: HttpClient) -> None:
        with pytest.raises(ProviderError, match=r"two things at data\.attributes\.userName"):
            open_at(client, dialect_with(COOKIES | {"fixed": {"data": 1}}), WHO)

    using_client("http://localhost", work)


def test_the_session_cookie_goes_with_every_call_and_no_other_one_does() -> None:
    api = CookieApi()
    statuses, arrivals = entering(
        api.behave, dialect_with(COOKIES), WHO, lambda session: read_many(session, 3)
    )
    assert statuses == [200] * 4
    assert cookies_of(arrivals[0]) == {}
    assert {str(cookies_of(each)) for each in arrivals[1:]} == {str({"access": "access-login1"})}


def test_several_cookies_are_sent_in_one_header() -> None:
    auth = COOKIES | {"cookies": ["a", "b"], "renew": None}
    headers = {"set-cookie": "b=2", "Set-Cookie": "a=1"}
    _, arrivals = log_in(reply_json(200, {}, headers), auth)
    assert arrivals[1].headers["cookie"] == "a=1; b=2"


@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("body", [b"", b"<html>welcome</html>", b"OK"])
def test_a_login_that_only_brings_cookies_needs_no_words(status: int, body: bytes) -> None:
    auth = COOKIES | {"cookies": ["access"], "renew": None, "ok": [200, 204]}
    raw = reply(status, b"" if status == 204 else body, {"set-cookie": "access=1"})
    (result, _), _ = log_in(raw, auth)
    assert status_of(result) == 200


def test_a_login_for_cookies_has_no_data_in_its_envelope() -> None:
    raw = reply_json(200, {"code": 200, "message": "hi"}, {"set-cookie": "access=1"})
    envelope = Envelope(data="data", ok="code == `200`", code="code")
    auth = COOKIES | {"cookies": ["access"], "renew": None}
    (result, _), _ = log_in(raw, auth, envelope=envelope)
    assert status_of(result) == 200
    refused = reply_json(200, {"code": 401}, {"set-cookie": "access=1"})
    assert "which is no success" in problem(refused, auth, envelope=envelope)


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({}, "access and refresh"),
        ({"set-cookie": "access=1"}, "refresh"),
        ({"set-cookie": "access=1; Domain=evil.example", "Set-Cookie": "refresh=2"}, "access"),
        ({"set-cookie": "access=; Max-Age=0", "Set-Cookie": "refresh=2"}, "access"),
    ],
)
def test_every_cookie_must_come(headers: dict[str, str], sentence: str) -> None:
    raw = reply_json(200, {}, headers)
    assert problem(raw, COOKIES) == f"login failed: the API answered without its cookie {sentence}"


def test_an_obstacle_counts_although_cookies_came() -> None:
    obstacles = {"obstacles": [{"when": "mfa", "say": "it asks for a second factor"}]}
    raw = reply_json(200, {"mfa": True}, {"set-cookie": "access=1", "Set-Cookie": "refresh=2"})
    assert problem(raw, COOKIES | obstacles) == "login failed: it asks for a second factor"


@pytest.mark.parametrize(
    "raw",
    [reply(200), reply(200, b"<html>"), reply_json(200, {}), reply_json(200, {"access_token": ""})],
)
def test_a_login_for_a_token_must_bring_one(raw: bytes) -> None:
    assert problem(raw, TOKEN).startswith("login failed: ")


@pytest.mark.parametrize(("status", "logins"), [(401, 1), (400, 1), (429, 12), (500, 3)])
def test_only_a_passing_failure_is_tried_with_the_next_call(status: int, logins: int) -> None:
    async def work(session: Session) -> list[object]:
        return [await session.send(READ) for _ in range(3)]

    results, arrivals = entering(answer(reply(status)), dialect_with(TOKEN), WHO, work)
    assert len(arrivals) == logins
    assert {type(each) for each in results} == {NoAccess}


@pytest.mark.parametrize(
    ("told", "answered", "tenant"),
    [
        (Told(claim="sub"), {}, "user-1"),
        (Told(claim="sub", login="org.id"), {"org": {"id": "o1"}}, "user-1"),
        (Told(claim="nothing", login="org.id"), {"org": {"id": "o1"}}, "o1"),
        (Told(login="org.id"), {"org": {"id": 17}}, "17"),
        (Told(login="org.id"), {"org": {"id": True}}, None),
        (Told(login="org.id"), {"org": {"id": ""}}, None),
        (Told(login="org.id"), {}, None),
        (None, {"org": {"id": "o1"}}, None),
    ],
)
def test_a_login_tells_who_we_are(
    told: Told | None, answered: dict[str, object], tenant: str | None
) -> None:
    raw = reply_json(200, {"access_token": make_token(1), **answered})
    (_, found), _ = log_in(raw, TOKEN, tenant=Tenant(told=told))
    assert found == tenant
