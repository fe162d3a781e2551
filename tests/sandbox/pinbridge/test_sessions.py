"""Logging in, the active project, and what a person may do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest

from reconciler.sandbox.pinbridge.projects import PRODUCTION, SANDBOX
from tests.sandbox.conftest import Person
from tests.sandbox.pinbridge.conftest import PREFIX, UNKNOWN_ID, Caller
from tests.sandbox_process import SandboxProcess


def claims_of(token: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_a_login_gives_a_session_on_the_production_project(owner: Caller) -> None:
    session = owner.log_in()
    assert set(session) == {
        "access_token",
        "token_type",
        "expires_in",
        "user",
        "organization",
        "active_project",
        "projects",
        "workspace",
        "permissions",
    }
    assert (session["token_type"], session["expires_in"]) == ("bearer", 3600)
    assert session["user"]["email"] == owner.username
    assert session["active_project"] == session["workspace"] == session["projects"][0]
    assert session["active_project"]["id"] == PRODUCTION.id
    environments = [project["environment"] for project in session["projects"]]
    assert environments == ["production", "sandbox"]
    ends = claims_of(session["access_token"])["exp"]
    assert isinstance(ends, int)
    left = datetime.fromtimestamp(ends, UTC) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("role", "may"), [("superuser", True), ("member", True), ("viewer", False)]
)
def test_the_role_says_who_may_manage_keys(
    someone: Callable[[str], Caller], role: str, may: bool
) -> None:
    assert someone(role).log_in()["permissions"] == {"can_manage_api_keys": may}


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(
    nobody: Caller, owner: Caller
) -> None:
    wrong = {"email": owner.username, "password": "wrong"}
    unknown = {"email": "nobody@example.com", "password": "wrong"}
    answers = [nobody.call("POST", "/v1/auth/login", json=body) for body in (wrong, unknown)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


def test_too_many_tries_lock_the_account_for_a_while(
    nobody: Caller, owner: Caller, sandbox: SandboxProcess
) -> None:
    wrong = {"email": owner.username, "password": "wrong"}
    tries = [nobody.refused("POST", "/v1/auth/login", json=wrong) for _ in range(5)]
    assert tries == [(401, "invalid_credentials")] * 4 + [(403, "account_locked")]
    right = {"email": owner.username, "password": owner.password}
    assert nobody.refused("POST", "/v1/auth/login", json=right) == (403, "account_locked")
    sandbox.control.put("/time", json={"offset_seconds": 901})
    nobody.ask("POST", "/v1/auth/login", json=right)


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, [["body", "email"], ["body", "password"]]),
        ({"email": 7, "password": "x"}, [["body", "email"]]),
        ([], [["body"]]),
    ],
)
def test_a_login_without_its_fields_is_invalid(
    nobody: Caller, body: object, places: list[list[str]]
) -> None:
    answer = nobody.call("POST", "/v1/auth/login", json=body)
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["error"]["errors"]] == places


def test_a_session_sees_the_projects_and_switches_between_them(owner: Caller) -> None:
    old = owner.client.headers["Authorization"]
    seen = owner.ask("GET", "/v1/projects")
    assert seen["active_project"]["id"] == PRODUCTION.id
    assert [project["id"] for project in seen["projects"]] == [PRODUCTION.id, SANDBOX.id]
    switched = owner.ask("POST", "/v1/projects/switch", json={"project_id": SANDBOX.id})
    assert (switched["token_type"], switched["expires_in"]) == ("bearer", 3600)
    assert switched["active_project"]["id"] == SANDBOX.id
    owner.carry(switched["access_token"])
    assert owner.ask("GET", "/v1/projects")["active_project"]["id"] == SANDBOX.id
    owner.client.headers["Authorization"] = old
    assert owner.ask("GET", "/v1/projects")["active_project"]["id"] == PRODUCTION.id


def test_an_unknown_project_cannot_be_chosen(owner: Caller) -> None:
    body = {"project_id": UNKNOWN_ID}
    assert owner.refused("POST", "/v1/projects/switch", json=body) == (404, "not_found")
    refused = owner.refused("POST", "/v1/projects/switch", json={"project_id": "x"})
    assert refused == (422, "validation_error")


def test_keys_belong_to_the_active_project(owner: Caller) -> None:
    of_production = owner.create()
    assert of_production["workspace_id"] == PRODUCTION.id
    owner.switch_to(SANDBOX.id)
    of_sandbox = owner.create()
    assert of_sandbox["workspace_id"] == SANDBOX.id
    assert owner.lists(of_sandbox["id"])
    assert not owner.lists(of_production["id"])
    path = f"/v1/api-keys/{of_production['id']}"
    assert owner.refused("PATCH", path, json={"name": "mine"}) == (404, "not_found")
    assert owner.refused("DELETE", path) == (404, "not_found")
    owner.switch_to(PRODUCTION.id)
    assert owner.lists(of_production["id"])


@pytest.mark.parametrize("header", [None, "Bearer junk", "Bearer", "Basic abc", "Bearer a.b.c"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/api-keys"),
        ("POST", "/v1/api-keys"),
        ("PATCH", f"/v1/api-keys/{UNKNOWN_ID}"),
        ("DELETE", f"/v1/api-keys/{UNKNOWN_ID}"),
        ("GET", "/v1/projects"),
        ("POST", "/v1/projects/switch"),
        ("GET", "/v1/pinterest/accounts"),
        ("POST", "/v1/pins"),
        ("DELETE", f"/v1/pins/{UNKNOWN_ID}"),
        ("GET", "/v1/activity-logs"),
    ],
)
def test_nothing_goes_without_a_credential(
    nobody: Caller, header: str | None, method: str, path: str
) -> None:
    if header is not None:
        nobody.client.headers["Authorization"] = header
    assert nobody.refused(method, path) == (401, "unauthorized")


def test_an_expired_session_is_refused(owner: Caller, sandbox: SandboxProcess) -> None:
    sandbox.control.put("/time", json={"offset_seconds": 3601})
    assert owner.refused("GET", "/v1/api-keys") == (401, "unauthorized")


def test_a_session_comes_as_a_bearer_token_only(owner: Caller) -> None:
    token = owner.client.headers.pop("Authorization").removeprefix("Bearer ")
    owner.client.headers["X-API-Key"] = token
    assert owner.refused("GET", "/v1/api-keys") == (401, "unauthorized")


def test_a_token_that_others_signed_is_refused(owner: Caller, member: Person) -> None:
    token = owner.client.headers["Authorization"].removeprefix("Bearer ")
    clouisle = member.client.headers["Authorization"].removeprefix("Bearer ")
    forged = [
        jwt.encode(claims_of(token), "x" * 32, "HS256"),
        jwt.encode(claims_of(token), "", "none"),
        clouisle,
    ]
    for each in forged:
        owner.carry(each)
        assert owner.refused("GET", "/v1/api-keys") == (401, "unauthorized")
    stranger = member.client.get("/api-keys", headers={"Authorization": f"Bearer {token}"})
    assert stranger.status_code == 403


def test_somebody_switched_off_is_refused_at_once(owner: Caller, sandbox: SandboxProcess) -> None:
    sandbox.control.post(f"/users/{owner.username}/deactivate").raise_for_status()
    assert owner.refused("GET", "/v1/api-keys") == (403, "account_inactive")
    body = {"email": owner.username, "password": owner.password}
    assert owner.refused("POST", "/v1/auth/login", json=body) == (403, "account_inactive")
    sandbox.control.post(f"/users/{owner.username}/activate").raise_for_status()
    owner.ask("GET", "/v1/api-keys")


def test_a_viewer_manages_no_keys_but_sees_what_keys_are_for(
    someone: Callable[[str], Caller], owner: Caller
) -> None:
    viewer, path = someone("viewer"), f"/v1/api-keys/{owner.create()['id']}"
    denied = (403, "permission_denied")
    assert viewer.refused("GET", "/v1/api-keys") == denied
    assert viewer.refused("POST", "/v1/api-keys", json={"name": "x"}) == denied
    assert viewer.refused("PATCH", path, json={"name": "x"}) == denied
    assert viewer.refused("DELETE", path) == denied
    assert viewer.refused("GET", "/v1/activity-logs") == denied
    assert viewer.refused("POST", "/v1/pins", json={}) == denied
    assert len(viewer.ask("GET", "/v1/pinterest/accounts")) == 3


def test_people_share_the_keys_of_a_project(
    someone: Callable[[str], Caller], owner: Caller
) -> None:
    key, other = owner.create(), someone("member")
    assert other.lists(key["id"])
    other.ask("DELETE", f"/v1/api-keys/{key['id']}", 204)
    assert not owner.lists(key["id"])


def test_health_is_told_to_anybody(sandbox: SandboxProcess) -> None:
    for path in ("healthz", "readyz"):
        assert httpx.get(f"{sandbox.url}{PREFIX}/{path}").json() == {"status": "ok"}
