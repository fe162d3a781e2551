"""The activity log, and the control endpoints of PinBridge."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from reconciler.sandbox import PREFIXES, open_sandbox
from reconciler.sandbox.pinbridge.projects import PRODUCTION, SANDBOX
from tests.sandbox.pinbridge.conftest import PREFIX, Caller, Params
from tests.sandbox_process import HEADER, SandboxProcess

LOG = "/v1/activity-logs"


def test_every_write_is_logged_with_its_actor_and_no_secret(
    owner: Caller, program: Callable[..., Caller]
) -> None:
    caller = program("write", "destructive", name="the program")
    key = owner.create(name="watched")
    path = f"/v1/api-keys/{key['id']}"
    answer = caller.call("PATCH", path, json={"name": "renamed"})
    owner.call("PATCH", path, json={})
    caller.ask("DELETE", path, 204)
    caller.call("DELETE", path)
    shown = owner.ask("GET", LOG, params={"limit": 200, "category": "security"})
    items = [item for item in shown["items"] if item["resource_id"] == key["id"]][::-1]
    actions = ["api_key.created", "api_key.updated", "api_key.revoked"]
    assert [item["action"] for item in items] == actions
    created, updated, revoked = items
    assert (created["actor_type"], created["actor"]) == ("user", owner.username)
    assert created["actor_user_id"] is not None
    assert (updated["actor_type"], updated["actor_label"]) == ("api_key", "the program")
    assert updated["actor"] == revoked["actor"]
    assert updated["actor_user_id"] is None
    assert updated["request_id"] == answer.headers["X-Request-ID"]
    assert [item["metadata"]["name"] for item in items] == ["watched", "renamed", "renamed"]
    assert {item["resource_type"] for item in items} == {"api_key"}
    assert {item["status"] for item in items} == {"success"}
    assert all(item["created_at"].endswith("Z") for item in items)
    assert "pb_live_" not in str(shown)


def test_a_cursor_leads_through_the_log_while_it_grows(owner: Caller) -> None:
    made = [owner.create()["id"] for _ in range(5)]
    found: list[str] = []
    cursor: str | None = None
    while len(found) < 5:
        params: Params = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        page = owner.ask("GET", LOG, params=params)
        assert len(page["items"]) == 2
        found += [item["resource_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        owner.create()
    assert found[:5] == made[::-1]


def test_a_log_ends_and_belongs_to_one_project(owner: Caller) -> None:
    owner.switch_to(SANDBOX.id)
    key = owner.create()
    page = owner.ask("GET", LOG, params={"limit": 200})
    assert page["next_cursor"] is None
    assert page["items"][0]["resource_id"] == key["id"]
    owner.switch_to(PRODUCTION.id)
    items = owner.ask("GET", LOG, params={"limit": 200})["items"]
    assert key["id"] not in {item["resource_id"] for item in items}


def test_categories_are_told_apart(owner: Caller) -> None:
    body = {
        "account_id": PRODUCTION.pinterest_accounts[0],
        "board_id": "1",
        "title": "A pin",
        "image_url": "https://example.com/a.jpg",
        "idempotency_key": "once",
    }
    made = owner.ask("POST", "/v1/pins", 201, json=body)
    owner.ask("DELETE", f"/v1/pins/{made['id']}", 204)
    items = owner.ask("GET", LOG, params={"category": "publishing"})["items"]
    assert [item["action"] for item in items[:2]] == ["pin.deleted", "pin.created"]
    assert owner.ask("GET", LOG, params={"category": "billing"})["items"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", 0), ("limit", 201), ("limit", "x"), ("cursor", "x"), ("category", "x")],
)
def test_a_question_that_makes_no_sense_is_invalid(
    owner: Caller, name: str, value: str | int
) -> None:
    answer = owner.call("GET", LOG, params={name: value})
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["error"]["errors"]] == [["query", name]]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "oauth-keys", {}),
        ("POST", "oauth-keys", {"client_name": "x", "authorized_by_email": 7}),
        ("POST", "oauth-keys", {"client_name": "x", "authorized_by_email": "x", "scopes": ["y"]}),
        ("POST", "oauth-keys", {"client_name": "x", "authorized_by_email": "x", "project_id": "y"}),
        ("PUT", "list-revoked", {}),
        ("PUT", "list-revoked", {"on": "yes"}),
        ("PUT", "rate-limit", {}),
        ("PUT", "rate-limit", {"per_minute": 0}),
        ("PUT", "rate-limit", {"per_minute": True}),
        ("PUT", "rate-limit", {"per_minute": "many"}),
        ("PUT", "rate-limit", {"per_minute": 10**30}),
    ],
)
def test_the_control_endpoints_refuse_nonsense_and_strangers(
    sandbox: SandboxProcess, method: str, path: str, body: dict[str, object]
) -> None:
    assert sandbox.control.request(method, f"/pinbridge/{path}", json=body).status_code == 422
    url = f"{sandbox.url}/_sandbox/pinbridge/{path}"
    for headers in ({}, {HEADER: "wrong"}):
        assert httpx.request(method, url, json=body, headers=headers).status_code == 403


def test_the_built_in_superuser_gets_in_with_the_credentials() -> None:
    opened = open_sandbox(":memory:")

    async def log_in() -> httpx.Response:
        transport = httpx.ASGITransport(opened.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            path = PREFIXES["pinbridge"] + "/v1/auth/login"
            return await client.post(path, json=opened.credentials("pinbridge"))

    answer = asyncio.run(log_in())
    assert set(opened.credentials("pinbridge")) == {"email", "password"}
    assert answer.json()["permissions"] == {"can_manage_api_keys": True}
    opened.close()


def test_a_reset_forgets_keys_pins_logs_and_settings(tmp_path: Path) -> None:
    admin = {"email": "root", "password": "root-password"}
    with SandboxProcess(str(tmp_path / "sandbox.db")) as process:
        control = process.control
        process.add_user("ann", "ann's", "member")
        with httpx.Client(base_url=process.url + PREFIX) as client:
            session = client.post("/v1/auth/login", json=admin).json()
            client.headers["Authorization"] = f"Bearer {session['access_token']}"
            key = client.post("/v1/api-keys", json={"name": "a key"}).json()
            client.delete(f"/v1/api-keys/{key['id']}")
            control.put("/pinbridge/list-revoked", json={"on": True}).raise_for_status()
            control.put("/pinbridge/rate-limit", json={"per_minute": 1}).raise_for_status()
            assert len(client.get("/v1/api-keys").json()) == 1
            ann = client.post("/v1/auth/login", json={"email": "ann", "password": "ann's"}).json()
            control.post("/reset").raise_for_status()
            gone = {"Authorization": f"Bearer {ann['access_token']}"}
            assert client.get("/v1/api-keys", headers=gone).status_code == 401
            assert client.get("/v1/api-keys").json() == []
            assert client.get(LOG).json() == {"items": [], "next_cursor": None}
            key = client.post("/v1/api-keys", json={"name": "a key"}).json()
            sent = {"Authorization": f"Bearer {key['api_key']}"}
            answers = [client.get("/v1/pinterest/accounts", headers=sent) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200] * 3
            client.delete(f"/v1/api-keys/{key['id']}")
            assert client.get("/v1/api-keys").json() == []
