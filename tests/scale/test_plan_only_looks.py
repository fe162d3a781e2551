"""`plan` on a thousand keys: one listing, no key and no secret read, nothing written anywhere."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from benchmarks.stack import Stack
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess

KEYS = 1_000
PREFIX = "/clouisle/api/v1"


def rows(state: Path) -> list[tuple[Any, ...]]:
    """Give every row of every table, in order."""
    with sqlite3.connect(f"file:{state}?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master ORDER BY 1")]
        found = [
            (table, *row)
            for table in tables
            if not table.startswith(("sqlite_", "ix_"))
            for row in _all(database, table)
        ]
    database.close()
    return found


def _all(database: sqlite3.Connection, table: str) -> list[Any]:
    try:
        return database.execute(f'SELECT * FROM "{table}" ORDER BY 1, 2').fetchall()
    except sqlite3.OperationalError:  # an index, not a table
        return []


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Give size and time of change of everything in a folder, the state's own files aside."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("state.")
    }


def audited(sandbox: SandboxProcess) -> int:
    """Count the writes that the API has logged."""
    with httpx.Client(base_url=f"{sandbox.url}{PREFIX}", verify=NO_CERTIFICATES) as client:
        form = {"username": "root", "password": "root-password"}
        token = client.post("/login/access-token", data=form).json()["data"]["access_token"]
        logs = client.get("/admin/audit-logs", headers={"Authorization": f"Bearer {token}"}).json()
    total: int = logs["data"]["total"]
    return total


def test_plan_on_a_thousand_keys_only_looks(tmp_path: Path) -> None:
    with SandboxProcess(str(tmp_path / "sandbox.db")) as sandbox:
        stack = Stack(tmp_path / "stack", sandbox, KEYS)
        stack.initialise()
        stack.run("apply", "--auto-approve")
        state = stack.manifest.parent / ".keywright" / "state.db"
        # Without the identity no secret can be read, so a plan that needs none does not notice.
        (stack.manifest.parent / ".keywright" / "identity.txt").unlink()
        before = rows(state), files(stack.manifest.parent), audited(sandbox)
        assert len(before[0]) > KEYS
        sandbox.control.delete("/requests").raise_for_status()

        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "reconciler",
                "plan",
                "--detailed-exitcode",
                "-f",
                str(stack.manifest),
            ],
            env={**os.environ, **stack.environ},
            capture_output=True,
            text=True,
            check=False,
        )

        asked = sandbox.control.get("/requests").json()["counts"]
        assert (done.returncode, done.stderr) == (0, "")
        assert "No changes. Your keys match the manifest." in done.stdout
        assert asked == {
            f"POST {PREFIX}/login/access-token 200": 1,
            f"GET {PREFIX}/api-keys 200": 1,
        }
        assert (rows(state), files(stack.manifest.parent), audited(sandbox)) == before
