"""The life of a key: creating, showing, changing, switching and deleting it."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import Person
from tests.sandbox_process import SandboxProcess

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
FIELDS = [
    "id",
    "name",
    "key_prefix",
    "user_id",
    "user",
    "scopes",
    "rate_limit",
    "is_active",
    "expires_at",
    "last_used_at",
    "agents",
    "workflows",
    "created_at",
    "updated_at",
]


def errors(person: Person, body: object) -> list[str]:
    answer = person.call("POST", "/api-keys", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, 1001), answer.text
    return sorted(answer.json()["data"]["errors"])


def test_a_new_key_has_every_field_and_shows_its_secret_once(member: Person) -> None:
    created = member.create()
    assert list(created) == [*FIELDS, "key"]
    assert re.fullmatch(r"clou_[0-9a-f]{64}", created["key"])
    assert created["key_prefix"] == created["key"][:12]
    assert created["scopes"] == ["chat"]
    assert created["rate_limit"] == 1000
    assert created["is_active"] is True
    assert created["expires_at"] is created["last_used_at"] is None
    assert created["agents"] == created["workflows"] == []
    assert created["user"] == {"id": created["user_id"], "username": member.username}
    secret = created.pop("key")
    assert member.data("GET", f"/api-keys/{created['id']}") == created
    assert secret not in member.call("GET", "/api-keys").text


def test_a_key_is_always_created_active(member: Person) -> None:
    assert member.create(is_active=False)["is_active"] is True


def test_names_repeat_and_keep_their_spaces(member: Person) -> None:
    first, second = member.create(name="  twin "), member.create(name="  twin ")
    assert first["name"] == second["name"] == "  twin "
    assert first["id"] != second["id"]


def test_scopes_keep_order_and_repetition(member: Person) -> None:
    scopes = ["b", "a", "b", "anything at all"]
    assert member.create(scopes=scopes)["scopes"] == scopes


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": 7}, ["name"]),
        ({"rate_limit": -1}, ["rate_limit"]),
        ({"rate_limit": 1.5}, ["rate_limit"]),
        ({"rate_limit": "many"}, ["rate_limit"]),
        ({"rate_limit": None}, ["rate_limit"]),
        ({"scopes": None}, ["scopes"]),
        ({"scopes": "chat"}, ["scopes"]),
        ({"scopes": ["chat", 1, 2]}, ["scopes.1", "scopes.2"]),
        ({"expires_at": "soon"}, ["expires_at"]),
        ({"expires_at": True}, ["expires_at"]),
        ({"expires_at": []}, ["expires_at"]),
        ({"agent_ids": ["nope"]}, ["agent_ids.0"]),
        ({"workflow_ids": None}, ["workflow_ids"]),
        ({"name": "", "rate_limit": -1}, ["name", "rate_limit"]),
    ],
)
def test_wrong_fields_are_named(member: Person, fields: dict[str, Any], wrong: list[str]) -> None:
    assert errors(member, {"name": "a key"} | fields) == wrong


def test_a_body_must_be_an_object_with_a_name(member: Person) -> None:
    assert errors(member, {}) == ["name"]
    assert errors(member, []) == ["unknown"]
    answer = member.call("POST", "/api-keys", content=b'{"name": ')
    assert (answer.status_code, answer.json()["code"]) == (422, 1001)


def test_the_longest_name_counts_characters_not_bytes(member: Person) -> None:
    assert member.create(name="ü" * 100)["name"] == "ü" * 100


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2027-02-11T00:00:00Z", "2027-02-11T00:00:00Z"),
        ("2030-01-01T00:00:00.1234567+02:00", "2029-12-31T22:00:00.123456Z"),
        ("2030-01-01T00:00:00.1239999", "2030-01-01T00:00:00.123999Z"),
        ("2030-01-01T12:00:00.5Z", "2030-01-01T12:00:00.500000Z"),
        ("2030-01-01 12:00", "2030-01-01T12:00:00Z"),
        ("2030-01-01", "2030-01-01T00:00:00Z"),
        (1893456000, "2030-01-01T00:00:00Z"),
        ("1893456000", "2030-01-01T00:00:00Z"),
        (1893456000.25, "2030-01-01T00:00:00.250000Z"),
        (1893456000250, "2030-01-01T00:00:00.250000Z"),
        ("0999-01-01", "0999-01-01T00:00:00Z"),
        (None, None),
    ],
)
def test_times_are_read_leniently_and_shown_in_utc(
    member: Person, sent: object, shown: str | None
) -> None:
    created = member.create(expires_at=sent)
    assert created["expires_at"] == shown


@pytest.mark.parametrize("sent", ["0001-01-01T00:00:00+14:00", "2030-13-01", 1e300, "2030-02-30"])
def test_an_impossible_time_is_invalid(member: Person, sent: object) -> None:
    assert errors(member, {"name": "a key", "expires_at": sent}) == ["expires_at"]


def test_bindings_name_agents_and_workflows(
    member: Person, agent: dict[str, Any], workflow: dict[str, Any]
) -> None:
    created = member.create(agent_ids=[agent["id"]] * 2, workflow_ids=[workflow["id"]])
    assert created["agents"] == [{"id": agent["id"], "name": "support", "icon": "🤖"}]
    assert created["workflows"] == [{"id": workflow["id"], "name": "nightly", "icon": None}]


def test_unknown_bindings_are_refused_with_different_codes(
    member: Person, workflow: dict[str, Any]
) -> None:
    before = member.data("GET", "/api-keys")["total"]
    for field, code in (("agent_ids", 6200), ("workflow_ids", 4000)):
        body = {"name": "a key", field: [UNKNOWN_ID]}
        assert member.refused("POST", "/api-keys", json=body) == (404, code)
    mistaken = {"name": "a key", "agent_ids": [workflow["id"]]}
    assert member.refused("POST", "/api-keys", json=mistaken) == (404, 6200)
    assert member.data("GET", "/api-keys")["total"] == before


def test_put_merges(member: Person, agent: dict[str, Any]) -> None:
    key = member.create(agent_ids=[agent["id"]], expires_at="2030-01-01", rate_limit=60)
    del key["key"]
    path = f"/api-keys/{key['id']}"
    changed = member.data("PUT", path, json={"name": "new", "unheard_of": 1})
    assert changed["updated_at"] > key["updated_at"]
    assert changed == key | {"name": "new", "updated_at": changed["updated_at"]}
    assert member.data("PUT", path, json={"is_active": False})["is_active"] is False
    assert member.data("PUT", path, json={"is_active": False})["is_active"] is False


def test_null_clears_only_the_expiry(member: Person, agent: dict[str, Any]) -> None:
    key = member.create(agent_ids=[agent["id"]], expires_at="2030-01-01")
    path = f"/api-keys/{key['id']}"
    assert member.data("PUT", path, json={"expires_at": None})["expires_at"] is None
    unchanged = member.data("PUT", path, json={"agent_ids": None, "workflow_ids": None})
    assert len(unchanged["agents"]) == 1
    for field in ("name", "scopes", "rate_limit", "is_active"):
        assert member.refused("PUT", path, json={field: None, "agent_ids": []}) == (500, -1)
    assert len(member.data("GET", path)["agents"]) == 1
    assert member.data("PUT", path, json={"agent_ids": []})["agents"] == []


def test_bindings_alone_do_not_move_updated_at(member: Person, agent: dict[str, Any]) -> None:
    key = member.create()
    path = f"/api-keys/{key['id']}"
    bound = member.data("PUT", path, json={"agent_ids": [agent["id"]]})
    assert bound["updated_at"] == key["updated_at"]
    assert member.data("PUT", path, json={})["updated_at"] == key["updated_at"]
    again = member.data("PUT", path, json={"name": key["name"]})
    assert again["updated_at"] > key["updated_at"]


def test_deleting_an_agent_opens_its_keys_without_a_word(
    admin: Person, member: Person, agent: dict[str, Any]
) -> None:
    key = member.create(agent_ids=[agent["id"]])
    admin.data("DELETE", f"/agents/{agent['id']}")
    shown = member.data("GET", f"/api-keys/{key['id']}")
    assert shown["agents"] == []
    assert shown["updated_at"] == key["updated_at"]
    assert admin.refused("DELETE", f"/agents/{agent['id']}") == (404, 6200)


def test_switching_twice_is_refused(member: Person) -> None:
    path = f"/api-keys/{member.create()['id']}"
    assert member.refused("POST", f"{path}/activate") == (400, 1002)
    assert member.data("POST", f"{path}/deactivate")["is_active"] is False
    assert member.refused("POST", f"{path}/deactivate") == (400, 1002)
    assert member.data("POST", f"{path}/activate")["is_active"] is True


def test_a_deleted_key_is_shown_once_more_and_gone(member: Person) -> None:
    key = member.create()
    path = f"/api-keys/{key['id']}"
    del key["key"]
    assert member.data("DELETE", path) == key
    for method in ("DELETE", "GET"):
        assert member.refused(method, path) == (404, 4000)
    assert member.refused("PUT", path, json={"name": "x"}) == (404, 4000)
    assert member.refused("PUT", path, json={"name": None}) == (404, 4000)


def test_an_id_that_is_none_is_invalid(member: Person) -> None:
    assert member.refused("GET", "/api-keys/nope") == (422, 1001)


def test_routing_speaks_without_the_envelope(member: Person) -> None:
    path = f"/api-keys/{member.create()['id']}"
    patched = member.call("PATCH", path, json={})
    assert (patched.status_code, patched.json()) == (405, {"detail": "Method Not Allowed"})
    lost = member.call("GET", "/nowhere")
    assert (lost.status_code, lost.json()) == (404, {"detail": "Not Found"})
    slashed = member.call("GET", "/api-keys/", params={"page": 2})
    assert slashed.status_code == 307
    assert slashed.headers["location"].endswith("/clouisle/api/v1/api-keys?page=2")


def test_a_value_that_the_database_rejects_breaks(member: Person) -> None:
    body = {"name": "a key", "rate_limit": 2**31}
    assert member.refused("POST", "/api-keys", json=body) == (500, -1)
    lone_surrogate = member.call("POST", "/api-keys", content=b'{"name": "\\ud800"}')
    assert (lone_surrogate.status_code, lone_surrogate.json()["code"]) == (500, -1)
    assert member.data("GET", "/api-keys")["total"] == 0


def test_no_issued_key_is_in_the_database_file(
    member: Person, database: Path, sandbox: SandboxProcess
) -> None:
    keys = [member.create()["key"] for _ in range(5)]
    member.client.headers["Authorization"] = f"Bearer {keys[0]}"
    member.call("POST", f"/agents/{UNKNOWN_ID}/chat")
    files = [path for path in database.parent.iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"sandbox.db", "sandbox.db-wal"}
    for path in files:
        stored = path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0
        for key in keys:
            assert key.encode() not in stored
            assert key.removeprefix("clou_").encode() not in stored
            assert bytes.fromhex(key.removeprefix("clou_")) not in stored
            assert member.password.encode() not in stored
    assert sandbox.url
