"""Using a key: which scopes allow what, where it reaches, its last use and its rate limit."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.sandbox.pinbridge.projects import PRODUCTION, SANDBOX
from tests.sandbox.pinbridge.conftest import UNKNOWN_ID, Caller
from tests.sandbox_process import SandboxProcess

FIRST, SECOND, THIRD = PRODUCTION.pinterest_accounts
ACCOUNTS = "/v1/pinterest/accounts"
SCOPES = ["read", "write", "destructive"]


def pin(account_id: str = FIRST, **fields: object) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "board_id": "123-board",
        "title": "A pin",
        "image_url": "https://example.com/a.jpg",
        "idempotency_key": "once",
    } | fields


@pytest.mark.parametrize("scope", SCOPES)
def test_any_scope_lists_the_accounts(program: Callable[..., Caller], scope: str) -> None:
    accounts = program(scope).ask("GET", ACCOUNTS)
    assert [account["id"] for account in accounts] == [FIRST, SECOND, THIRD]
    assert {account["workspace_id"] for account in accounts} == {PRODUCTION.id}
    assert all(account["revoked_at"] is None for account in accounts)


def test_a_key_works_in_either_header(owner: Caller, client: Callable[[], httpx.Client]) -> None:
    key = owner.create()["api_key"]
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
        assert client().get(ACCOUNTS, headers=headers).status_code == 200
    both = {"X-API-Key": key, "Authorization": "Bearer junk"}
    assert client().get(ACCOUNTS, headers=both).status_code == 401


@pytest.mark.parametrize("wrong", ["pb_live_", "pb_live_unknown", "junk", ""])
@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_an_unknown_key_is_refused(
    client: Callable[[], httpx.Client], wrong: str, header: str
) -> None:
    sent = f"Bearer {wrong}" if header == "Authorization" else wrong
    answer = client().get(ACCOUNTS, headers={header: sent.strip()})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_a_revoked_key_is_refused_at_once(owner: Caller, nobody: Caller) -> None:
    key = owner.create()
    nobody.carry(key["api_key"])
    nobody.ask("GET", ACCOUNTS)
    owner.ask("DELETE", f"/v1/api-keys/{key['id']}", 204)
    for path in (ACCOUNTS, "/v1/api-keys"):
        assert nobody.refused("GET", path) == (401, "unauthorized")


def test_a_key_reaches_only_its_project(owner: Caller, nobody: Caller) -> None:
    owner.switch_to(SANDBOX.id)
    nobody.carry(owner.create()["api_key"])
    accounts = nobody.ask("GET", ACCOUNTS)
    assert [account["id"] for account in accounts] == list(SANDBOX.pinterest_accounts)
    assert nobody.refused("POST", "/v1/pins", json=pin()) == (403, "account_not_permitted")
    assert all(key["workspace_id"] == SANDBOX.id for key in nobody.ask("GET", "/v1/api-keys"))


def test_an_allow_list_narrows_what_a_key_reaches(program: Callable[..., Caller]) -> None:
    caller = program(*SCOPES, pinterest_account_ids=[SECOND])
    assert [account["id"] for account in caller.ask("GET", ACCOUNTS)] == [SECOND]
    assert caller.refused("POST", "/v1/pins", json=pin()) == (403, "account_not_permitted")
    made = caller.ask("POST", "/v1/pins", 201, json=pin(SECOND))
    caller.ask("DELETE", f"/v1/pins/{made['id']}", 204)


def test_a_pin_outside_the_allow_list_is_not_found(
    owner: Caller, program: Callable[..., Caller]
) -> None:
    made = owner.ask("POST", "/v1/pins", 201, json=pin())
    narrow = program(*SCOPES, pinterest_account_ids=[SECOND])
    assert narrow.refused("DELETE", f"/v1/pins/{made['id']}") == (404, "not_found")
    owner.ask("DELETE", f"/v1/pins/{made['id']}", 204)


@pytest.mark.parametrize(
    ("scopes", "missing"), [(["read"], "write"), (["read", "destructive"], "write")]
)
def test_a_pin_needs_the_write_scope(
    program: Callable[..., Caller], scopes: list[str], missing: str
) -> None:
    answer = program(*scopes).call("POST", "/v1/pins", json={})
    assert answer.status_code == 403
    assert answer.json() == {
        "error": {
            "code": "insufficient_scope",
            "message": f"This API key does not have the '{missing}' scope.",
            "remediation": f"Ask a workspace admin for a key with the {missing} scope.",
        }
    }


def test_pins_come_and_go_with_the_scopes_for_it(program: Callable[..., Caller]) -> None:
    writer, remover = program("write"), program("destructive")
    made = writer.ask("POST", "/v1/pins", 201, json=pin())
    assert (made["status"], made["pinterest_account_id"]) == ("queued", FIRST)
    path = f"/v1/pins/{made['id']}"
    assert writer.refused("DELETE", path) == (403, "insufficient_scope")
    remover.ask("DELETE", path, 204)
    assert remover.refused("DELETE", path) == (404, "not_found")
    assert remover.refused("DELETE", f"/v1/pins/{UNKNOWN_ID}") == (404, "not_found")
    assert remover.refused("DELETE", "/v1/pins/x") == (422, "validation_error")
    assert writer.refused("POST", "/v1/pins", json={}) == (422, "validation_error")
    long = pin(title="x" * 101)
    assert writer.refused("POST", "/v1/pins", json=long) == (422, "validation_error")


@pytest.mark.parametrize("scope", SCOPES)
def test_scopes_say_how_far_a_key_manages_keys(
    owner: Caller, program: Callable[..., Caller], scope: str
) -> None:
    caller, path = program(scope), f"/v1/api-keys/{owner.create()['id']}"
    assert caller.ask("GET", "/v1/api-keys")
    lacking = (403, "insufficient_scope")
    if scope == "write":
        made = caller.create(scopes=["read"])
        assert owner.lists(made["id"])
        assert caller.ask("PATCH", path, json={"name": "renamed"})["name"] == "renamed"
    else:
        assert caller.refused("POST", "/v1/api-keys", json={"name": "x"}) == lacking
        assert caller.refused("PATCH", path, json={"name": "x"}) == lacking
    if scope == "destructive":
        caller.ask("DELETE", path, 204)
    else:
        assert caller.refused("DELETE", path) == lacking
        assert owner.lists(path.rpartition("/")[2])


def test_new_scopes_and_accounts_count_at_once(owner: Caller, nobody: Caller) -> None:
    key = owner.create(scopes=["read"])
    nobody.carry(key["api_key"])
    assert nobody.refused("POST", "/v1/pins", json={}) == (403, "insufficient_scope")
    changes = {"scopes": ["write"], "pinterest_account_ids": [THIRD]}
    owner.ask("PATCH", f"/v1/api-keys/{key['id']}", json=changes)
    nobody.ask("POST", "/v1/pins", 201, json=pin(THIRD))
    assert [account["id"] for account in nobody.ask("GET", ACCOUNTS)] == [THIRD]


def test_a_key_cannot_choose_a_project(program: Callable[..., Caller]) -> None:
    caller = program(*SCOPES)
    assert caller.refused("GET", "/v1/projects") == (403, "permission_denied")
    body = {"project_id": SANDBOX.id}
    assert caller.refused("POST", "/v1/projects/switch", json=body) == (403, "permission_denied")


def test_the_last_use_is_noted(owner: Caller, nobody: Caller, sandbox: SandboxProcess) -> None:
    sandbox.control.put("/time", json={"fixed": "2030-01-01T00:00:00Z"})
    owner.log_in()
    key = owner.create()
    listed = owner.listed(key["id"])
    assert listed["last_used_at"] is None
    sandbox.control.put("/time", json={"fixed": "2030-01-01T00:10:00Z"})
    nobody.carry(key["api_key"])
    nobody.ask("GET", ACCOUNTS)
    used = owner.listed(key["id"])
    assert used == listed | {"last_used_at": "2030-01-01T00:10:00Z"}


def test_a_key_used_too_often_has_to_wait(
    owner: Caller, nobody: Caller, sandbox: SandboxProcess, few_calls: int
) -> None:
    sandbox.control.put("/time", json={"fixed": "2030-01-01T00:00:00Z"})
    owner.log_in()
    key, other = owner.create(), owner.create()
    nobody.carry(key["api_key"])
    for _ in range(few_calls):
        nobody.ask("GET", ACCOUNTS)
    sandbox.control.put("/time", json={"fixed": "2030-01-01T00:00:17.5Z"})
    answer = nobody.call("GET", ACCOUNTS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "43")
    error = answer.json()["error"]
    assert (error["code"], error["retry_after_seconds"]) == ("rate_limited", 43)
    listed = owner.listed(key["id"])
    assert listed["last_used_at"] == "2030-01-01T00:00:00Z"
    nobody.carry(other["api_key"])
    nobody.ask("GET", ACCOUNTS)
    sandbox.control.put("/time", json={"fixed": "2030-01-01T00:01:00Z"})
    nobody.carry(key["api_key"])
    nobody.ask("GET", ACCOUNTS)


def test_time_set_back_opens_a_new_window(
    owner: Caller, nobody: Caller, sandbox: SandboxProcess, few_calls: int
) -> None:
    nobody.carry(owner.create()["api_key"])
    for _ in range(few_calls):
        nobody.ask("GET", ACCOUNTS)
    assert nobody.refused("GET", ACCOUNTS) == (429, "rate_limited")
    sandbox.control.put("/time", json={"offset_seconds": -3600})
    nobody.ask("GET", ACCOUNTS)


def test_people_are_not_limited(owner: Caller, few_calls: int) -> None:
    for _ in range(few_calls + 2):
        owner.ask("GET", ACCOUNTS)
