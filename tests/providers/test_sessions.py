"""Which way in credentials open, and the ways that are the same for every call."""

import logging
from base64 import b64decode
from typing import Any

import pytest

from reconciler.errors import ProviderError
from reconciler.http.answers import NotSent
from reconciler.http.calls import Call
from reconciler.http.client import HttpClient
from reconciler.providers import dialect_names, load_dialect
from reconciler.providers.dialect.effects import Tenant, Told
from reconciler.providers.sessions.session import Session, make_sender
from tests.http.clients import using as using_client
from tests.http.hostile_server import Arrival, HostileServer
from tests.providers.doors import (
    COOKIES,
    FINE,
    READ,
    REFUSED,
    dialect_with,
    entering,
    open_at,
    read_once,
    status_of,
)
from tests.providers.fake_clouisle import make_token

BEARER: dict[str, Any] = {"kind": "bearer"}
KEY: dict[str, Any] = {"kind": "header", "headers": {"X-API-Key": "api_key"}}
BASIC: dict[str, Any] = {"kind": "basic"}
PAIR: dict[str, Any] = {
    "kind": "header",
    "headers": {"X-Id": "app_id", "X-Key": "app_key"},
    "prefix": "Token ",
}
HIDDEN = "s3cr3t-value"


def arrived(auth: dict[str, Any], credentials: dict[str, str], **parts: object) -> Arrival:
    result, arrivals = entering(FINE, dialect_with(auth, **parts), credentials, read_once)
    assert status_of(result) == 200
    assert len(arrivals) == 1
    return arrivals[0]


def refusal(credentials: dict[str, str], *auth: dict[str, Any]) -> ProviderError:
    async def work(client: HttpClient) -> ProviderError:
        with pytest.raises(ProviderError) as refused:
            open_at(client, dialect_with(*auth), credentials)
        return refused.value

    return using_client("http://localhost", work)


def test_a_bearer_token() -> None:
    assert arrived(BEARER, {"token": HIDDEN}).headers["authorization"] == f"Bearer {HIDDEN}"


def test_a_header_of_its_own() -> None:
    headers = arrived(KEY, {"api_key": HIDDEN}).headers
    assert headers["x-api-key"] == HIDDEN
    assert "authorization" not in headers


def test_several_headers_with_a_prefix() -> None:
    headers = arrived(PAIR, {"app_id": "me", "app_key": HIDDEN}).headers
    assert (headers["x-id"], headers["x-key"]) == ("Token me", f"Token {HIDDEN}")


def test_a_user_name_and_a_password_are_sent_in_utf8() -> None:
    header = arrived(BASIC, {"username": "jürgen", "password": "a:b€"}).headers["authorization"]
    assert header.startswith("Basic ")
    assert b64decode(header.removeprefix("Basic ")).decode() == "jürgen:a:b€"


@pytest.mark.parametrize("name", ["ro:ot", "\udcff"])
def test_a_user_name_that_cannot_be_sent_is_refused_without_being_shown(name: str) -> None:
    error = refusal({"username": name, "password": HIDDEN}, BASIC)
    assert "user name" in str(error)
    assert HIDDEN not in str(error)
    assert error.__context__ is None or error.__suppress_context__


def test_credentials_choose_the_way_in_by_their_names() -> None:
    async def work(session: Session) -> None:
        await session.send(READ)

    ways = dialect_with(BEARER, KEY, BASIC, COOKIES | {"send": {"pin": "pin"}})
    for credentials, header in (
        ({"token": "t"}, "authorization"),
        ({"api_key": "k"}, "x-api-key"),
        ({"username": "u", "password": "p"}, "authorization"),
    ):
        _, arrivals = entering(FINE, ways, credentials, work)
        assert header in arrivals[0].headers
    _, arrivals = entering(REFUSED, ways, {"pin": "1"}, work)
    assert arrivals[0].path == "/auth/login"


@pytest.mark.parametrize("name", dialect_names())
def test_every_way_in_of_a_shipped_dialect_opens(name: str) -> None:
    dialect = load_dialect(name)

    async def work(client: HttpClient) -> None:
        for auth in dialect.auth:
            open_at(client, dialect, dict.fromkeys(auth.credentials, HIDDEN))

    using_client("http://localhost", work)


@pytest.mark.parametrize(
    ("credentials", "given"),
    [
        ({}, "nothing"),
        ({"password": HIDDEN}, "password"),
        ({"token": HIDDEN, "password": HIDDEN}, "password and token"),
        ({"token": HIDDEN, "username": HIDDEN, "password": HIDDEN}, "password and token and"),
    ],
)
def test_other_credentials_are_refused_with_the_alternatives(
    credentials: dict[str, str], given: str
) -> None:
    error = refusal(credentials, COOKIES, BEARER)
    assert f"clouisle cannot be entered with {given}" in str(error)
    assert "Give username and password, or token." in str(error)
    assert HIDDEN not in str(error)


def test_a_refusal_of_fixed_credentials_is_final() -> None:
    async def work(session: Session) -> list[int]:
        return [status_of(await session.send(READ)) for _ in range(2)]

    statuses, arrivals = entering(REFUSED, dialect_with(BEARER), {"token": "t"}, work)
    assert statuses == [401, 401]
    assert len(arrivals) == 2


def test_a_credential_that_no_header_can_hold_is_not_sent() -> None:
    for auth, name in ((BEARER, "token"), (KEY, "api_key")):
        result, arrivals = entering(FINE, dialect_with(auth), {name: "a\r\nx-evil: 1"}, read_once)
        assert result == NotSent("the request could not be written", lasting=True)
        assert arrivals == []


def test_common_headers_go_with_every_call_and_are_filled() -> None:
    common = {"X-Version": "2026-01-01", "X-Org": "org-{org}"}
    dialect = dialect_with(BEARER, headers=common)
    own = Call(method="GET", template="/keys", headers={"x-version": "2"})

    async def work(session: Session) -> None:
        await session.send(READ)
        await session.send(own)

    _, arrivals = entering(FINE, dialect, {"token": "t"}, work, variables={"org": "o1"})
    told = [(each.headers["x-version"], each.headers["x-org"]) for each in arrivals]
    assert told == [("2026-01-01", "org-o1"), ("2", "org-o1")]


@pytest.mark.parametrize(
    "part",
    [
        {"path": "/{unknown}/login"},
        {"fixed": {"deep": [{"x": "{unknown}"}]}},
        {"renew": {"path": "/{unknown}", "cookies": ["refresh"]}},
        {"renew": {"path": "/renew", "cookies": ["refresh"], "body": "a {unknown} b"}},
    ],
    ids=str,
)
def test_a_name_that_has_no_value_is_refused(part: dict[str, Any]) -> None:
    error = refusal({"username": HIDDEN, "password": HIDDEN}, COOKIES | part)
    assert str(error) == "{unknown} has no value here."


def test_a_name_in_a_header_that_has_no_value_is_refused() -> None:
    async def work(client: HttpClient) -> None:
        with pytest.raises(ProviderError, match=r"\{unknown\} has no value here"):
            open_at(client, dialect_with(BEARER, headers={"X-V": "{unknown}"}), {"token": "t"})

    using_client("http://localhost", work)


def test_a_sender_brings_the_common_headers_and_no_credential() -> None:
    dialect = dialect_with(BEARER, headers={"X-Version": "1"})

    async def work(client: HttpClient) -> None:
        await make_sender(client, dialect, {})(READ)

    with HostileServer(FINE) as server:
        using_client(server.url, work)
    assert server.arrivals[0].headers["x-version"] == "1"
    assert "authorization" not in server.arrivals[0].headers


def test_a_token_tells_who_we_are() -> None:
    async def work(client: HttpClient) -> list[str | None]:
        told = Tenant(told=Told(claim="sub"))
        dialect = dialect_with(BEARER, KEY, tenant=told)
        return [
            open_at(client, dialect, {"token": make_token(1)}).tenant,
            open_at(client, dialect, {"token": "opaque"}).tenant,
            open_at(client, dialect, {"api_key": make_token(1)}).tenant,
            open_at(client, dialect_with(BEARER), {"token": make_token(1)}).tenant,
        ]

    assert using_client("http://localhost", work) == ["user-1", None, None, None]


@pytest.mark.parametrize(
    ("auth", "credentials"),
    [
        (BEARER, {"token": HIDDEN}),
        (PAIR, {"app_id": HIDDEN, "app_key": HIDDEN}),
        (BASIC, {"username": HIDDEN, "password": HIDDEN}),
    ],
)
def test_no_credential_is_shown(
    auth: dict[str, Any], credentials: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def work(session: Session) -> str:
        result = await session.send(READ)
        return repr(vars(session)) + repr(result)

    shown, arrivals = entering(REFUSED, dialect_with(auth), credentials, work)
    sent = [value for name, value in arrivals[0].headers.items() if name != "host"]
    assert any(HIDDEN in value for value in sent) or "Basic" in str(sent)
    for hidden in (HIDDEN, "czNjcjN0"):  # in Base64, as Basic has it
        assert hidden not in shown
        assert hidden not in caplog.text
    assert "GET /keys: 401" in caplog.text
