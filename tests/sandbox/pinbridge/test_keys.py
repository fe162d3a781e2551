"""The life of a key: creating, listing, changing and revoking it."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.sandbox.pinbridge.projects import PRODUCTION, SANDBOX
from tests.sandbox.pinbridge.conftest import UNKNOWN_ID, Caller
from tests.sandbox_process import SandboxProcess

FIRST, SECOND, _ = PRODUCTION.pinterest_accounts
ITEM = [
    "id",
    "workspace_id",
    "name",
    "scopes",
    "pinterest_account_ids",
    "source",
    "client_name",
    "authorized_by_email",
    "last_used_at",
    "created_at",
    "revoked_at",
]


def errors(answer: httpx.Response) -> list[list[str | int]]:
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert error["code"] == "validation_error"
    assert all(set(one) == {"loc", "msg"} for one in error["errors"])
    return [one["loc"] for one in error["errors"]]


def test_a_new_key_shows_its_secret_once(owner: Caller) -> None:
    created = owner.create(name="scheduler-prod", scopes=["read", "write"])
    assert list(created) == [
        "id",
        "workspace_id",
        "name",
        "api_key",
        "scopes",
        "pinterest_account_ids",
        "created_at",
    ]
    assert re.fullmatch(r"pb_live_[0-9a-f]{64}", created["api_key"])
    assert created["scopes"] == ["read", "write"]
    assert created["pinterest_account_ids"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", created["created_at"])
    assert created["api_key"] not in owner.call("GET", "/v1/api-keys").text


def test_a_list_is_a_bare_array_of_whole_keys(owner: Caller) -> None:
    created = owner.create()
    listed = owner.listed(created["id"])
    assert list(listed) == ITEM
    same = ("id", "workspace_id", "name", "scopes", "pinterest_account_ids", "created_at")
    assert {name: listed[name] for name in same} == {name: created[name] for name in same}
    assert listed["source"] == "manual"
    empty = ("client_name", "authorized_by_email", "last_used_at", "revoked_at")
    assert all(listed[name] is None for name in empty)


def test_a_list_is_whole_and_has_the_newest_first(owner: Caller) -> None:
    made = [owner.create()["id"] for _ in range(30)]
    listed = [key["id"] for key in owner.ask("GET", "/v1/api-keys", params={"limit": 2})]
    assert [key_id for key_id in listed if key_id in made] == made[::-1]


def test_equal_times_keep_a_stable_order(owner: Caller, sandbox: SandboxProcess) -> None:
    sandbox.control.put("/time", json={"fixed": "2030-01-01T00:00:00Z"})
    owner.log_in()
    made = [owner.create() for _ in range(4)]
    assert {key["created_at"] for key in made} == {"2030-01-01T00:00:00Z"}
    ids = [key["id"] for key in made]
    listed = [key["id"] for key in owner.ask("GET", "/v1/api-keys")]
    assert [key_id for key_id in listed if key_id in ids] == ids[::-1]


def test_without_scopes_a_key_has_all_of_them(owner: Caller) -> None:
    assert owner.create()["scopes"] == ["read", "write", "destructive"]


def test_repeated_scopes_and_accounts_count_once(owner: Caller) -> None:
    made = owner.create(
        scopes=["write", "read", "write"], pinterest_account_ids=[SECOND, FIRST, SECOND.upper()]
    )
    assert made["scopes"] == ["write", "read"]
    assert made["pinterest_account_ids"] == [SECOND, FIRST]


def test_fields_that_are_unknown_are_ignored(owner: Caller) -> None:
    made = owner.create(source="oauth", revoked_at="2020-01-01T00:00:00Z", workspace_id=SANDBOX.id)
    assert made["workspace_id"] == PRODUCTION.id
    listed = owner.listed(made["id"])
    assert (listed["source"], listed["revoked_at"]) == ("manual", None)


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"name": ""}, [["name"]]),
        ({"name": "x" * 256}, [["name"]]),
        ({"name": None}, [["name"]]),
        ({"name": 7}, [["name"]]),
        ({"scopes": []}, [["scopes"]]),
        ({"scopes": None}, [["scopes"]]),
        ({"scopes": "read"}, [["scopes"]]),
        ({"scopes": ["read", "admin", 7]}, [["scopes", 1], ["scopes", 2]]),
        ({"pinterest_account_ids": []}, [["pinterest_account_ids"]]),
        ({"pinterest_account_ids": FIRST}, [["pinterest_account_ids"]]),
        ({"pinterest_account_ids": [FIRST, "x"]}, [["pinterest_account_ids", 1]]),
        ({"name": "", "scopes": []}, [["name"], ["scopes"]]),
    ],
)
def test_wrong_fields_are_named(
    owner: Caller, fields: dict[str, Any], places: list[list[str | int]]
) -> None:
    wanted = [["body", *place] for place in places]
    answer = owner.call("POST", "/v1/api-keys", json={"name": "a key"} | fields)
    assert errors(answer) == wanted
    changed = owner.call("PATCH", f"/v1/api-keys/{owner.create()['id']}", json=fields)
    assert errors(changed) == wanted


def test_a_name_is_required_at_creation(owner: Caller) -> None:
    assert errors(owner.call("POST", "/v1/api-keys", json={})) == [["body", "name"]]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"name": "\\ud800"}', b"[" * 10_000])
def test_a_body_must_be_a_json_object(owner: Caller, body: bytes) -> None:
    answer = owner.call("POST", "/v1/api-keys", content=body)
    assert errors(answer) == [["body"]]


def test_a_refusal_repeats_nothing_that_was_sent(owner: Caller) -> None:
    body = {"name": "a key", "scopes": ["s3cret-value"], "pinterest_account_ids": "s3cret-value"}
    assert "s3cret" not in owner.call("POST", "/v1/api-keys", json=body).text


def test_the_longest_name_counts_characters_and_keeps_its_spaces(owner: Caller) -> None:
    name = " " + "ü" * 253 + " "
    assert owner.create(name=name)["name"] == name


def test_an_unknown_pinterest_account_is_not_permitted(owner: Caller) -> None:
    before = len(owner.ask("GET", "/v1/api-keys"))
    of_other_project = SANDBOX.pinterest_accounts[0]
    path = f"/v1/api-keys/{owner.create()['id']}"
    for unknown in (UNKNOWN_ID, of_other_project):
        body = {"name": "a key", "pinterest_account_ids": [FIRST, unknown]}
        denied = (403, "account_not_permitted")
        assert owner.refused("POST", "/v1/api-keys", json=body) == denied
        assert owner.refused("PATCH", path, json=body) == denied
    assert len(owner.ask("GET", "/v1/api-keys")) == before + 1


def test_equal_names_created_at_once_are_two_keys(owner: Caller) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: owner.create(name="twin"), range(2)))
    assert made[0]["id"] != made[1]["id"]
    assert made[0]["api_key"] != made[1]["api_key"]
    assert all(owner.lists(key["id"]) for key in made)


def test_a_change_touches_only_what_was_sent(owner: Caller) -> None:
    key = owner.create(scopes=["read"], pinterest_account_ids=[FIRST])
    path, before = f"/v1/api-keys/{key['id']}", owner.listed(key["id"])
    changed = owner.ask("PATCH", path, json={"name": "renamed", "unheard_of": 1})
    assert changed == before | {"name": "renamed"}
    assert "api_key" not in changed
    changed = owner.ask("PATCH", path, json={"scopes": ["write", "read"]})
    assert changed == before | {"name": "renamed", "scopes": ["write", "read"]}
    changed = owner.ask("PATCH", path, json={"pinterest_account_ids": [SECOND]})
    assert changed["pinterest_account_ids"] == [SECOND]
    assert owner.listed(key["id"]) == changed


@pytest.mark.parametrize("body", [{}, {"unheard_of": 1}])
def test_a_change_must_change_something(owner: Caller, body: dict[str, Any]) -> None:
    path = f"/v1/api-keys/{owner.create()['id']}"
    assert errors(owner.call("PATCH", path, json=body)) == [["body"]]


def test_an_allow_list_cannot_be_cleared_with_null(owner: Caller) -> None:
    key = owner.create(pinterest_account_ids=[FIRST])
    answer = owner.call("PATCH", f"/v1/api-keys/{key['id']}", json={"pinterest_account_ids": None})
    assert errors(answer) == [["body", "pinterest_account_ids"]]
    listed = owner.listed(key["id"])
    assert listed["pinterest_account_ids"] == [FIRST]


def test_an_allow_list_may_be_null_from_the_start(owner: Caller) -> None:
    assert owner.create(pinterest_account_ids=None)["pinterest_account_ids"] is None


def test_a_revoked_key_is_gone_for_ever(owner: Caller) -> None:
    key = owner.create()
    path = f"/v1/api-keys/{key['id']}"
    answer = owner.call("DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert not owner.lists(key["id"])
    assert owner.refused("DELETE", path) == (404, "not_found")
    assert owner.refused("PATCH", path, json={"name": "again"}) == (404, "not_found")


def test_an_unknown_key_is_not_found_and_an_id_that_is_none_is_invalid(owner: Caller) -> None:
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        path = f"/v1/api-keys/{UNKNOWN_ID}"
        assert owner.refused(method, path, json=body) == (404, "not_found")
        answer = owner.call(method, "/v1/api-keys/nope", json=body)
        assert errors(answer) == [["path", "key_id"]]


def test_there_is_no_endpoint_for_a_single_key(owner: Caller) -> None:
    path = f"/v1/api-keys/{owner.create()['id']}"
    for method in ("GET", "PUT", "POST"):
        answer = owner.call(method, path, json={})
        assert (answer.status_code, answer.json()) == (405, {"detail": "Method Not Allowed"})
    lost = owner.call("GET", "/v1/nowhere")
    assert (lost.status_code, lost.json()) == (404, {"detail": "Not Found"})


@pytest.mark.usefixtures("revoked_are_listed")
def test_revoked_keys_may_be_listed_with_their_end(owner: Caller) -> None:
    key, alive = owner.create(), owner.create()
    owner.ask("DELETE", f"/v1/api-keys/{key['id']}", 204)
    listed = owner.listed(key["id"])
    assert listed["revoked_at"] >= key["created_at"]
    still = owner.listed(alive["id"])
    assert still["revoked_at"] is None
    assert owner.refused("DELETE", f"/v1/api-keys/{key['id']}") == (404, "not_found")


def test_oauth_keys_stand_in_the_list_as_what_they_are(
    owner: Caller, sandbox: SandboxProcess
) -> None:
    body = {"client_name": "Claude", "authorized_by_email": "ann@example.com", "scopes": ["read"]}
    seeded = sandbox.control.post("/pinbridge/oauth-keys", json=body).json()
    listed = owner.listed(seeded["id"])
    assert listed == seeded
    assert list(listed) == ITEM
    assert (listed["source"], listed["name"]) == ("oauth", "Claude")
    assert listed["client_name"] == "Claude"
    assert listed["authorized_by_email"] == "ann@example.com"
    assert (listed["workspace_id"], listed["scopes"]) == (PRODUCTION.id, ["read"])
    elsewhere = body | {"project_id": SANDBOX.id, "name": "connector"}
    other = sandbox.control.post("/pinbridge/oauth-keys", json=elsewhere).json()
    assert (other["workspace_id"], other["name"]) == (SANDBOX.id, "connector")
    assert not owner.lists(other["id"])


def test_no_issued_key_is_in_the_database_file(
    owner: Caller, database: Path, nobody: Caller
) -> None:
    keys = [owner.create()["api_key"] for _ in range(5)]
    nobody.carry(keys[0])
    nobody.ask("GET", "/v1/pinterest/accounts")
    session = owner.client.headers["Authorization"].removeprefix("Bearer ")
    for path in database.parent.iterdir():
        stored = path.read_bytes()
        assert session.encode() not in stored
        for key in keys:
            assert key.encode() not in stored
            assert key.removeprefix("pb_live_").encode() not in stored
            assert bytes.fromhex(key.removeprefix("pb_live_")) not in stored
