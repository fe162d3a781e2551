"""Logging in to the realm, and whom the management endpoints let in."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import jwt
import pytest

from reconciler.sandbox import WORKSPACE, Sandbox, open_sandbox
from tests.sandbox.intellithing.conftest import LOGIN, PREFIX, Person, Studio
from tests.sandbox_process import SandboxProcess

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
KEYS = f"/workspaces/{WORKSPACE}/security-keys"


def ask(client: httpx.Client, **form: str) -> httpx.Response:
    return client.post(LOGIN, data={"client_id": "cli", **form})


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert set(answer.json()) == {"error", "error_description"}
    return answer.status_code, answer.json()["error"]


def status(client: httpx.Client, token: str) -> int:
    return client.get(KEYS, headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_password_gives_a_session(newcomer: Callable[[str], Person]) -> None:
    session = newcomer("member").log_in()
    assert {name: session[name] for name in ("expires_in", "token_type")} == {
        "expires_in": 300,
        "token_type": "Bearer",
    }
    claims = jwt.decode(session["access_token"], options={"verify_signature": False})
    assert 298 <= claims["exp"] - datetime.now(UTC).timestamp() <= 300


def test_an_access_token_lasts_five_minutes_and_is_renewed(
    newcomer: Callable[[str], Person], sandbox: SandboxProcess
) -> None:
    person = newcomer("member")
    session = person.log_in()
    sandbox.control.put("/time", json={"offset_seconds": 298})
    assert status(person.client, session["access_token"]) == 200
    sandbox.control.put("/time", json={"offset_seconds": 301})
    refused = person.client.get(KEYS)
    assert (refused.status_code, refused.json()) == (401, {"detail": "Invalid or expired token"})
    renewed = ask(person.client, grant_type="refresh_token", refresh_token=session["refresh_token"])
    assert set(renewed.json()) == set(session)
    assert status(person.client, renewed.json()["access_token"]) == 200


def test_a_refresh_token_lasts_half_an_hour_and_is_good_for_nothing_else(
    newcomer: Callable[[str], Person], sandbox: SandboxProcess
) -> None:
    person = newcomer("member")
    session = person.log_in()
    refresh, access = session["refresh_token"], session["access_token"]
    assert status(person.client, refresh) == 401
    wrong = ask(person.client, grant_type="refresh_token", refresh_token=access)
    assert refusal(wrong) == (400, "invalid_grant")
    sandbox.control.put("/time", json={"offset_seconds": 1801})
    late = ask(person.client, grant_type="refresh_token", refresh_token=refresh)
    assert refusal(late) == (400, "invalid_grant")


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(
    anonymous: httpx.Client, newcomer: Callable[[str], Person]
) -> None:
    person = newcomer("member")
    for username in (person.username, "nobody"):
        answer = ask(anonymous, grant_type="password", username=username, password="wrong")
        assert refusal(answer) == (401, "invalid_grant")
        assert answer.json()["error_description"] == "Invalid user credentials"
    assert refusal(ask(anonymous, grant_type="password")) == (401, "invalid_grant")


def test_too_many_tries_lock_the_account_without_saying_so(
    anonymous: httpx.Client, newcomer: Callable[[str], Person]
) -> None:
    person = newcomer("member")
    form = {"grant_type": "password", "username": person.username}
    for _ in range(5):
        assert ask(anonymous, **form, password="wrong").status_code == 401
    assert refusal(ask(anonymous, **form, password=person.password)) == (401, "invalid_grant")


def test_a_client_logs_in_as_its_service_account(
    anonymous: httpx.Client, sandbox: SandboxProcess
) -> None:
    made = sandbox.add_user("service-account-cli", None, "member")
    wrong = ask(anonymous, grant_type="client_credentials", client_secret="wrong")
    assert refusal(wrong) == (401, "unauthorized_client")
    assert ask(anonymous, grant_type="client_credentials").status_code == 401
    right = ask(anonymous, grant_type="client_credentials", client_secret=made["password"])
    assert right.status_code == 200
    assert status(anonymous, right.json()["access_token"]) == 200


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"grant_type=password&client_id=other", (401, "invalid_client")),
        (b"grant_type=password", (401, "invalid_client")),
        (b"client_id=cli", (400, "invalid_request")),
        (b"client_id=cli&grant_type=magic", (400, "unsupported_grant_type")),
        (b"client_id=cli&grant_type=refresh_token", (400, "invalid_grant")),
        (b"\xff", (400, "invalid_request")),
        (b"a=1&" * 30, (400, "invalid_request")),
        (b"", (401, "invalid_client")),
    ],
)
def test_a_form_that_asks_for_nothing_we_know_is_refused(
    anonymous: httpx.Client, content: bytes, expected: tuple[int, str]
) -> None:
    assert refusal(anonymous.post(LOGIN, content=content)) == expected


def test_somebody_switched_off_is_refused_at_once(
    newcomer: Callable[[str], Person], sandbox: SandboxProcess
) -> None:
    person = newcomer("member")
    session = person.log_in()
    sandbox.control.post(f"/users/{person.username}/deactivate")
    assert person.client.get(KEYS).status_code == 401
    form = {"grant_type": "password", "username": person.username, "password": person.password}
    assert refusal(ask(person.client, **form)) == (400, "invalid_grant")
    renewal = {"grant_type": "refresh_token", "refresh_token": session["refresh_token"]}
    assert refusal(ask(person.client, **renewal)) == (400, "invalid_grant")


@pytest.mark.parametrize("header", [None, "Bearer junk", "Bearer", "Basic abc", "Bearer a.b.c"])
def test_management_without_a_valid_token_is_401(
    anonymous: httpx.Client, studio: Studio, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    for method, path in management(studio):
        answer = anonymous.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert set(answer.json()) == {"detail"}


def management(studio: Studio) -> list[tuple[str, str]]:
    here = f"/workspaces/{studio.id}"
    return [
        ("GET", f"{here}/security-keys"),
        ("POST", f"{here}/security-keys"),
        ("DELETE", f"{here}/security-keys/{UNKNOWN_ID}"),
        ("PUT", f"{here}/security-keys/enabled"),
        ("GET", f"{here}/projects/{studio.first}/deployment"),
        ("POST", f"{here}/projects/{studio.first}/deployments"),
        ("GET", f"{here}/audit-log"),
        ("GET", f"{here}/projects"),
    ]


def test_tokens_of_others_and_keys_are_401(anonymous: httpx.Client, studio: Studio) -> None:
    token = studio.person.client.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})
    form = {"username": studio.person.username, "password": studio.person.password}
    url = f"{str(anonymous.base_url).removesuffix(f'{PREFIX}/')}/clouisle/api/v1/login/access-token"
    clouisle = anonymous.post(url, data=form).json()["data"]["access_token"]
    others = [jwt.encode(claims, "x" * 32, "HS256"), jwt.encode(claims, "", "none"), clouisle]
    others.append(studio.create()["security_key"])
    assert [status(anonymous, one) for one in others] == [401] * 4


def test_a_viewer_may_do_nothing_with_keys(
    newcomer: Callable[[str], Person], studio: Studio
) -> None:
    viewer = newcomer("viewer")
    viewer.log_in()
    *about_keys, projects = management(studio)
    for method, path in about_keys:
        answer = viewer.call(method, path)
        assert answer.status_code == 403
        assert set(answer.json()) == {"detail"}
    assert viewer.call(*projects).status_code == 200
    assert viewer.call("GET", f"/workspaces/{UNKNOWN_ID}/security-keys").status_code == 403


@pytest.mark.parametrize("role", ["superuser", "member"])
def test_the_owner_and_a_moderator_may_do_everything(
    newcomer: Callable[[str], Person], studio: Studio, role: str
) -> None:
    person = newcomer(role)
    person.log_in()
    mine = Studio(studio.id, studio.first, studio.second, person)
    key = studio.create()
    mine.switch(on=True)
    mine.create()
    mine.deploy()
    mine.delete(key)
    assert len(mine.stored()) == 1
    assert len(mine.deployment()["key_ids"]) == 2
    assert len(mine.ask("GET", "/audit-log", 200)) == 5


async def ask_in_process(opened: Sandbox, path: str, token: str) -> httpx.Response:
    transport = httpx.ASGITransport(opened.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        return await client.get(PREFIX + path, headers={"Authorization": f"Bearer {token}"})


def test_the_built_in_token_is_always_the_same_and_does_not_run_out(tmp_path: Path) -> None:
    location = str(tmp_path / "sandbox.db")
    first = open_sandbox(location)
    given = first.credentials("intellithing")
    assert list(given) == ["token"]
    assert first.credentials("intellithing") == given
    first.close()
    far = open_sandbox(location, now=lambda: datetime(2999, 1, 1, tzinfo=UTC))
    assert far.credentials("intellithing") == given
    answer = asyncio.run(ask_in_process(far, KEYS, given["token"]))
    assert (answer.status_code, answer.json()) == (200, {"enabled": False, "keys": []})
    projects = asyncio.run(
        ask_in_process(far, f"/workspaces/{WORKSPACE}/projects", given["token"])
    ).json()
    assert [one["id"] for one in projects] == ["storefront", "backoffice"]
    far.close()
    assert given["token"].encode() not in (tmp_path / "sandbox.db").read_bytes()
    other = open_sandbox(":memory:")
    assert other.credentials("intellithing") != given
    other.close()
