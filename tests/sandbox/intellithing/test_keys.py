"""Keys and their switch: creating, listing, deleting, switching, and how they are kept."""

import base64
import re
import uuid
from pathlib import Path

import pytest

from tests.sandbox.intellithing.conftest import Studio

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def test_a_new_key_shows_its_secret_once_and_has_no_name(studio: Studio) -> None:
    made = studio.create()
    assert list(made) == ["key_id", "security_key", "created_at"]
    assert str(uuid.UUID(made["key_id"])) == made["key_id"]
    assert len(base64.b64decode(made["security_key"], validate=True)) == 32
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", made["created_at"])
    shown = studio.ask("GET", "/security-keys", 200)
    key = {"key_id": made["key_id"], "created_at": made["created_at"], "last_used_at": None}
    assert shown == {"enabled": False, "keys": [key]}


def test_keys_are_listed_whole_in_the_order_in_which_they_were_made(studio: Studio) -> None:
    made = [studio.create() for _ in range(30)]
    assert [key["key_id"] for key in studio.stored()] == [key["key_id"] for key in made]
    assert len({key["security_key"] for key in made}) == 30


def test_whatever_a_new_key_is_said_to_be_is_ignored(studio: Studio) -> None:
    body = {"name": "crm", "expires_at": "2030-01-01", "key_id": UNKNOWN_ID}
    made = studio.ask("POST", "/security-keys", 201, body)
    assert made["key_id"] != UNKNOWN_ID
    assert list(studio.stored()[0]) == ["key_id", "created_at", "last_used_at"]
    assert studio.person.call("POST", f"/workspaces/{studio.id}/security-keys").status_code == 201


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(studio: Studio, body: bytes) -> None:
    path = f"/workspaces/{studio.id}/security-keys"
    for method, rest in (("POST", ""), ("PUT", "/enabled")):
        answer = studio.person.call(method, path + rest, content=body)
        assert answer.status_code == 422
        assert isinstance(answer.json()["detail"], str)
    assert studio.stored() == []


def test_a_deleted_key_is_gone_and_gone_again(studio: Studio) -> None:
    key, other = studio.create(), studio.create()
    assert studio.delete(key) is None
    assert [one["key_id"] for one in studio.stored()] == [other["key_id"]]
    assert studio.delete(key, 404) == {"detail": "Security key not found"}
    assert studio.delete({"key_id": "nope"}, 404) == {"detail": "Security key not found"}


def test_a_workspace_does_not_see_another_ones_keys(studio: Studio, neighbour: Studio) -> None:
    key = neighbour.create()
    neighbour.switch(on=True)
    assert studio.ask("GET", "/security-keys", 200) == {"enabled": False, "keys": []}
    assert studio.delete(key, 404) == {"detail": "Security key not found"}
    assert [one["key_id"] for one in neighbour.stored()] == [key["key_id"]]


def test_the_switch_starts_off_and_is_set_as_often_as_one_likes(studio: Studio) -> None:
    assert studio.ask("GET", "/security-keys", 200)["enabled"] is False
    for on in (True, True, False, False, True):
        studio.switch(on=on)
        assert studio.ask("GET", "/security-keys", 200)["enabled"] is on


@pytest.mark.parametrize("body", [{}, {"enabled": None}, {"enabled": 1}, {"enabled": "true"}])
def test_the_switch_wants_true_or_false(studio: Studio, body: object) -> None:
    refused = studio.ask("PUT", "/security-keys/enabled", 422, body)
    assert refused == {"detail": "enabled must be true or false"}
    assert studio.ask("GET", "/security-keys", 200)["enabled"] is False


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/security-keys", None),
        ("POST", "/security-keys", {}),
        ("DELETE", f"/security-keys/{UNKNOWN_ID}", None),
        ("PUT", "/security-keys/enabled", {"enabled": True}),
        ("GET", "/projects", None),
        ("GET", "/projects/storefront/deployment", None),
        ("POST", "/projects/storefront/deployments", None),
        ("GET", "/audit-log", None),
    ],
)
def test_an_unknown_workspace_is_404(studio: Studio, method: str, path: str, body: object) -> None:
    answer = studio.person.call(method, f"/workspaces/{UNKNOWN_ID}{path}", json=body)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Workspace not found"})


def test_a_key_can_neither_be_read_alone_nor_changed(studio: Studio) -> None:
    path = f"/security-keys/{studio.create()['key_id']}"
    for method in ("GET", "PUT", "PATCH"):
        assert studio.ask(method, path, 405, {}) == {"detail": "Method Not Allowed"}


def test_no_issued_key_is_in_the_database_file(studio: Studio, database: Path) -> None:
    keys = [studio.create()["security_key"] for _ in range(5)]
    studio.deploy()
    studio.deploy()
    session = studio.person.log_in()
    files = [path for path in database.parent.iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"sandbox.db", "sandbox.db-wal"}
    for path in files:
        stored = path.read_bytes()
        for key in keys:
            assert key.encode() not in stored
            assert base64.b64decode(key) not in stored
        for secret in (session["access_token"], session["refresh_token"], studio.person.password):
            assert secret.encode() not in stored
