"""Logging in and out, and how management refuses whoever is not allowed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest

from tests.sandbox.conftest import Person
from tests.sandbox_process import SandboxProcess

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def log_in(client: httpx.Client, username: str, password: str) -> httpx.Response:
    return client.post("/login/access-token", data={"username": username, "password": password})


def code(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


def test_a_login_gives_a_token_of_thirty_days(anonymous: httpx.Client, member: Person) -> None:
    body = log_in(anonymous, member.username, member.password).json()
    assert body["code"] == 0
    assert set(body["data"]) == {"access_token", "token_type"}
    claims = jwt.decode(body["data"]["access_token"], options={"verify_signature": False})
    lifetime = datetime.fromtimestamp(claims["exp"], UTC) - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < lifetime <= timedelta(days=30)


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(
    anonymous: httpx.Client, member: Person
) -> None:
    assert code(log_in(anonymous, member.username, "wrong")) == (400, 2003)
    assert code(log_in(anonymous, "nobody", "wrong")) == (400, 2003)


def test_too_many_tries_lock_the_account_for_a_while(
    anonymous: httpx.Client, member: Person, sandbox: SandboxProcess
) -> None:
    tries = [code(log_in(anonymous, member.username, "wrong")) for _ in range(5)]
    assert tries == [(400, 2003)] * 4 + [(400, 5300)]
    assert code(log_in(anonymous, member.username, member.password)) == (400, 5300)
    sandbox.control.put("/time", json={"offset_seconds": 901})
    assert log_in(anonymous, member.username, member.password).status_code == 200


def test_a_good_login_forgets_earlier_failures(anonymous: httpx.Client, member: Person) -> None:
    for _ in range(3):
        for _ in range(4):
            assert code(log_in(anonymous, member.username, "wrong")) == (400, 2003)
        assert log_in(anonymous, member.username, member.password).status_code == 200


@pytest.mark.parametrize(
    ("form", "field"),
    [({"password": "x"}, "username"), ({"username": "x"}, "password")],
)
def test_a_form_without_a_field_is_invalid(
    anonymous: httpx.Client, form: dict[str, str], field: str
) -> None:
    answer = anonymous.post("/login/access-token", data=form)
    assert code(answer) == (422, 1001)
    assert list(answer.json()["data"]["errors"]) == [field]


def test_a_form_that_is_too_large_is_refused(anonymous: httpx.Client) -> None:
    answer = anonymous.post("/login/access-token", content=b"username=" + b"x" * 2_000_000)
    assert answer.status_code == 413


def test_a_logged_out_token_is_refused_and_another_one_still_works(
    anonymous: httpx.Client, member: Person
) -> None:
    other = log_in(anonymous, member.username, member.password).json()["data"]["access_token"]
    assert member.call("POST", "/logout").json()["data"] is None
    assert member.refused("GET", "/api-keys") == (401, 2001)
    member.client.headers["Authorization"] = f"Bearer {other}"
    assert member.call("GET", "/api-keys").status_code == 200


def test_logging_out_with_junk_is_no_error(anonymous: httpx.Client) -> None:
    for header in ({}, {"Authorization": "Bearer junk"}):
        assert anonymous.post("/logout", headers=header).status_code == 200


@pytest.mark.parametrize("header", [None, "Bearer junk", "Bearer", "Basic abc", "Bearer a.b.c"])
def test_management_without_a_valid_token_is_403(
    anonymous: httpx.Client, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("GET", "/stats"),
        ("DELETE", f"/{UNKNOWN_ID}"),
    ):
        answer = anonymous.request(method, f"/api-keys{path}", headers=headers)
        assert code(answer) == (403, 2003)


def test_an_expired_token_is_403(member: Person, sandbox: SandboxProcess) -> None:
    sandbox.control.put("/time", json={"offset_seconds": 30 * 86_400 + 1})
    assert member.refused("GET", "/api-keys") == (403, 2003)


def test_a_token_signed_by_somebody_else_is_403(member: Person) -> None:
    token = member.client.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})
    for forged in (
        jwt.encode(claims, "x" * 32, "HS256"),
        jwt.encode(claims, "", "none"),
    ):
        member.client.headers["Authorization"] = f"Bearer {forged}"
        assert member.refused("GET", "/api-keys") == (403, 2003)


def test_a_key_cannot_manage_keys(member: Person) -> None:
    member.client.headers["Authorization"] = f"Bearer {member.create()['key']}"
    assert member.refused("GET", "/api-keys") == (403, 2003)


def test_somebody_switched_off_is_refused_at_once(
    anonymous: httpx.Client, member: Person, sandbox: SandboxProcess
) -> None:
    sandbox.control.post(f"/users/{member.username}/deactivate")
    assert member.refused("GET", "/api-keys") == (400, 2004)
    assert code(log_in(anonymous, member.username, member.password)) == (400, 2004)
    sandbox.control.post(f"/users/{member.username}/activate")
    assert member.call("GET", "/api-keys").status_code == 200


def test_a_viewer_may_do_nothing_with_keys(person: Callable[[str], Person], member: Person) -> None:
    viewer, key = person("viewer"), member.create()
    for method, path in (
        ("GET", ""),
        ("GET", "/stats"),
        ("GET", f"/{key['id']}"),
        ("DELETE", f"/{key['id']}"),
        ("POST", f"/{key['id']}/deactivate"),
    ):
        assert viewer.refused(method, f"/api-keys{path}") == (403, 3000)
    assert viewer.refused("POST", "/api-keys", json={"name": "x"}) == (403, 3000)
    assert viewer.refused("PUT", f"/api-keys/{key['id']}", json={}) == (403, 3000)


def test_a_member_has_no_access_to_the_keys_of_others(
    person: Callable[[str], Person], member: Person
) -> None:
    other, key = person("member"), member.create()
    path = f"/api-keys/{key['id']}"
    assert other.refused("GET", path) == (403, 3000)
    assert other.refused("PUT", path, json={"name": "mine"}) == (403, 3000)
    assert other.refused("POST", f"{path}/deactivate") == (403, 3000)
    assert other.refused("DELETE", path) == (403, 3000)
    assert other.data("GET", "/api-keys")["items"] == []
    assert member.data("GET", path)["name"] == "a key"


def test_a_superuser_edits_the_keys_of_everybody(admin: Person, member: Person) -> None:
    key = member.create()
    changed = admin.data("PUT", f"/api-keys/{key['id']}", json={"name": "renamed"})
    assert changed["name"] == "renamed"
    assert changed["user"]["username"] == member.username
    shown = admin.data("GET", "/api-keys", params={"user_id": key["user_id"]})
    assert [one["id"] for one in shown["items"]] == [key["id"]]
    admin.data("DELETE", f"/api-keys/{key['id']}")
    assert member.refused("GET", f"/api-keys/{key['id']}") == (404, 4000)


def test_messages_follow_the_language_of_the_caller(anonymous: httpx.Client) -> None:
    wishes = ("en", "de-AT,de;q=0.9,en;q=0.8", "xx", "")
    said = [
        anonymous.get("/api-keys", headers={"Accept-Language": wish}).json()["msg"]
        for wish in wishes
    ]
    assert said[0] == said[2] == said[3] == "Could not validate credentials"
    spoken = {"Accept-Language": "en", "X-Language": "de"}
    assert anonymous.get("/api-keys", headers=spoken).json()["msg"] == said[1]
    assert said[1] == "Die Anmeldedaten sind ungültig"
