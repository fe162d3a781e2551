"""Using a key: when an agent answers, and each way in which a key is rejected."""

from typing import Any

import httpx

from tests.sandbox.conftest import Person
from tests.sandbox_process import SandboxProcess

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def chat(client: httpx.Client, secret: str, agent: str) -> tuple[int, int]:
    headers = {"Authorization": f"Bearer {secret}"}
    answer = client.post(f"/agents/{agent}/chat", headers=headers, json={"message": "hello"})
    return answer.status_code, answer.json()["code"]


def last_use(person: Person, key: dict[str, Any]) -> str | None:
    used: str | None = person.data("GET", f"/api-keys/{key['id']}")["last_used_at"]
    return used


def test_a_key_is_accepted_and_its_use_noted(
    anonymous: httpx.Client, member: Person, agent: dict[str, Any], sandbox: SandboxProcess
) -> None:
    key = member.create()
    assert last_use(member, key) is None
    sandbox.control.put("/time", json={"fixed": "2030-01-01T00:00:00.5Z"})
    assert chat(anonymous, key["key"], agent["id"]) == (200, 0)
    sandbox.control.put("/time", json={})
    assert last_use(member, key) == "2030-01-01T00:00:00.500000Z"
    assert member.data("GET", f"/api-keys/{key['id']}")["updated_at"] == key["updated_at"]


def test_without_credentials_it_is_401(anonymous: httpx.Client, agent: dict[str, Any]) -> None:
    answer = anonymous.post(f"/agents/{agent['id']}/chat")
    assert (answer.status_code, answer.json()["code"]) == (401, 2000)


def test_an_unknown_key_is_rejected(
    anonymous: httpx.Client, member: Person, agent: dict[str, Any]
) -> None:
    key = member.create()
    for secret in (
        "clou_",
        "clou_" + "0" * 64,
        key["key"][:-1],
        key["key_prefix"],
        key["key"] + "0",
    ):
        assert chat(anonymous, secret, agent["id"]) == (401, 2001)


def test_a_key_follows_its_switch(
    anonymous: httpx.Client, member: Person, agent: dict[str, Any]
) -> None:
    key = member.create()
    path = f"/api-keys/{key['id']}"
    member.data("POST", f"{path}/deactivate")
    assert chat(anonymous, key["key"], agent["id"]) == (401, 2001)
    assert last_use(member, key) is None
    member.data("POST", f"{path}/activate")
    assert chat(anonymous, key["key"], agent["id"]) == (200, 0)
    member.data("DELETE", path)
    assert chat(anonymous, key["key"], agent["id"]) == (401, 2001)


def test_an_expired_key_is_rejected_and_being_switched_off_comes_first(
    anonymous: httpx.Client, member: Person, agent: dict[str, Any]
) -> None:
    key = member.create(expires_at="2001-01-01")
    assert chat(anonymous, key["key"], agent["id"]) == (401, 2002)
    member.data("POST", f"/api-keys/{key['id']}/deactivate")
    assert chat(anonymous, key["key"], agent["id"]) == (401, 2001)


def test_the_keys_of_somebody_switched_off_are_rejected(
    anonymous: httpx.Client, member: Person, agent: dict[str, Any], sandbox: SandboxProcess
) -> None:
    key = member.create()
    sandbox.control.post(f"/users/{member.username}/deactivate")
    assert chat(anonymous, key["key"], agent["id"]) == (401, 2004)
    sandbox.control.post(f"/users/{member.username}/activate")
    assert last_use(member, key) is None


def test_a_key_is_recognised_before_the_agent_is_looked_up(
    anonymous: httpx.Client, member: Person
) -> None:
    key = member.create()
    assert chat(anonymous, "clou_junk", UNKNOWN_ID) == (401, 2001)
    assert chat(anonymous, key["key"], UNKNOWN_ID) == (404, 6200)
    assert last_use(member, key) is not None


def test_bindings_limit_a_key_until_they_are_empty(
    anonymous: httpx.Client, admin: Person, member: Person, agent: dict[str, Any]
) -> None:
    other = admin.data("POST", "/agents", json={"name": "other"})
    key = member.create(agent_ids=[agent["id"]])
    assert chat(anonymous, key["key"], agent["id"]) == (200, 0)
    assert chat(anonymous, key["key"], other["id"]) == (403, 3000)
    assert chat(anonymous, key["key"], UNKNOWN_ID) == (404, 6200)
    admin.data("DELETE", f"/agents/{agent['id']}")
    assert chat(anonymous, key["key"], other["id"]) == (200, 0)


def test_a_workflow_binding_does_not_limit_agents(
    anonymous: httpx.Client, member: Person, agent: dict[str, Any], workflow: dict[str, Any]
) -> None:
    key = member.create(workflow_ids=[workflow["id"]])
    assert chat(anonymous, key["key"], agent["id"]) == (200, 0)


def test_scopes_and_rate_limits_are_not_enforced(
    anonymous: httpx.Client, member: Person, agent: dict[str, Any]
) -> None:
    key = member.create(scopes=[], rate_limit=1)
    assert [chat(anonymous, key["key"], agent["id"]) for _ in range(3)] == [(200, 0)] * 3


def test_a_person_may_use_an_agent_too(member: Person, agent: dict[str, Any]) -> None:
    answer = member.data("POST", f"/agents/{agent['id']}/chat", json={"message": "hello"})
    assert answer["message"]["role"] == "assistant"
    member.client.headers["Authorization"] = "Bearer junk"
    assert member.refused("POST", f"/agents/{agent['id']}/chat") == (403, 2003)
