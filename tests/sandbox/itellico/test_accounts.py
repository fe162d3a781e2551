"""Accounts and subaccounts, and how far a key reaches."""

from typing import Any

import pytest

from reconciler.sandbox.itellico.accounts import ROOT
from tests.sandbox.itellico.conftest import UNKNOWN_ID, Open, Program

FIELDS = ["id", "name", "is_active", "created", "modified", "parent_account_id"]


def errors(program: Program, method: str, path: str, body: object) -> list[list[str]]:
    answer = program.call(method, path, json=body)
    assert answer.status_code == 422, answer.text
    return [one["loc"] for one in answer.json()["detail"]]


def test_a_key_sees_its_own_account(root: Program, tenant: Program, account: str) -> None:
    own = root.ask("GET", "/current")
    assert list(own) == FIELDS
    assert (own["id"], own["is_active"], own["parent_account_id"]) == (ROOT, True, None)
    mine = tenant.ask("GET", "/current")
    assert (mine["id"], mine["name"], mine["parent_account_id"]) == (account, "Tenant", ROOT)


def test_subaccounts_are_created_shown_listed_and_changed(root: Program) -> None:
    made = root.ask("POST", f"/{ROOT}/subaccounts", 201, json={"name": "One"})
    assert list(made) == FIELDS
    path = f"/me/subaccounts/{made['id']}"
    assert root.ask("GET", path) == made
    second = root.ask("POST", "/me/subaccounts", 201, json={"name": "Two"})
    shown = root.ask("GET", "/me/subaccounts", params={"limit": 2})
    assert shown["items"] == [second, made]
    assert shown["count"] >= 2
    assert root.ask("GET", "/me/subaccounts", params={"limit": 1, "offset": 1})["items"] == [made]
    changed = root.ask("PATCH", path, json={"name": "Renamed"})
    assert changed["modified"] > made["modified"]
    assert changed == made | {"name": "Renamed", "modified": changed["modified"]}
    assert root.ask("PATCH", path, json={}) == changed
    assert root.call("DELETE", path).status_code == 405


@pytest.mark.parametrize("name", ["", "x", "x" * 256, None, 7])
def test_a_name_has_at_least_two_characters(root: Program, account: str, name: object) -> None:
    body = {"name": name}
    assert errors(root, "POST", "/me/subaccounts", body) == [["body", "name"]]
    path = f"/me/subaccounts/{account}"
    assert errors(root, "PATCH", path, body) == [["body", "name"]]


def test_a_switch_is_true_or_false(root: Program, account: str) -> None:
    path = f"/me/subaccounts/{account}"
    for value in (None, "false", 0):
        assert errors(root, "PATCH", path, {"is_active": value}) == [["body", "is_active"]]


def test_an_unknown_subaccount_is_not_found(root: Program, tenant: Program, account: str) -> None:
    for method, body in (("GET", None), ("PATCH", {"name": "New"})):
        assert root.refused(method, f"/me/subaccounts/{UNKNOWN_ID}", json=body) == 404
        assert root.refused(method, f"/me/subaccounts/{ROOT}", json=body) == 404
        assert tenant.refused(method, f"/me/subaccounts/{account}", json=body) == 404
        assert errors(root, method, "/me/subaccounts/x", body) == [["path", "subaccount_id"]]


def test_a_subaccount_has_no_subaccounts(root: Program, tenant: Program, account: str) -> None:
    assert tenant.ask("GET", "/me/subaccounts") == {"count": 0, "items": []}
    body = {"name": "Deeper"}
    assert tenant.refused("POST", "/me/subaccounts", json=body) == 403
    assert root.refused("POST", f"/{account}/subaccounts", json=body) == 403


def test_a_key_of_the_parent_reaches_every_subaccount(root: Program, account: str) -> None:
    made = root.create(account)
    assert made["account_id"] == account
    path = f"/{account}/api-keys/{made['id']}"
    assert root.ask("GET", path)["id"] == made["id"]
    assert root.ask("PATCH", path, json={"label": "renamed"})["label"] == "renamed"
    root.ask("POST", f"{path}/revoke")
    root.ask("POST", f"{path}/reactivate")
    root.ask("GET", f"/{account}/agents")
    root.ask("DELETE", path, 204)


def test_each_account_lists_its_own_keys_only(root: Program, account: str) -> None:
    made = root.create(account)
    shown = root.ask("GET", f"/{account}/api-keys")
    assert [key["id"] for key in shown["items"]] == [made["id"]]
    assert made["id"] not in str(root.ask("GET", "/me/api-keys", params={"limit": 1000}))
    assert root.refused("GET", f"/me/api-keys/{made['id']}") == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "api-keys", None),
        ("POST", "api-keys", {"label": "x"}),
        ("GET", f"api-keys/{UNKNOWN_ID}", None),
        ("PATCH", f"api-keys/{UNKNOWN_ID}", {"label": "x"}),
        ("POST", f"api-keys/{UNKNOWN_ID}/revoke", None),
        ("POST", f"api-keys/{UNKNOWN_ID}/reactivate", None),
        ("DELETE", f"api-keys/{UNKNOWN_ID}", None),
        ("GET", "subaccounts", None),
        ("POST", "subaccounts", {"name": "New"}),
        ("GET", "agents", None),
        ("GET", "audit-log", None),
    ],
)
def test_a_key_of_a_subaccount_reaches_nothing_else(
    root: Program, tenant: Program, method: str, path: str, body: dict[str, Any] | None
) -> None:
    sibling = root.ask("POST", "/me/subaccounts", 201, json={"name": "Sibling"})["id"]
    for foreign in (ROOT, sibling, UNKNOWN_ID):
        assert tenant.refused(method, f"/{foreign}/{path}", json=body) == 403
    answer = tenant.call(method, f"/x/{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["path", "account_id"]


def test_an_inactive_account_is_closed_to_everybody(
    root: Program, tenant: Program, account: str
) -> None:
    path = f"/me/subaccounts/{account}"
    assert root.ask("PATCH", path, json={"is_active": False})["is_active"] is False
    assert tenant.refused("GET", "/current") == 403
    assert tenant.refused("GET", "/me/agents") == 403
    assert root.refused("GET", f"/{account}/api-keys") == 403
    assert root.refused("POST", f"/{account}/api-keys", json={"label": "x"}) == 403
    root.ask("PATCH", path, json={"is_active": True})
    tenant.ask("GET", "/me/agents")


def test_equal_names_are_two_accounts(root: Program, with_key: Open) -> None:
    made = [root.ask("POST", "/me/subaccounts", 201, json={"name": "Twin"}) for _ in range(2)]
    assert made[0]["id"] != made[1]["id"]
    first = with_key(root.create(made[0]["id"])["key"])
    assert first.refused("GET", f"/{made[1]['id']}/agents") == 403
