"""One case of the crash test: a user of its own on the sandbox, a folder, a state, and judgements.

What is judged is judged from outside: through the sandbox's own API and the age files, with no code
of the engine in between.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import pyrage

from reconciler.core.recorded import StackMeta
from reconciler.stores.identity import make_identity
from reconciler.wiring import load, open_state
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess

PREFIX = "/clouisle/api/v1"
NOBODY = "00000000-0000-0000-0000-000000000000"


class Zygote:
    """The process that forks runs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, job: dict[str, Any]) -> int:
        """Run one job and give its wait status: 9 for a killed one, 0 for a whole one."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@dataclass
class Case:
    """A stack of its own, against a user of its own."""

    folder: Path
    sandbox: SandboxProcess
    zygote: Zygote
    environ: dict[str, str]
    api: httpx.Client
    runs: int = 0

    def apply(
        self,
        manifest: Path,
        kill: tuple[str, int, str] | None = None,
        *,
        monitor: bool = True,
        rotate: tuple[str, ...] = (),
    ) -> dict[str, Any] | None:
        """Apply; None when the run was killed, else what it said."""
        job = {"then_plan": False, "kill": kill, "monitor": monitor, "rotate": rotate}
        return self._job(job, manifest)

    def settle(self, manifest: Path) -> dict[str, Any]:
        """Apply once more, unharmed, and say what a plan shows after it."""
        answer = self._job({"then_plan": True, "monitor": True}, manifest)
        assert answer is not None
        return answer

    def trace(self) -> list[tuple[str, int, str]]:
        """Give the kill points that the last run passed, in order."""
        lines = (self.folder / f"trace-{self.runs}").read_text().splitlines()
        return [(point, int(count), when) for point, count, when in map(str.split, lines)]

    def _job(self, job: dict[str, Any], manifest: Path) -> dict[str, Any] | None:
        self.runs += 1
        answer = self.folder / f"answer-{self.runs}"
        status = self.zygote.run(
            {
                **job,
                "manifest": str(manifest),
                "answer": str(answer),
                "environ": self.environ,
                "log": str(self.folder / f"trace-{self.runs}"),
            }
        )
        if status == 9:
            return None
        said: dict[str, Any] = json.loads(answer.read_text())
        assert "error" not in said, said["error"]
        return said

    def live(self) -> list[dict[str, Any]]:
        """List this user's keys at the API."""
        answer = self.api.get(f"{PREFIX}/api-keys", params={"page_size": 1000}).json()
        items: list[dict[str, Any]] = answer["data"]["items"]
        return items

    def stored(self, path: str, field: str = "secret") -> str | None:
        """Decrypt what consumers would read now, as the standard tool would."""
        file = self.folder / "secrets" / path / field / "current.age"
        if not file.exists():
            return None
        text = (self.folder / "identity.txt").read_text().splitlines()[-1]
        identity = pyrage.x25519.Identity.from_str(text)
        plain: bytes = pyrage.decrypt(file.read_bytes(), [identity])
        return plain.decode()

    def accepted(self, secret: str) -> bool:
        """Use a key as a consumer would."""
        answer = httpx.post(
            f"{self.sandbox.url}{PREFIX}/agents/{NOBODY}/chat",
            json={"message": "hello"},
            headers={"Authorization": f"Bearer {secret}"},
            verify=NO_CERTIFICATES,
        )
        return answer.status_code == 404


def make_case(folder: Path, sandbox: SandboxProcess, zygote: Zygote, manifest: str) -> Case:
    """Make a user, a folder with a manifest, an identity, and a state."""
    name = f"user-{uuid.uuid4().hex}"
    password = secrets.token_hex(8)
    sandbox.add_user(name, password, "member")
    folder.mkdir(parents=True)
    (folder / "keys.yaml").write_text(manifest.replace("URL", f"{sandbox.url}{PREFIX}"))
    recipient = make_identity(folder / "identity.txt", work_tree=None)
    meta = StackMeta(stack="crash", lineage="l", salt=bytes(32), recipient=recipient)
    asyncio.run(_initialise(folder / "keys.yaml", meta))
    login = httpx.post(
        f"{sandbox.url}{PREFIX}/login/access-token",
        data={"username": name, "password": password},
        verify=NO_CERTIFICATES,
    ).json()
    api = httpx.Client(
        base_url=sandbox.url,
        verify=NO_CERTIFICATES,
        headers={"Authorization": f"Bearer {login['data']['access_token']}"},
    )
    return Case(folder, sandbox, zygote, {"KW_USER": name, "KW_PASSWORD": password}, api)


async def _initialise(manifest: Path, meta: StackMeta) -> None:
    backend = open_state(load(manifest))
    await backend.initialise(meta)
    await backend.close()
