"""Using a key: headers, refusals, its last use, its rate limit, the audit log, the built-in key."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.sandbox import Sandbox, open_sandbox
from reconciler.sandbox.itellico.accounts import ROOT
from tests.sandbox.itellico.conftest import PREFIX, UNKNOWN_ID, Open, Program
from tests.sandbox_process import HEADER, NO_CERTIFICATES, SandboxProcess

AGENTS = "/me/agents"
KEYS = "/me/api-keys"
LABEL = "Sandbox management key"


def get(sandbox: SandboxProcess, headers: dict[str, str]) -> httpx.Response:
    return httpx.get(sandbox.url + PREFIX + AGENTS, headers=headers, verify=NO_CERTIFICATES)


def log_of(program: Program, account: str = "me", **params: int) -> dict[str, Any]:
    shown: dict[str, Any] = program.ask("GET", f"/{account}/audit-log", params={**params})
    return shown


def test_a_key_works_in_either_header(tenant: Program, sandbox: SandboxProcess) -> None:
    key = tenant.create()["key"]
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
        answer = get(sandbox, headers)
        assert (answer.status_code, answer.json()) == (200, {"count": 0, "items": []})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer sk-a1b2c3d4.unknown"},
        {"Authorization": "Basic sk-a1b2c3d4.unknown"},
        {"X-API-Key": ""},
        {"X-API-Key": "sk-a1b2c3d4"},
    ],
)
def test_a_missing_or_unknown_key_is_refused(
    sandbox: SandboxProcess, headers: dict[str, str]
) -> None:
    answer = get(sandbox, headers)
    assert answer.status_code == 401
    assert isinstance(answer.json()["detail"], str)


def test_the_partial_key_is_no_key(tenant: Program, with_key: Open) -> None:
    key = tenant.create()
    for wrong in (key["prefix"], key["prefix"] + "...", key["key"][:-1], key["key"] + "0"):
        assert with_key(wrong).refused("GET", AGENTS) == 401


def test_a_key_expires_at_its_instant(
    tenant: Program, with_key: Open, sandbox: SandboxProcess
) -> None:
    key = with_key(tenant.create(expires_at="2080-01-01T00:00:00Z")["key"])
    sandbox.control.put("/time", json={"fixed": "2079-12-31T23:59:59.999999Z"})
    key.ask("GET", AGENTS)
    sandbox.control.put("/time", json={"fixed": "2080-01-01T00:00:00Z"})
    assert key.refused("GET", AGENTS) == 401
    assert key.refused("GET", KEYS) == 401


def test_every_endpoint_wants_a_key(sandbox: SandboxProcess) -> None:
    with httpx.Client(base_url=sandbox.url + PREFIX, verify=NO_CERTIFICATES) as client:
        for method, path in (
            ("GET", "/current"),
            ("GET", "/me/subaccounts"),
            ("POST", "/me/subaccounts"),
            ("GET", f"/me/subaccounts/{UNKNOWN_ID}"),
            ("PATCH", f"/me/subaccounts/{UNKNOWN_ID}"),
            ("GET", KEYS),
            ("POST", KEYS),
            ("GET", f"{KEYS}/{UNKNOWN_ID}"),
            ("PATCH", f"{KEYS}/{UNKNOWN_ID}"),
            ("DELETE", f"{KEYS}/{UNKNOWN_ID}"),
            ("POST", f"{KEYS}/{UNKNOWN_ID}/revoke"),
            ("POST", f"{KEYS}/{UNKNOWN_ID}/reactivate"),
            ("GET", AGENTS),
            ("GET", "/me/audit-log"),
        ):
            assert client.request(method, path).status_code == 401


def test_the_last_use_is_noted_only_when_the_call_is_accepted(
    root: Program, tenant: Program, account: str, with_key: Open, sandbox: SandboxProcess
) -> None:
    made = tenant.create()
    key, path = with_key(made["key"]), f"/{account}/api-keys/{made['id']}"
    assert key.refused("GET", f"/{ROOT}/agents") == 403
    root.ask("POST", f"{path}/revoke")
    assert key.refused("GET", AGENTS) == 401
    root.ask("POST", f"{path}/reactivate")
    assert root.ask("GET", path)["last_used_at"] is None
    sandbox.control.put("/time", json={"fixed": "2090-01-01T00:00:00Z"})
    key.ask("GET", AGENTS)
    sandbox.control.put("/time", json={"fixed": "2090-01-02T00:00:00Z"})
    assert key.refused("GET", f"/{ROOT}/agents") == 403
    shown = root.ask("GET", path)
    assert shown["last_used_at"] == "2090-01-01T00:00:00Z"
    assert shown["modified"] < "2090"


def test_a_key_used_too_often_has_to_wait(
    tenant: Program, with_key: Open, sandbox: SandboxProcess, few_calls: int
) -> None:
    sandbox.control.put("/time", json={"fixed": "2090-01-01T00:00:00Z"})
    key, other = with_key(tenant.create()["key"]), with_key(tenant.create()["key"])
    for _ in range(few_calls):
        key.ask("GET", AGENTS)
    answer = key.call("GET", AGENTS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert isinstance(answer.json()["detail"], str)
    other.ask("GET", AGENTS)
    sandbox.control.put("/time", json={"fixed": "2090-01-01T00:00:59.5Z"})
    assert key.call("GET", AGENTS).headers["Retry-After"] == "1"
    sandbox.control.put("/time", json={"fixed": "2090-01-01T00:01:00Z"})
    key.ask("GET", AGENTS)


def test_every_write_is_logged_with_both_states_and_no_secret(
    root: Program, tenant: Program, account: str
) -> None:
    key = root.create(account)
    path = f"{KEYS}/{key['id']}"
    tenant.ask("PATCH", path, json={"label": "renamed"})
    for _ in range(2):
        tenant.ask("POST", f"{path}/revoke")
    for _ in range(2):
        tenant.ask("POST", f"{path}/reactivate")
    tenant.refused("PATCH", path, json={"label": ""})
    tenant.ask("DELETE", path, 204)
    tenant.refused("DELETE", path)
    shown = log_of(tenant)
    items = [item for item in shown["items"] if item["resource_id"] == key["id"]][::-1]
    verbs = ["created", "updated", "revoked", "reactivated", "deleted"]
    assert [item["action"] for item in items] == [f"api_key.{verb}" for verb in verbs]
    assert {item["resource_type"] for item in items} == {"api_key"}
    actors = [LABEL, *["first"] * 4]
    assert [item["actor_label"] for item in items] == actors
    assert len({item["actor_key_id"] for item in items}) == 2
    assert items[0]["before"] is items[-1]["after"] is None
    states = [(item["before"], item["after"]) for item in items[1:4]]
    assert states[0][1]["label"] == "renamed"
    assert [after["status"] for _, after in states] == ["active", "revoked", "active"]
    assert all(item["created"].endswith("Z") for item in items)
    assert key["key"].partition(".")[2] not in str(shown)


def test_an_audit_log_has_parts_and_belongs_to_one_account(root: Program, account: str) -> None:
    for _ in range(3):
        root.create(account)
    first = log_of(root, account, limit=2)
    last = log_of(root, account, limit=2, offset=2)
    assert (first["count"], len(first["items"]), len(last["items"])) == (3, 2, 1)
    assert log_of(root, limit=1)["items"][0]["resource_id"] == account
    root.ask("PATCH", f"/me/subaccounts/{account}", json={"name": "Renamed"})
    newest = log_of(root, limit=1)["items"][0]
    assert newest["action"] == "account.updated"
    assert (newest["before"]["name"], newest["after"]["name"]) == ("Tenant", "Renamed")


def test_the_built_in_key_is_listed_like_any_other(root: Program) -> None:
    keys = root.ask("GET", KEYS, params={"limit": 1000, "status": "active"})["items"]
    built_in = [key for key in keys if key["label"] == LABEL]
    assert len(built_in) == 1
    assert built_in[0]["account_id"] == ROOT
    assert root.client.headers["X-API-Key"].startswith(built_in[0]["prefix"] + ".")


def test_the_control_endpoints_want_their_token(sandbox: SandboxProcess) -> None:
    for method, path in (("GET", "token"), ("PUT", "rate-limit")):
        url = f"{sandbox.url}/_sandbox/itellico/{path}"
        for headers in ({}, {HEADER: "wrong"}):
            answer = httpx.request(method, url, headers=headers, verify=NO_CERTIFICATES)
            assert answer.status_code == 403
            assert "sk-" not in answer.text
    assert sandbox.control.put("/itellico/rate-limit", json={"per_minute": 0}).status_code == 422


def ask(opened: Sandbox, method: str, path: str, token: str) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(opened.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            headers = {"Authorization": f"Bearer {token}"}
            return await client.request(method, PREFIX + path, headers=headers)

    return asyncio.run(send())


def test_the_credentials_are_the_same_at_every_opening(tmp_path: Path) -> None:
    location = str(tmp_path / "sandbox.db")
    first, second = open_sandbox(location), open_sandbox(location)
    given = first.credentials("itellico")
    assert list(given) == ["token"]
    assert given == second.credentials("itellico") == second.credentials("itellico")
    assert ask(second, "GET", "/current", given["token"]).json()["id"] == ROOT
    assert ask(second, "GET", KEYS, given["token"]).json()["count"] == 1
    assert given["token"] not in repr(first)
    first.close()
    second.close()
    other = open_sandbox(":memory:")
    assert other.credentials("itellico") != given
    other.close()


@pytest.mark.parametrize(("method", "verb"), [("DELETE", ""), ("POST", "/revoke")])
def test_a_built_in_key_that_shut_itself_out_comes_back(
    tmp_path: Path, method: str, verb: str
) -> None:
    location = str(tmp_path / "sandbox.db")
    opened = open_sandbox(location)
    token = opened.credentials("itellico")["token"]
    (key,) = ask(opened, "GET", KEYS, token).json()["items"]
    assert ask(opened, method, f"{KEYS}/{key['id']}{verb}", token).is_success
    assert ask(opened, "GET", KEYS, token).status_code == 401
    opened.close()
    again = open_sandbox(location)
    assert again.credentials("itellico") == {"token": token}
    (back,) = ask(again, "GET", KEYS, token).json()["items"]
    assert (back["label"], back["status"]) == (LABEL, "active")
    again.close()


def test_a_reset_keeps_the_built_in_key_and_nothing_else(tmp_path: Path) -> None:
    with SandboxProcess(str(tmp_path / "sandbox.db")) as process:
        token = process.control.get("/itellico/token").json()["token"]
        headers = {"X-API-Key": token}
        with httpx.Client(base_url=process.url + PREFIX, headers=headers) as client:
            root = Program(client)
            account = root.ask("POST", "/me/subaccounts", 201, json={"name": "Tenant"})["id"]
            root.create(account)
            root.create()
            process.control.put("/itellico/rate-limit", json={"per_minute": 1}).raise_for_status()
            process.control.put("/time", json={"offset_seconds": 3600}).raise_for_status()
            process.control.post("/reset").raise_for_status()
            assert process.control.get("/itellico/token").json() == {"token": token}
            (key,) = root.ask("GET", KEYS)["items"]
            assert (key["label"], key["status"]) == (LABEL, "active")
            assert root.ask("GET", "/me/subaccounts")["count"] == 0
            assert root.refused("GET", f"/{account}/agents") == 403
            assert log_of(root)["items"] == []
