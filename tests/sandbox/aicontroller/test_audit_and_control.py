"""The audit log, a lying envelope, the control endpoints' guard, and reset."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.sandbox import Sandbox, open_sandbox
from tests.sandbox.aicontroller.conftest import (
    NEXT_YEAR,
    PREFIX,
    PROVIDER_KEY,
    Person,
    attributes_in,
    refusal,
)
from tests.sandbox_process import HEADER, NO_CERTIFICATES, SandboxProcess


@pytest.fixture
def lying(sandbox: SandboxProcess) -> Iterator[Callable[[object], httpx.Response]]:
    def lie(code: object) -> httpx.Response:
        return sandbox.control.put("/aic/envelope-code", json={"code": code})

    yield lie
    assert lie(None).json() == {"code": None}


def test_every_write_is_logged_and_nothing_else(
    admin: Person, member: Person, names: Iterator[str], sandbox: SandboxProcess
) -> None:
    before = admin.ask("GET", "/audit", params={"pageSize": 1})["meta"]["total"]
    stopped = sandbox.control.put("/time", json={"fixed": "2190-05-02T10:00:00.5Z"})
    assert stopped.json() == {"now": "2190-05-02T10:00:00.500000Z"}
    admin.log_in()
    member.log_in()
    provider = admin.provide(f"audited {next(names)}", apiKey=PROVIDER_KEY)
    admin.ask("PATCH", f"/providers/{provider}", apiKey=PROVIDER_KEY)
    key = member.create()
    member.ask("PATCH", f"/apikeys/{key['id']}", name="renamed")
    member.ask("GET", f"/apikeys/{key['id']}")
    member.refused("POST", "/apikeys", name="refused")
    admin.ask("DELETE", f"/apikeys/{key['id']}")
    member.refused("DELETE", f"/apikeys/{key['id']}")
    admin.ask("DELETE", f"/providers/{provider}")
    shown = admin.call("GET", "/audit", params={"pageSize": 6})
    entries = shown.json()["data"]
    assert shown.json()["meta"] == {"page": 1, "pageSize": 6, "total": before + 6}
    told = [tuple(entry["attributes"].values()) for entry in reversed(entries)]
    at = "2190-05-02T10:00:00Z"
    assert told == [
        (admin.username, "create", "provider", provider, at),
        (admin.username, "update", "provider", provider, at),
        (member.username, "create", "apikey", key["id"], at),
        (member.username, "update", "apikey", key["id"], at),
        (admin.username, "delete", "apikey", key["id"], at),
        (admin.username, "delete", "provider", provider, at),
    ]
    assert list(entries[0]["attributes"]) == ["actor", "action", "resource", "resourceId", "at"]
    numbers = [int(entry["id"]) for entry in entries]
    assert numbers == sorted(numbers, reverse=True)
    assert PROVIDER_KEY not in shown.text
    assert key["attributes"]["apiKey"] not in shown.text


def test_an_envelope_can_be_made_to_lie(
    admin: Person,
    anonymous: httpx.Client,
    lying: Callable[[object], httpx.Response],
    use: Callable[..., httpx.Response],
) -> None:
    key = admin.create()
    assert lying(500).json() == {"code": 500}
    listed = admin.call("GET", "/apikeys")
    assert (listed.status_code, listed.json()["code"]) == (200, 500)
    lost = admin.call("GET", "/apikeys/aic_1")
    assert (lost.status_code, lost.json()["code"]) == (404, 500)
    lying(200)
    refused = anonymous.get("/apikeys")
    assert (refused.status_code, refused.json()["code"]) == (401, 200)
    assert "code" not in use(key).json()
    for odd in ("200", True, 2.5):
        assert lying(odd).status_code == 422
    assert anonymous.get("/apikeys").json()["code"] == 200
    lying(None)
    assert refusal(anonymous.get("/apikeys")) == (401, "AuthenticationException")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/providers/1/key-matches"),
        ("PUT", "/rate-limit"),
        ("PUT", "/envelope-code"),
    ],
)
def test_the_control_endpoints_want_their_token(
    sandbox: SandboxProcess, method: str, path: str
) -> None:
    for headers in ({}, {HEADER: "wrong"}):
        url = f"{sandbox.url}/_sandbox/aic{path}"
        with httpx.Client(verify=NO_CERTIFICATES, headers=headers) as client:
            assert client.request(method, url).status_code == 403


def test_faults_spoil_this_system_too(member: Person, sandbox: SandboxProcess) -> None:
    sandbox.add_fault("cut", path="/aic/apikeys$", method="POST", when="after")
    with pytest.raises(httpx.TransportError):
        member.create(name="lost answer")
    listed = member.ask("GET", "/apikeys")["data"]
    assert [key["attributes"]["name"] for key in listed] == ["lost answer"]


def test_routing_tells_a_wrong_method_from_what_is_gone(member: Person) -> None:
    path = f"/apikeys/{member.create()['id']}"
    assert member.call("PUT", path, json={}).status_code == 405
    assert member.call("GET", "/nowhere").json() == {"detail": "Not Found"}


def logged_in(process: SandboxProcess, username: str, password: str) -> Person:
    client = httpx.Client(base_url=process.url + PREFIX, verify=NO_CERTIFICATES)
    found = Person(username, password, client)
    found.log_in()
    client.cookies.clear()
    return found


def test_a_reset_empties_everything_and_keeps_the_built_in_people(tmp_path: Path) -> None:
    with SandboxProcess(str(tmp_path / "sandbox.db")) as process:
        password = process.add_user("ann", None, "member")["password"]
        ann = logged_in(process, "ann", password)
        root = logged_in(process, "root", "root-password")
        ann.create()
        key = root.create()
        root.provide("a provider", apiKey=PROVIDER_KEY)
        process.control.put("/aic/envelope-code", json={"code": 7})
        process.control.put("/aic/rate-limit", json={"per_minute": 1})
        assert process.control.post("/reset").status_code == 200
        assert ann.refused("GET", "/apikeys") == (401, "AuthenticationException")
        for path in ("/apikeys", "/providers", "/audit"):
            listed = root.ask("GET", path, params={"pageSize": 100})
            assert listed["data"] == []
        users = [user["attributes"]["userName"] for user in root.ask("GET", "/users")["data"]]
        assert users == ["sandbox-admin", "root"]
        again = root.create()
        assert again["id"] == "aic_10001"
        for one, status in ((key, 401), (again, 200), (again, 200)):
            headers = {"Authorization": f"Bearer {one['attributes']['apiKey']}"}
            assert root.client.get("/v1/models", headers=headers).status_code == status
        ann.client.close()
        root.client.close()


def test_a_killed_sandbox_keeps_sessions_keys_and_provider_keys(tmp_path: Path) -> None:
    location = str(tmp_path / "sandbox.db")
    with SandboxProcess(location) as process:
        root = logged_in(process, "root", "root-password")
        key = root.create()
        provider = root.provide("a provider", apiKey=PROVIDER_KEY)
        root.client.close()
    with SandboxProcess(location) as process:
        root.client = httpx.Client(base_url=process.url + PREFIX, verify=NO_CERTIFICATES)
        assert root.key(key["id"])["expiry"] == NEXT_YEAR
        shown: dict[str, Any] = root.ask("GET", f"/providers/{provider}")["data"]
        assert shown["attributes"]["hasApiKey"] is True
        root.client.close()


async def first_user(opened: Sandbox) -> object:
    """Log in with the sandbox's own credentials and see who is number one."""
    given = opened.credentials("ai-controller")
    assert given == {"username": opened.admin.username, "password": opened.admin.password}
    login = attributes_in(
        grantType="password", userName=given["username"], password=given["password"]
    )
    transport = httpx.ASGITransport(opened.app)
    async with httpx.AsyncClient(
        transport=transport, base_url=f"https://sandbox{PREFIX}"
    ) as client:
        assert (await client.post("/auth/login", json=login)).status_code == 200
        user = (await client.get("/users")).json()["data"][0]
    assert user["id"] == "1"
    return user["attributes"]["userName"]


def test_the_credentials_are_those_of_the_first_administrator() -> None:
    opened = open_sandbox(":memory:")
    assert asyncio.run(first_user(opened)) == opened.admin.username
    opened.close()


def test_a_file_from_before_this_system_learns_it(tmp_path: Path) -> None:
    location = str(tmp_path / "sandbox.db")
    open_sandbox(location).close()
    with sqlite3.connect(location) as connection:
        for table in ("keys", "users", "providers", "audit", "envelope_code"):
            connection.execute(f"DROP TABLE aic_{table}")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    opened = open_sandbox(location)
    assert asyncio.run(first_user(opened)) == opened.admin.username
    opened.close()
