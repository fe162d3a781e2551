"""The life of a key: creating, listing, changing, revoking, reactivating and deleting it."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.itellico.conftest import UNKNOWN_ID, Open, Params, Program
from tests.sandbox_process import SandboxProcess

KEYS = "/me/api-keys"
FIELDS = [
    "id",
    "account_id",
    "label",
    "prefix",
    "status",
    "expires_at",
    "last_used_at",
    "created",
    "modified",
]


def errors(answer: httpx.Response) -> list[list[str | int]]:
    assert answer.status_code == 422, answer.text
    detail = answer.json()["detail"]
    assert all(list(one) == ["type", "loc", "msg"] for one in detail)
    return [one["loc"] for one in detail]


def labels(program: Program, **params: str | int) -> list[str]:
    return [key["label"] for key in program.ask("GET", KEYS, params=params)["items"]]


def set_time(sandbox: SandboxProcess, at: str) -> None:
    sandbox.control.put("/time", json={"fixed": at}).raise_for_status()


def test_a_new_key_has_every_field_and_shows_its_secret_once(tenant: Program, account: str) -> None:
    created = tenant.create(label="Production Server", expires_at="2099-04-01T00:00:00Z")
    assert list(created) == [*FIELDS, "key"]
    secret = created.pop("key")
    assert re.fullmatch(r"sk-[0-9a-f]{8}\.[0-9a-f]{64}", secret)
    assert created["prefix"] == secret.partition(".")[0]
    assert created["account_id"] == account
    assert (created["label"], created["status"]) == ("Production Server", "active")
    assert created["expires_at"] == "2099-04-01T00:00:00Z"
    assert created["last_used_at"] is None
    assert created["created"] == created["modified"]
    assert tenant.ask("GET", f"{KEYS}/{created['id']}") == created
    assert created in tenant.ask("GET", KEYS)["items"]
    assert secret.partition(".")[2] not in tenant.call("GET", KEYS).text


def test_an_expiry_is_optional_and_labels_repeat(tenant: Program) -> None:
    first, second = tenant.create(), tenant.create(expires_at=None)
    assert first["expires_at"] is second["expires_at"] is None
    assert first["label"] == second["label"]
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2099-04-01T00:00:00Z", "2099-04-01T00:00:00Z"),
        ("2099-04-01t00:00:00z", "2099-04-01T00:00:00Z"),
        ("2099-04-01T01:30:00+02:00", "2099-03-31T23:30:00Z"),
        ("2099-04-01T00:00:00.5Z", "2099-04-01T00:00:00.500000Z"),
        ("2099-04-01T00:00:00.1234569Z", "2099-04-01T00:00:00.123456Z"),
    ],
)
def test_times_are_kept_in_utc_to_the_microsecond(tenant: Program, sent: str, shown: str) -> None:
    created = tenant.create(expires_at=sent)
    assert created["expires_at"] == shown
    assert tenant.ask("GET", f"{KEYS}/{created['id']}")["expires_at"] == shown


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"label": ""}, "label"),
        ({"label": "x" * 256}, "label"),
        ({"label": None}, "label"),
        ({"label": 7}, "label"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"expires_at": "2099-04-01"}, "expires_at"),
        ({"expires_at": "2099-04-01T00:00:00"}, "expires_at"),
        ({"expires_at": "2099-02-30T00:00:00Z"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"expires_at": 4_079_376_000}, "expires_at"),
        ({"expires_at": True}, "expires_at"),
    ],
)
def test_wrong_fields_are_named(tenant: Program, fields: dict[str, Any], wrong: str) -> None:
    body = {"label": "a key"} | fields
    assert errors(tenant.call("POST", KEYS, json=body)) == [["body", wrong]]
    path = f"{KEYS}/{tenant.create()['id']}"
    assert errors(tenant.call("PATCH", path, json=fields)) == [["body", wrong]]


def test_every_wrong_field_is_named_at_once(tenant: Program) -> None:
    answer = tenant.call("POST", KEYS, json={"label": "", "expires_at": "soon"})
    assert errors(answer) == [["body", "label"], ["body", "expires_at"]]
    assert errors(tenant.call("POST", KEYS, json={})) == [["body", "label"]]
    assert errors(tenant.call("POST", KEYS, json=[])) == [["body"]]


@pytest.mark.parametrize("body", [b"", b"{", b'{"label": "\\ud800"}', b"[" * 10_000])
def test_what_is_no_json_is_no_request(tenant: Program, body: bytes) -> None:
    answer = tenant.call("POST", KEYS, content=body)
    assert (answer.status_code, answer.json()) == (400, {"detail": "Cannot parse request body"})


def test_the_longest_label_counts_characters_and_keeps_its_spaces(tenant: Program) -> None:
    label = " " + "ü" * 253 + " "
    assert tenant.create(label=label)["label"] == label


def test_equal_labels_created_at_once_are_two_keys(tenant: Program) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: tenant.create(label="twin"), range(2)))
    assert made[0]["id"] != made[1]["id"]
    assert made[0]["key"] != made[1]["key"]
    assert labels(tenant).count("twin") == 2


def test_a_change_touches_only_what_was_sent(
    tenant: Program, account: str, sandbox: SandboxProcess
) -> None:
    key = tenant.create(expires_at="2099-04-01T00:00:00Z")
    del key["key"]
    path = f"{KEYS}/{key['id']}"
    assert tenant.ask("PATCH", path, json={}) == key
    set_time(sandbox, "2090-01-01T00:00:00Z")
    changed = tenant.ask("PATCH", path, json={"label": "renamed", "account_id": UNKNOWN_ID})
    assert changed == key | {"label": "renamed", "modified": "2090-01-01T00:00:00Z"}
    assert changed["account_id"] == account
    extended = tenant.ask("PATCH", path, json={"expires_at": "2099-05-01T00:00:00Z"})
    assert extended == changed | {"expires_at": "2099-05-01T00:00:00Z"}
    assert tenant.ask("PATCH", path, json={"expires_at": None}) == changed | {"expires_at": None}


def test_the_newest_comes_first_in_parts_that_cover_everything(tenant: Program) -> None:
    made = [tenant.create(label=f"key {number}")["label"] for number in range(6)]
    expected = [*made[::-1], "first"]
    shown = tenant.ask("GET", KEYS)
    assert list(shown) == ["count", "items"]
    assert (shown["count"], [key["label"] for key in shown["items"]]) == (7, expected)
    parts = [labels(tenant, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [len(part) for part in parts] == [3, 3, 1, 0]
    assert [label for part in parts for label in part] == expected
    assert tenant.ask("GET", KEYS, params={"offset": 99})["count"] == 7
    assert all("key" not in key for key in shown["items"])


def test_a_part_has_a_hundred_keys_unless_said_otherwise(tenant: Program) -> None:
    for _ in range(100):
        tenant.create()
    shown = tenant.ask("GET", KEYS)
    assert (shown["count"], len(shown["items"])) == (101, 100)
    assert len(tenant.ask("GET", KEYS, params={"limit": 1000})["items"]) == 101


def test_equal_times_keep_a_stable_order(tenant: Program, sandbox: SandboxProcess) -> None:
    set_time(sandbox, "2090-01-01T00:00:00Z")
    made = [tenant.create(label=f"key {number}")["label"] for number in range(4)]
    parts = [labels(tenant, limit=2, offset=offset) for offset in (0, 2)]
    assert [label for part in parts for label in part] == made[::-1]


def test_parts_shift_when_keys_are_created_meanwhile(tenant: Program) -> None:
    for number in range(4):
        tenant.create(label=f"key {number}")
    first = labels(tenant, limit=2)
    tenant.create(label="late")
    assert labels(tenant, limit=2, offset=2)[0] == first[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", 0),
        ("limit", "x"),
        ("limit", 10**30),
        ("offset", -1),
        ("offset", 10**30),
        ("status", "deleted"),
        ("status", ""),
    ],
)
def test_a_question_that_makes_no_sense_is_invalid(
    tenant: Program, name: str, value: str | int
) -> None:
    params: Params = {name: value}
    assert errors(tenant.call("GET", KEYS, params=params)) == [["query", name]]


def test_a_list_is_filtered_by_status(tenant: Program, sandbox: SandboxProcess) -> None:
    for label in ("lasting", "off"):
        tenant.create(label=label)
    tenant.create(label="short", expires_at="2080-01-01T00:00:00Z")
    both = tenant.create(label="both", expires_at="2080-01-01T00:00:00Z")
    off = tenant.ask("GET", KEYS, params={"limit": 3})["items"][2]
    for key in (off, both):
        tenant.ask("POST", f"{KEYS}/{key['id']}/revoke")
    set_time(sandbox, "2090-01-01T00:00:00Z")
    assert labels(tenant, status="active") == ["lasting", "first"]
    assert labels(tenant, status="revoked") == ["both", "off"]
    assert labels(tenant, status="expired") == ["short"]
    assert tenant.ask("GET", KEYS, params={"status": "revoked", "limit": 1})["count"] == 2
    assert len(labels(tenant)) == 5


def test_a_revoked_key_comes_back(tenant: Program, with_key: Open) -> None:
    key = tenant.create()
    path, used = f"{KEYS}/{key['id']}", with_key(key["key"])
    for _ in range(2):
        assert tenant.ask("POST", f"{path}/revoke")["status"] == "revoked"
    assert used.refused("GET", "/me/agents") == 401
    assert tenant.ask("PATCH", path, json={"label": "renamed"})["status"] == "revoked"
    for _ in range(2):
        assert tenant.ask("POST", f"{path}/reactivate")["status"] == "active"
    used.ask("GET", "/me/agents")


def test_an_expired_key_is_neither_revoked_nor_reactivated(
    tenant: Program, sandbox: SandboxProcess
) -> None:
    path = f"{KEYS}/{tenant.create(expires_at='2080-01-01T00:00:00Z')['id']}"
    set_time(sandbox, "2080-01-01T00:00:00Z")
    for verb in ("revoke", "reactivate"):
        assert tenant.refused("POST", f"{path}/{verb}") == 409
    assert tenant.ask("GET", path)["status"] == "expired"
    extended = tenant.ask("PATCH", path, json={"expires_at": "2099-01-01T00:00:00Z"})
    assert extended["status"] == "active"
    assert tenant.ask("POST", f"{path}/revoke")["status"] == "revoked"


def test_a_key_that_is_revoked_and_expired_counts_as_revoked(
    tenant: Program, sandbox: SandboxProcess
) -> None:
    path = f"{KEYS}/{tenant.create(expires_at='2080-01-01T00:00:00Z')['id']}"
    tenant.ask("POST", f"{path}/revoke")
    set_time(sandbox, "2090-01-01T00:00:00Z")
    before = tenant.ask("GET", path)
    assert before["status"] == "revoked"
    assert tenant.ask("POST", f"{path}/revoke") == before
    assert tenant.refused("POST", f"{path}/reactivate") == 409
    assert tenant.ask("GET", path) == before
    assert tenant.ask("PATCH", path, json={"expires_at": None})["status"] == "revoked"
    assert tenant.ask("POST", f"{path}/reactivate")["status"] == "active"


def test_a_key_may_be_expired_from_the_start(tenant: Program, with_key: Open) -> None:
    key = tenant.create(expires_at="2001-01-01T00:00:00Z")
    assert key["status"] == "expired"
    assert with_key(key["key"]).refused("GET", "/me/agents") == 401


def test_a_deleted_key_is_gone(tenant: Program, with_key: Open) -> None:
    key = tenant.create()
    path = f"{KEYS}/{key['id']}"
    answer = tenant.call("DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert tenant.refused("DELETE", path) == 404
    assert tenant.refused("GET", path) == 404
    assert tenant.refused("PATCH", path, json={"label": "again"}) == 404
    for verb in ("revoke", "reactivate"):
        assert tenant.refused("POST", f"{path}/{verb}") == 404
    assert with_key(key["key"]).refused("GET", "/me/agents") == 401
    assert labels(tenant) == ["first"]


def test_a_revoked_key_can_be_deleted(tenant: Program) -> None:
    path = f"{KEYS}/{tenant.create()['id']}"
    tenant.ask("POST", f"{path}/revoke")
    tenant.ask("DELETE", path, 204)


def test_an_id_that_is_none_is_invalid(tenant: Program) -> None:
    assert errors(tenant.call("GET", f"{KEYS}/nope")) == [["path", "key_id"]]
    lost = tenant.call("PUT", f"{KEYS}/{UNKNOWN_ID}", json={})
    assert (lost.status_code, lost.json()) == (405, {"detail": "Method Not Allowed"})


def test_no_issued_key_is_in_the_database_file(
    tenant: Program, database: Path, with_key: Open
) -> None:
    keys = [tenant.create()["key"] for _ in range(5)]
    with_key(keys[0]).ask("GET", "/me/agents")
    for path in database.parent.iterdir():
        stored = path.read_bytes()
        for key in keys:
            secret = key.partition(".")[2]
            assert key.encode() not in stored
            assert secret.encode() not in stored
            assert bytes.fromhex(secret) not in stored
