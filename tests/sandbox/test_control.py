"""The audit log, and the control endpoints: people, requests, time and reset."""

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import PREFIX, Params, Person, Value
from tests.sandbox_process import HEADER, SandboxProcess


def logs(person: Person, **wanted: Value) -> dict[str, Any]:
    params: Params = {"resource_type": "api_key"} | wanted
    return person.data("GET", "/admin/audit-logs", params=params)


def test_every_write_is_logged_with_both_states_and_no_secret(
    admin: Person, member: Person, agent: dict[str, Any]
) -> None:
    key = member.create(agent_ids=[agent["id"]])
    path = f"/api-keys/{key['id']}"
    admin.data("PUT", path, json={"name": "renamed"})
    member.data("POST", f"{path}/deactivate")
    member.data("POST", f"{path}/activate")
    member.refused("POST", f"{path}/activate")
    member.data("DELETE", path)
    found = logs(admin, resource_id=key["id"])
    items = found["items"][::-1]
    assert [(one["action"], one["username"]) for one in items] == [
        ("create_api_key", member.username),
        ("update_api_key", admin.username),
        ("deactivate_api_key", member.username),
        ("activate_api_key", member.username),
        ("delete_api_key", member.username),
    ]
    names = [tuple((state or {}).get("name") for state in one["changes"].values()) for one in items]
    assert names[:2] == [(None, "a key"), ("a key", "renamed")]
    assert items[-1]["changes"]["after"] is None
    assert items[2]["changes"]["after"]["is_active"] is False
    assert all(one["created_at"].endswith("Z") for one in items)
    assert key["key"] not in str(found)
    assert "key_hash" not in str(found)


def test_audit_logs_are_paged(admin: Person, member: Person) -> None:
    user = member.create()["user_id"]
    for _ in range(4):
        member.create()
    first = logs(admin, user_id=user, page_size=2)
    last = logs(admin, user_id=user, page_size=2, page=3)
    assert (first["total"], first["total_pages"], len(first["items"])) == (5, 3, 2)
    assert len(last["items"]) == 1
    assert logs(admin, user_id=user, action="delete_api_key")["total"] == 0
    refused = admin.refused("GET", "/admin/audit-logs", params={"page_size": 101})
    assert refused == (422, 1001)


def test_only_superusers_read_the_audit_log_and_make_agents(member: Person) -> None:
    assert member.refused("GET", "/admin/audit-logs") == (403, 3000)
    for kind in ("agents", "workflows"):
        assert member.refused("GET", f"/{kind}") == (403, 3000)
        assert member.refused("POST", f"/{kind}", json={"name": "x"}) == (403, 3000)


@pytest.mark.parametrize(("kind", "code"), [("agents", 6200), ("workflows", 4000)])
def test_agents_and_workflows_come_and_go(admin: Person, kind: str, code: int) -> None:
    made = admin.data("POST", f"/{kind}", json={"name": "one"})
    path = f"/{kind}/{made['id']}"
    assert admin.data("GET", path) == made
    assert made in admin.data("GET", f"/{kind}", params={"page_size": 1000})["items"]
    admin.data("DELETE", path)
    assert admin.refused("GET", path) == (404, code)
    assert admin.refused("POST", f"/{kind}", json={"name": ""}) == (422, 1001)


def test_the_control_endpoints_want_their_token(sandbox: SandboxProcess) -> None:
    for token in (b"", b"wrong", "ü".encode()):
        with httpx.Client(headers={HEADER.encode(): token}) as client:
            assert client.get(f"{sandbox.url}/_sandbox/users").status_code == 403
            assert client.post(f"{sandbox.url}/_sandbox/reset").status_code == 403


def test_users_are_created_once(sandbox: SandboxProcess, member: Person) -> None:
    body = {"username": member.username, "password": "x", "role": "member"}
    assert sandbox.control.post("/users", json=body).status_code == 422
    odd = {"username": "odd", "password": "x", "role": "emperor"}
    assert sandbox.control.post("/users", json=odd).status_code == 422
    assert sandbox.control.post("/users", json={"username": "odd"}).status_code == 422
    assert sandbox.control.post("/users", json=body | {"password": 7}).status_code == 422
    assert sandbox.control.post("/users", json=body | {"username": ""}).status_code == 422
    assert sandbox.control.post("/users/nobody/deactivate").status_code == 404
    listed = {user["username"]: user["role"] for user in sandbox.control.get("/users").json()}
    assert listed[member.username] == "member"
    assert listed["root"] == "superuser"
    assert "odd" not in listed


def test_requests_are_noted_without_queries_headers_or_bodies(
    sandbox: SandboxProcess, member: Person
) -> None:
    key = member.create(name="not in the log")
    sandbox.control.delete("/requests")
    member.data("GET", f"/api-keys/{key['id']}", params={"search": "hidden"})
    member.call("GET", "/nowhere")
    sandbox.add_fault("cut", path="/stats$")
    with pytest.raises(httpx.TransportError):
        member.call("GET", "/api-keys/stats")
    shown = sandbox.control.get("/requests").json()
    assert shown["items"][0] == {
        "number": 1,
        "method": "GET",
        "path": f"{PREFIX}/api-keys/{key['id']}",
        "status": 200,
        "user": member.username,
    }
    assert [(one["status"], one["user"]) for one in shown["items"][1:]] == [
        (404, None),
        (None, None),
    ]
    assert shown["counts"] == {
        f"GET {PREFIX}/api-keys/{{key_id}} 200": 1,
        "GET (no route) 404": 1,
        "GET (no route) cut": 1,
    }
    assert shown["total"] == 3
    assert sandbox.control.get("/requests", params={"limit": 1}).json()["items"][0]["number"] == 3


def test_time_can_be_shifted_and_stopped(sandbox: SandboxProcess, member: Person) -> None:
    sandbox.control.put("/time", json={"fixed": "2031-05-05T05:05:05+01:00"})
    assert sandbox.control.get("/time").json() == {"now": "2031-05-05T04:05:05.000000Z"}
    dates = sandbox.control.get("/time").headers.get_list("date")
    assert dates == ["Mon, 05 May 2031 04:05:05 GMT"]
    sandbox.control.put("/time", json={"offset_seconds": 86_400})
    tomorrow = sandbox.control.get("/time").json()["now"]
    sandbox.control.put("/time", json={})
    assert member.create()["created_at"] < tomorrow
    assert sandbox.control.put("/time", json={"fixed": "soon"}).status_code == 422
