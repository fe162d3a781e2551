"""Logging in, the two cookies, keeping a session alive, and how the rest is refused."""

from collections.abc import Callable

import httpx
import jwt
import pytest

from tests.sandbox.aicontroller.conftest import Person, attributes_in, cookies_of, refusal
from tests.sandbox_process import SandboxProcess

REFUSED = (401, "AuthenticationException")
INVALID = (422, "ValidationException")
HALF_A_PAIR = rb"""{"data": {"attributes": {"grantType": "password", "password": "x",
                          "userName": "\ud800"}}}"""
EVERYTHING = [
    ("GET", "/users"),
    ("GET", "/apikeys"),
    ("POST", "/apikeys"),
    ("GET", "/apikeys/aic_10001"),
    ("PATCH", "/apikeys/aic_10001"),
    ("DELETE", "/apikeys/aic_10001"),
    ("GET", "/providers"),
    ("POST", "/providers"),
    ("GET", "/providers/1"),
    ("PATCH", "/providers/1"),
    ("DELETE", "/providers/1"),
    ("GET", "/audit"),
]


def renew(client: httpx.Client, refresh: str | None) -> httpx.Response:
    headers = {} if refresh is None else {"Cookie": f"AICAuthCookie={refresh}"}
    return client.post("/auth/token", headers=headers)


def bearer(client: httpx.Client, **attributes: object) -> httpx.Response:
    return client.post("/auth/token", json=attributes_in(grantType="Bearer", **attributes))


def test_a_login_sets_two_cookies_and_tells_no_token(member: Person) -> None:
    answer = member.log_in()
    assert answer.json() == {"code": 200, "message": "Login successful"}
    headers = dict(header.split("=", 1) for header in answer.headers.get_list("Set-Cookie"))
    assert list(headers) == ["AICUserCookie", "AICAuthCookie"]
    attributes = {name: header.split("; ")[1:] for name, header in headers.items()}
    assert attributes == {
        "AICUserCookie": ["Path=/", "HttpOnly", "Secure", "SameSite=Strict"],
        "AICAuthCookie": ["Path=/aic/auth", "HttpOnly", "Secure", "SameSite=Strict"],
    }


def test_both_tokens_are_jwt_and_the_refresh_token_lives_longer(member: Person) -> None:
    claims = {
        name: jwt.decode(token, options={"verify_signature": False})
        for name, token in cookies_of(member.log_in()).items()
    }
    assert claims["AICUserCookie"]["sub"] == claims["AICAuthCookie"]["sub"]
    longer = claims["AICAuthCookie"]["exp"] - claims["AICUserCookie"]["exp"]
    assert longer == 12 * 3600 - 15 * 60


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(
    anonymous: httpx.Client, member: Person
) -> None:
    said = set()
    for username in (member.username, "nobody"):
        body = attributes_in(grantType="password", userName=username, password="wrong")
        answer = anonymous.post("/auth/login", json=body)
        assert refusal(answer) == REFUSED
        assert "Set-Cookie" not in answer.headers
        said.add(answer.json()["message"])
    assert said == {"Invalid user name or password"}


def test_too_many_tries_lock_the_account_for_a_while(
    anonymous: httpx.Client, member: Person, sandbox: SandboxProcess
) -> None:
    body = attributes_in(grantType="password", userName=member.username, password="wrong")
    for _ in range(5):
        assert refusal(anonymous.post("/auth/login", json=body)) == REFUSED
    body["data"]["attributes"]["password"] = member.password
    locked = anonymous.post("/auth/login", json=body)
    assert refusal(locked) == REFUSED
    assert "locked for" in locked.json()["message"]
    sandbox.control.put("/time", json={"offset_seconds": 901})
    assert anonymous.post("/auth/login", json=body).status_code == 200


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"grantType": "password"},
        {"grantType": "password", "userName": "x"},
        {"grantType": "password", "password": "x"},
        {"grantType": "password", "userName": 7, "password": "x"},
        {"grantType": "password", "userName": "x", "password": None},
        {"grantType": "Bearer", "userName": "x", "password": "x"},
        {"userName": "x", "password": "x"},
    ],
)
def test_a_login_without_all_it_needs_is_invalid(
    anonymous: httpx.Client, attributes: dict[str, object]
) -> None:
    answer = anonymous.post("/auth/login", json=attributes_in(**attributes))
    assert refusal(answer) == INVALID


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"{}",
        b'{"data": 7}',
        b'{"data": {"attributes": []}}',
        b"\xff",
        HALF_A_PAIR,
        b'{"data": ' + b"[" * 200_000,
    ],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_a_body_that_is_not_what_it_should_be_is_invalid(
    anonymous: httpx.Client, body: bytes
) -> None:
    assert refusal(anonymous.post("/auth/login", content=body)) == INVALID


def test_a_body_that_is_too_large_is_refused_in_the_envelope(anonymous: httpx.Client) -> None:
    answer = anonymous.post("/auth/login", content=b"x" * 2_000_000)
    assert refusal(answer) == (413, "PayloadTooLargeException")


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_everything_wants_the_cookie(anonymous: httpx.Client, method: str, path: str) -> None:
    for cookie in ("", "AICUserCookie=", "AICUserCookie=junk", "AICUserCookie=a.b.c", "Other=x"):
        answer = anonymous.request(method, path, headers={"Cookie": cookie})
        assert refusal(answer) == REFUSED, cookie


def test_no_other_token_opens_what_the_access_cookie_opens(
    anonymous: httpx.Client, member: Person
) -> None:
    access, refresh = member.cookies["AICUserCookie"], member.cookies["AICAuthCookie"]
    claims = jwt.decode(access, options={"verify_signature": False})
    key = member.create()["attributes"]["apiKey"]
    for headers in (
        {"Cookie": f"AICUserCookie={refresh}"},
        {"Cookie": f"AICAuthCookie={refresh}"},
        {"Cookie": f"AICUserCookie={key}"},
        {"Cookie": f"AICUserCookie={jwt.encode(claims, 'x' * 32, 'HS256')}"},
        {"Cookie": f"AICUserCookie={jwt.encode(claims, '', 'none')}"},
        {"Authorization": f"Bearer {access}"},
        {"Authorization": f"Bearer {key}"},
    ):
        assert refusal(anonymous.get("/apikeys", headers=headers)) == REFUSED


def test_the_access_token_ends_in_the_middle_and_one_refresh_goes_on(
    anonymous: httpx.Client, member: Person, sandbox: SandboxProcess
) -> None:
    sandbox.control.put("/time", json={"offset_seconds": 14 * 60})
    assert member.call("GET", "/apikeys").status_code == 200
    sandbox.control.put("/time", json={"offset_seconds": 15 * 60 + 1})
    assert member.refused("GET", "/apikeys") == REFUSED
    answer = renew(anonymous, member.cookies["AICAuthCookie"])
    assert answer.json() == {"code": 200, "message": "Token refreshed"}
    renewed = cookies_of(answer)
    assert set(renewed) == {"AICUserCookie", "AICAuthCookie"}
    assert not set(renewed.values()) & set(member.cookies.values())
    member.cookies = renewed
    assert member.call("GET", "/apikeys").status_code == 200


def test_a_refresh_token_in_the_body_does_as_well(anonymous: httpx.Client, member: Person) -> None:
    refresh = member.cookies["AICAuthCookie"]
    answer = bearer(anonymous, tokenType="refreshToken", refreshToken=refresh)
    assert answer.status_code == 200
    member.cookies = cookies_of(answer)
    assert member.call("GET", "/apikeys").status_code == 200


def test_a_refresh_token_ends_too(
    anonymous: httpx.Client, member: Person, sandbox: SandboxProcess
) -> None:
    refresh = member.cookies["AICAuthCookie"]
    sandbox.control.put("/time", json={"offset_seconds": 12 * 3600 - 60})
    assert renew(anonymous, refresh).status_code == 200
    sandbox.control.put("/time", json={"offset_seconds": 12 * 3600 + 1})
    assert refusal(renew(anonymous, refresh)) == REFUSED
    again = bearer(anonymous, tokenType="refreshToken", refreshToken=refresh)
    assert refusal(again) == REFUSED


def test_nothing_but_a_refresh_token_refreshes(anonymous: httpx.Client, member: Person) -> None:
    access = member.cookies["AICUserCookie"]
    for token in (None, "", "junk", access):
        answer = renew(anonymous, token)
        assert refusal(answer) == REFUSED
        assert "Set-Cookie" not in answer.headers
    wrong = bearer(anonymous, tokenType="refreshToken", refreshToken=access)
    assert refusal(wrong) == REFUSED


def test_an_access_token_in_the_body_is_checked_and_renews_nothing(
    anonymous: httpx.Client, member: Person, sandbox: SandboxProcess
) -> None:
    access, refresh = member.cookies["AICUserCookie"], member.cookies["AICAuthCookie"]
    answer = bearer(anonymous, tokenType="accessToken", accessToken=access)
    assert answer.json() == {"code": 200, "message": "Token is valid"}
    assert "Set-Cookie" not in answer.headers
    assert refusal(bearer(anonymous, tokenType="accessToken", accessToken=refresh)) == REFUSED
    sandbox.control.put("/time", json={"offset_seconds": 15 * 60 + 1})
    assert refusal(bearer(anonymous, tokenType="accessToken", accessToken=access)) == REFUSED


def test_an_empty_body_lets_the_cookie_speak(anonymous: httpx.Client, member: Person) -> None:
    headers = {"Cookie": f"AICAuthCookie={member.cookies['AICAuthCookie']}"}
    for content in (b"", b"{}", b'{"data": {"attributes": {}}}'):
        answer = anonymous.post("/auth/token", content=content, headers=headers)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "attributes",
    [
        {"grantType": "password"},
        {"grantType": "Bearer"},
        {"grantType": "Bearer", "tokenType": "refreshToken"},
        {"grantType": "Bearer", "tokenType": "accessToken"},
        {"grantType": "Bearer", "tokenType": "idToken", "idToken": "x"},
        {"grantType": "Bearer", "tokenType": "accessToken", "accessToken": 7},
    ],
)
def test_a_token_grant_without_all_it_needs_is_invalid(
    anonymous: httpx.Client, member: Person, attributes: dict[str, object]
) -> None:
    headers = {"Cookie": f"AICAuthCookie={member.cookies['AICAuthCookie']}"}
    body = attributes_in(**attributes)
    assert refusal(anonymous.post("/auth/token", json=body, headers=headers)) == INVALID


def test_somebody_switched_off_is_nobody_at_once(
    anonymous: httpx.Client,
    member: Person,
    sandbox: SandboxProcess,
    use: Callable[..., httpx.Response],
) -> None:
    key = member.create()
    sandbox.control.post(f"/users/{member.username}/deactivate")
    assert member.refused("GET", "/apikeys") == REFUSED
    assert refusal(renew(anonymous, member.cookies["AICAuthCookie"])) == REFUSED
    assert refusal(use(key)) == REFUSED
    body = attributes_in(grantType="password", userName=member.username, password=member.password)
    assert refusal(anonymous.post("/auth/login", json=body)) == REFUSED
    sandbox.control.post(f"/users/{member.username}/activate")
    assert member.call("GET", "/apikeys").status_code == 200
    assert use(key).status_code == 200


def test_the_request_log_names_who_called(member: Person, sandbox: SandboxProcess) -> None:
    sandbox.control.delete("/requests")
    member.log_in()
    member.call("GET", "/apikeys")
    shown = sandbox.control.get("/requests").json()["items"]
    assert [(one["path"], one["user"]) for one in shown] == [
        ("/aic/auth/login", member.username),
        ("/aic/apikeys", member.username),
    ]
