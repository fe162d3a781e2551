"""The audit log, this system's control endpoints, faults on its routes, and the reset."""

import asyncio
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from reconciler.sandbox import KEY_PREFIXES, PREFIXES, WORKSPACE, open_sandbox
from tests.sandbox.intellithing.conftest import LOGIN, Person, StoppedClock, Studio
from tests.sandbox_process import HEADER, SandboxProcess

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


def test_every_write_is_logged_with_its_actor_and_no_secret(
    studio: Studio, newcomer: Callable[[str], Person], clock: StoppedClock
) -> None:
    owner = newcomer("superuser")
    owner.log_in()
    hers = Studio(studio.id, studio.first, studio.second, owner)
    key = studio.create()
    hers.switch(on=True)
    studio.deploy()
    studio.deploy(409)
    clock.move(1)
    hers.delete(key)
    hers.delete(key, 404)
    studio.ask("PUT", "/security-keys/enabled", 422, {})
    found = studio.ask("GET", "/audit-log", 200)
    moderator = studio.person.username
    rows = [(one["actor"], one["action"], one["key_id"], one["project"]) for one in found]
    assert rows == [
        (moderator, "create", key["key_id"], None),
        (owner.username, "toggle", None, None),
        (moderator, "deploy", None, studio.first),
        (owner.username, "delete", key["key_id"], None),
    ]
    assert {tuple(one) for one in found} == {("at", "actor", "action", "key_id", "project")}
    assert found[0]["at"] == found[2]["at"] < found[3]["at"]
    assert key["security_key"] not in str(found)


def test_a_log_belongs_to_its_workspace(studio: Studio, neighbour: Studio) -> None:
    studio.create()
    assert neighbour.ask("GET", "/audit-log", 200) == []


def test_settings_are_shown_and_replaced_as_a_whole(control: httpx.Client) -> None:
    usual = {"stage_seconds": 0.05, "calls_per_minute": 60_000}
    assert control.put("/settings", json={"calls_per_minute": 1}).json() == usual | {
        "calls_per_minute": 1
    }
    assert control.get("/settings").json() == usual | {"calls_per_minute": 1}
    assert control.put("/settings", json={}).json() == usual == control.get("/settings").json()


@pytest.mark.parametrize(
    "body",
    [
        b'{"stage_seconds": -1}',
        b'{"stage_seconds": "1"}',
        b'{"stage_seconds": true}',
        b'{"stage_seconds": NaN}',
        b'{"stage_seconds": 1e300}',
        b'{"calls_per_minute": null}',
        b'{"unheard_of": 1}',
    ],
)
def test_a_wrong_setting_is_refused(control: httpx.Client, body: bytes) -> None:
    before = control.get("/settings").json()
    assert control.put("/settings", content=body).status_code == 422
    assert control.get("/settings").json() == before


def test_workspaces_and_projects_are_made_once(
    control: httpx.Client, studio: Studio, project_names: Iterator[str]
) -> None:
    names = [next(project_names) for _ in range(3)]
    made = control.post("/workspaces", json={"projects": names[:1]}).json()
    path = f"/workspaces/{made['id']}/projects"
    assert control.post(path, json={"id": names[1]}).json() == {"id": names[1]}
    here = Studio(made["id"], names[0], names[1], studio.person)
    assert [one["id"] for one in here.ask("GET", "/projects", 200)] == names[:2]
    assert here.ask("GET", "/security-keys", 200) == {"enabled": False, "keys": []}
    assert control.post(path, json={"id": names[0]}).status_code == 422
    assert control.post(path, json={"id": "storefront"}).status_code == 422
    for taken in (made["id"], WORKSPACE):
        body = {"id": taken, "projects": [names[2]]}
        assert control.post("/workspaces", json=body).status_code == 422
    assert control.post("/workspaces", json={"projects": names[2:] * 2}).status_code == 422
    assert control.post(path, json={"id": names[2]}).status_code == 200
    unknown = control.post(f"/workspaces/{UNKNOWN_ID}/projects", json={"id": "lost"})
    assert unknown.status_code == 404


def test_a_workspace_may_be_made_with_an_id_of_ones_own(
    control: httpx.Client, studio: Studio
) -> None:
    chosen = "22222222-2222-4222-8222-222222222222"
    assert control.post("/workspaces", json={"id": chosen}).json() == {"id": chosen, "projects": []}
    there = Studio(chosen, "", "", studio.person)
    assert there.ask("GET", "/projects", 200) == []


@pytest.mark.parametrize(
    "body",
    [
        {"id": 7},
        {"id": "nope"},
        {"projects": "shop"},
        {"projects": [7]},
        {"projects": [""]},
        {"projects": ["Two Words"]},
        {"projects": ["../apps"]},
    ],
)
def test_a_wrong_workspace_is_refused(control: httpx.Client, body: object) -> None:
    assert control.post("/workspaces", json=body).status_code == 422


def test_a_wrong_mishap_is_refused(control: httpx.Client, studio: Studio) -> None:
    path = f"/projects/{studio.first}/next-deployment"
    assert control.put(path, json={"fails_in": "lunch"}).status_code == 422
    assert control.put(path, json={"hangs_in": ["building"]}).status_code == 422
    assert control.put("/projects/nothing/next-deployment", json={}).status_code == 404
    assert control.post("/projects/nothing/go-on").status_code == 404
    studio.deploy()
    assert studio.standing()[0] == "deployed"


def test_the_control_endpoints_want_the_token(sandbox: SandboxProcess, studio: Studio) -> None:
    base = f"{sandbox.url}/_sandbox/intellithing"
    for token in ("", "wrong"):
        with httpx.Client(base_url=base, headers={HEADER: token}) as client:
            for method, path in (
                ("GET", "/settings"),
                ("PUT", "/settings"),
                ("POST", "/workspaces"),
                ("POST", f"/workspaces/{studio.id}/projects"),
                ("PUT", f"/projects/{studio.first}/next-deployment"),
                ("POST", f"/projects/{studio.first}/go-on"),
            ):
                assert client.request(method, path).status_code == 403


def test_without_a_token_there_are_no_control_endpoints() -> None:
    opened = open_sandbox(":memory:")

    async def get_settings() -> int:
        transport = httpx.ASGITransport(opened.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            headers = {HEADER: ""}
            answer = await client.get("/_sandbox/intellithing/settings", headers=headers)
            return answer.status_code

    assert asyncio.run(get_settings()) == 404
    opened.close()


def test_a_file_of_an_older_sandbox_learns_this_system(tmp_path: Path) -> None:
    location = tmp_path / "sandbox.db"
    before = open_sandbox(str(location))
    before.close()
    with sqlite3.connect(location) as connection:
        query = "SELECT type, name FROM sqlite_master WHERE name LIKE 'intellithing%'"
        for kind, name in sorted(connection.execute(query).fetchall(), reverse=True):
            connection.execute(f"DROP {kind} IF EXISTS {name}")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    opened = open_sandbox(str(location))
    assert opened.admin == before.admin

    async def list_projects() -> list[dict[str, str]]:
        transport = httpx.ASGITransport(opened.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            token = opened.credentials("intellithing")["token"]
            path = f"{PREFIXES['intellithing']}/workspaces/{WORKSPACE}/projects"
            answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
            listed: list[dict[str, str]] = answer.json()
            return listed

    assert len(asyncio.run(list_projects())) == 2
    opened.close()


def test_a_lost_answer_hides_a_key_that_was_made(studio: Studio, sandbox: SandboxProcess) -> None:
    sandbox.add_fault("cut", path="/security-keys$", method="POST", when="after")
    with pytest.raises(httpx.TransportError):
        studio.create()
    sandbox.add_fault("status", path="/deployments$", when="after", status=502)
    studio.deploy(502)
    assert studio.standing() == ("deployed", [key["key_id"] for key in studio.stored()])
    assert len(studio.stored()) == 1


def test_requests_are_noted_with_their_caller(studio: Studio, sandbox: SandboxProcess) -> None:
    sandbox.control.delete("/requests")
    studio.stored()
    shown = sandbox.control.get("/requests").json()
    assert [one["user"] for one in shown["items"]] == [studio.person.username]
    pattern = f"{PREFIXES['intellithing']}/workspaces/{{workspace}}/security-keys"
    assert shown["counts"] == {f"GET {pattern} 200": 1}


def test_a_killed_sandbox_keeps_everything_and_a_reset_only_what_is_built_in(
    tmp_path: Path,
) -> None:
    location = str(tmp_path / "sandbox.db")
    headers: dict[str, str] = {}

    def ask(process: SandboxProcess, method: str, path: str, **json: object) -> httpx.Response:
        url = f"{process.url}{PREFIXES['intellithing']}/workspaces/{WORKSPACE}{path}"
        return httpx.request(method, url, headers=headers, json=json)

    def use(process: SandboxProcess) -> int:
        url = f"{process.url}{KEY_PREFIXES['intellithing']}/status"
        return httpx.get(url, headers={"Authorization": f"Bearer {secret}"}).status_code

    form = {"grant_type": "password", "client_id": "cli", "username": "root"}
    form["password"] = "root-password"
    with SandboxProcess(location) as process:
        session = httpx.post(f"{process.url}{PREFIXES['intellithing']}{LOGIN}", data=form).json()
        headers["Authorization"] = f"Bearer {session['access_token']}"
        process.control.put("/intellithing/settings", json={"stage_seconds": 0})
        process.control.post("/intellithing/workspaces", json={"projects": ["extra"]})
        secret = ask(process, "POST", "/security-keys").json()["security_key"]
        assert ask(process, "PUT", "/security-keys/enabled", enabled=True).status_code == 200
        assert ask(process, "POST", "/projects/storefront/deployments").status_code == 202
        armed = "/intellithing/projects/storefront/next-deployment"
        assert process.control.put(armed, json={"fails_in": "building"}).status_code == 200
        assert use(process) == 200
        process.stop(signal.SIGKILL)
    with SandboxProcess(location) as process:
        assert use(process) == 200
        assert process.control.post("/reset").status_code == 200
        assert use(process) == 404
        empty = {"enabled": False, "keys": []}
        assert ask(process, "GET", "/security-keys").json() == empty
        assert ask(process, "GET", "/audit-log").json() == []
        statuses = {one["status"] for one in ask(process, "GET", "/projects").json()}
        assert statuses == {"registered"}
        assert process.control.get("/intellithing/settings").json()["stage_seconds"] == 0.05
        made = process.control.post("/intellithing/workspaces", json={"projects": ["extra"]})
        assert made.status_code == 200
        process.control.put("/intellithing/settings", json={"stage_seconds": 0})
        assert ask(process, "POST", "/projects/storefront/deployments").status_code == 202
        assert ask(process, "GET", "/projects").json()[0]["status"] == "deployed"
