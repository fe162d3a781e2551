"""Opening a sandbox: its file, its built-in account, restarts, signals and refusals."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from reconciler.sandbox import PREFIXES, Sandbox, SandboxError, open_sandbox
from reconciler.sandbox.assembly import SYSTEMS
from tests.sandbox_process import SandboxProcess

BASE = "/clouisle/api/v1"


async def log_in_in_process(opened: Sandbox, username: str, password: str) -> httpx.Response:
    transport = httpx.ASGITransport(opened.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        form = {"username": username, "password": password}
        return await client.post(f"{BASE}/login/access-token", data=form)


def log_in(opened: Sandbox, username: str, password: str) -> int:
    return asyncio.run(log_in_in_process(opened, username, password)).status_code


def test_the_built_in_account_survives_and_is_not_printed(tmp_path: Path) -> None:
    location = str(tmp_path / "deep" / "sandbox.db")
    first = open_sandbox(location)
    second = open_sandbox(location)
    try:
        assert first.admin == second.admin
        assert len(first.admin.password) == 64
        assert first.admin.password not in repr(first)
        assert log_in(second, first.admin.username, first.admin.password) == 200
        second.add_user("ann", "ann's", "member")
        assert log_in(first, "ann", "ann's") == 200
    finally:
        first.close()
        second.close()
    assert Path(location).stat().st_mode & 0o777 == 0o600


def test_without_a_token_there_are_no_control_endpoints() -> None:
    opened = open_sandbox(":memory:")

    async def ask() -> int:
        transport = httpx.ASGITransport(opened.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            headers = {"X-Sandbox-Control": ""}
            return (await client.get("/_sandbox/users", headers=headers)).status_code

    assert asyncio.run(ask()) == 404
    opened.close()


def test_the_clock_of_the_caller_counts() -> None:
    opened = open_sandbox(":memory:", now=lambda: datetime(2040, 1, 1, tzinfo=UTC))
    answer = asyncio.run(log_in_in_process(opened, opened.admin.username, opened.admin.password))
    assert answer.status_code == 200
    opened.close()


def test_a_foreign_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = foreign.read_bytes()
    with pytest.raises(SandboxError, match="not one of a sandbox"):
        open_sandbox(str(foreign))
    assert foreign.read_bytes() == before
    text = tmp_path / "notes.txt"
    text.write_text("these are no tables " * 100)
    with pytest.raises(SandboxError, match="not a database"):
        open_sandbox(str(text))
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(SandboxError, match="symbolic link"):
        open_sandbox(str(link))


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    location = tmp_path / "sandbox.db"
    open_sandbox(str(location)).close()
    with sqlite3.connect(location) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SandboxError, match="newer version"):
        open_sandbox(str(location))


def test_an_older_file_gets_the_tables_that_were_added_since(tmp_path: Path) -> None:
    location = tmp_path / "sandbox.db"
    open_sandbox(str(location)).close()
    with sqlite3.connect(location) as connection:
        connection.execute("DROP TABLE itellico_keys")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    opened = open_sandbox(str(location))
    assert opened.credentials("itellico")["token"].startswith("sk-")
    opened.close()


def test_every_system_has_a_place_and_credentials_of_its_own() -> None:
    assert list(SYSTEMS) == list(PREFIXES)
    prefixes = sorted(PREFIXES.values())
    assert not any(longer.startswith(f"{one}/") for one in prefixes for longer in prefixes)
    opened = open_sandbox(":memory:")
    for name in SYSTEMS:
        given = opened.credentials(name)
        assert given
        assert all(given.values())
    opened.close()


def test_many_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from reconciler.sandbox import open_sandbox;"
        "print(open_sandbox(sys.argv[1]).admin.password)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "sandbox.db")]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    ended = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * 6, ended
    assert len({printed for printed, _ in ended}) == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_cleanly(tmp_path: Path, how: signal.Signals) -> None:
    process = SandboxProcess(str(tmp_path / "sandbox.db"))
    process.start()
    assert process.stop(how) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["sandbox.db"]


def test_a_killed_server_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    location = str(tmp_path / "sandbox.db")
    with SandboxProcess(location) as process:
        process.add_user("ann", "ann's", "member")
        process.control.put("/time", json={"fixed": "2030-01-01T00:00:00Z"})
        assert process.stop(signal.SIGKILL) == -signal.SIGKILL
    with SandboxProcess(location) as again:
        assert again.control.get("/time").json() == {"now": "2030-01-01T00:00:00.000000Z"}
        form = {"username": "ann", "password": "ann's"}
        answer = httpx.post(f"{again.url}{BASE}/login/access-token", data=form)
        assert answer.status_code == 200


def test_a_reset_keeps_only_the_built_in_people(tmp_path: Path) -> None:
    with SandboxProcess(str(tmp_path / "sandbox.db")) as process:
        process.add_user("ann", "ann's", "member")
        process.add_fault("cut", path="nowhere")
        ann = httpx.post(
            f"{process.url}{BASE}/login/access-token",
            data={"username": "ann", "password": "ann's"},
        ).json()["data"]["access_token"]
        form = {"username": "root", "password": "root-password"}
        with httpx.Client(base_url=process.url + BASE) as client:
            token = client.post("/login/access-token", data=form).json()["data"]["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            agent = client.post("/agents", json={"name": "one"}).json()["data"]
            body = {"name": "a key", "agent_ids": [agent["id"]]}
            assert client.post("/api-keys", json=body).status_code == 200
            assert process.control.post("/reset").status_code == 200
            for path in ("/api-keys", "/agents", "/admin/audit-logs"):
                assert client.get(path).json()["data"]["total"] == 0
            orphaned = client.get("/api-keys", headers={"Authorization": f"Bearer {ann}"})
            assert (orphaned.status_code, orphaned.json()["code"]) == (404, 4001)
        people = [user["username"] for user in process.control.get("/users").json()]
        assert people == ["root", "sandbox-admin"]
        assert process.control.get("/faults").json() == []


def test_a_taken_port_is_an_error_that_says_so(sandbox: SandboxProcess) -> None:
    port = int(sandbox.url.rsplit(":", 1)[1])
    program = (
        "import sys; from reconciler.sandbox import serve;"
        "serve(':memory:', port=int(sys.argv[1]), ready=print)"
    )
    command = [sys.executable, "-c", program, str(port)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"cannot listen on 127.0.0.1 port {port}" in ended.stderr


def test_the_door_is_light() -> None:
    program = (
        "import sys, reconciler.sandbox;"
        "heavy = {'starlette', 'uvicorn', 'jwt', 'httpx', 'sqlite3'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
