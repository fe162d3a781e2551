"""One stack for one test: a folder, a user of its own on the sandbox, and the real command line.

What is judged is judged from outside: exit codes, printed text, the sandbox's own API, age files.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyrage

import reconciler
from reconciler.core.recorded import StackMeta
from reconciler.stores.identity import make_identity
from reconciler.wiring import load, open_state
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess

PREFIX = "/clouisle/api/v1"
NOBODY = "00000000-0000-0000-0000-000000000000"
KEYS = r"/api-keys$"
"""The path that lists (GET) and creates (POST), as a fault's pattern."""
ONE_KEY = r"/api-keys/[^/]+$"
USE = r"/chat$"
LOGIN = r"/login/access-token$"
NO_CHANGES = "No changes. Your keys match the manifest."
PATIENCE = 30
HEAD = """\
version: 1
stack: {stack}
state: {{identity: {{file: .keywright/identity.txt}}}}
stores:
  local: {{type: age, path: .keywright/secrets}}
providers:
  agents:
    dialect: clouisle
    url: {url}
    auth: {{username: {{env: KW_USER}}, password: {{env: KW_PASSWORD}}}}
    limits: {{concurrency: {concurrency}}}
defaults: {{provider: agents, owner: team, scopes: [chat], expires: {{after: 90d}}}}
"""


@dataclass(frozen=True)
class Ran:
    """How one call of the command line ended."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that was printed, with every run of white space as one blank."""
        return " ".join(f"{self.out}\n{self.err}".split())

    def said(self, *parts: str) -> Ran:
        """Insist on these parts, wherever lines were broken."""
        for part in parts:
            assert part in self.text, f"{part!r} is not in:\n{self.out}\n{self.err}"
        return self

    def not_said(self, *parts: str) -> Ran:
        """Insist that these parts are missing."""
        for part in parts:
            assert part not in self.text, f"{part!r} is in:\n{self.out}\n{self.err}"
        return self

    def ended(self, code: int) -> Ran:
        """Insist on an exit code."""
        assert self.code == code, f"exit code {self.code}:\n{self.out}\n{self.err}"
        return self


class Started:
    """A call of the command line that goes on while the test does something else."""

    def __init__(self, arguments: tuple[str, ...], process: subprocess.Popen[str]) -> None:
        self._arguments = arguments
        self.process = process

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait_for_line(self, part: str) -> str:
        """Read its standard error up to a line with this part."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if part in line:
                return line
        raise AssertionError(f"it ended without saying {part!r}")

    def close(self) -> None:
        """End it the hard way, whatever it does."""
        self.process.kill()
        self.process.communicate()

    def end(self) -> Ran:
        """Wait until it has ended. Lines that were waited for are not in it any more."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return judged(Ran(self._arguments, self.process.returncode, out, err))


def command(*arguments: str) -> list[str]:
    """Give the command line as a user would start it."""
    return [sys.executable, "-m", "reconciler", *arguments]


def clean_environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give an environment in which nothing of the developer's own is left, but the code itself."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    # An installation may be of another copy of the code than the one that is tested here.
    kept["PYTHONPATH"] = str(Path(reconciler.__file__).parents[1])
    return {**kept, **(more or {})}


def call(folder: Path, environ: Mapping[str, str], *arguments: str, **changed: str) -> Ran:
    """Run the command line without a terminal and wait for its end."""
    ended = subprocess.run(
        command(*arguments),
        cwd=folder,
        env={**environ, **changed},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
    )
    return judged(Ran(arguments, ended.returncode, ended.stdout, ended.stderr))


def judged(ran: Ran) -> Ran:
    """Insist on what holds for every run: no traceback, and an exit code of ours."""
    assert "Traceback" not in f"{ran.out}{ran.err}", f"{ran.out}\n{ran.err}"
    assert ran.code in {0, 1, 2, 3, 4, 130} or ran.code < 0, f"exit code {ran.code}"
    return ran


@dataclass
class Stack:
    """A manifest in a folder, and the key API behind it."""

    folder: Path
    sandbox: SandboxProcess
    username: str
    password: str
    environ: dict[str, str]
    api: httpx.Client
    name: str = "cli"
    base: str = ""
    concurrency: int = 8
    ran: list[Ran] = field(default_factory=list)
    started: list[Started] = field(default_factory=list)

    def write(self, keys: str, **head: object) -> None:
        """Write the manifest: the usual head, and these lines under `keys`."""
        filled = {"stack": self.name, "url": self.base, "concurrency": self.concurrency, **head}
        lines = "".join(f"  {line}\n" for line in keys.strip().splitlines())
        self.manifest.write_text(HEAD.format(**filled) + (f"keys:\n{lines}" if lines else ""))

    def edit(self, before: str, after: str) -> None:
        """Change the manifest as a person would; what is changed must be there."""
        text = self.manifest.read_text()
        assert before in text
        self.manifest.write_text(text.replace(before, after))

    @property
    def manifest(self) -> Path:
        """Where keys.yaml is."""
        return self.folder / "keys.yaml"

    @property
    def state(self) -> Path:
        """Where the state is."""
        return self.folder / ".keywright" / "state.db"

    def run(self, *arguments: str, **changed: str) -> Ran:
        """Run the command line in the folder."""
        ran = call(self.folder, self.environ, *arguments, **changed)
        self.ran.append(ran)
        return ran

    def apply(self, *arguments: str) -> Ran:
        """Run `apply` as CI would."""
        return self.run("apply", "--auto-approve", *arguments)

    def look(self, *commands: str, **changed: str) -> list[Ran]:
        """Run commands that only look, all at once."""
        return [one.end() for one in [self.start(*c.split(), **changed) for c in commands]]

    def start(self, *arguments: str, **changed: str) -> Started:
        """Start the command line in the folder."""
        process = subprocess.Popen(
            command(*arguments),
            cwd=self.folder,
            env={**self.environ, **changed},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(Started(arguments, process))
        return self.started[-1]

    def close(self) -> None:
        """Let nothing go on after the test."""
        self.api.close()
        for started in self.started:
            started.close()

    def live(self) -> dict[str, dict[str, Any]]:
        """List this user's keys by the address in their name; no address may be there twice."""
        found: dict[str, dict[str, Any]] = {}
        for item in self.items():
            address = item["name"].rsplit(".kw-", 1)[0]
            assert address not in found, f"{address} is there twice"
            found[address] = item
        return found

    def items(self) -> list[dict[str, Any]]:
        """List this user's keys as the API shows them."""
        answer = self.api.get("/api-keys", params={"page_size": 1000}).json()
        items: list[dict[str, Any]] = answer["data"]["items"]
        return items

    def stored(self, path: str, slot: str = "secret") -> str | None:
        """Decrypt what consumers would read now, as the standard tool would."""
        file = self.folder / ".keywright" / "secrets" / path / slot / "current.age"
        return self.decrypt(file) if file.exists() else None

    def decrypt(self, file: Path) -> str:
        """Open an age file with the stack's identity."""
        text = (self.folder / ".keywright" / "identity.txt").read_text().splitlines()[-1]
        opened = pyrage.decrypt(file.read_bytes(), [pyrage.x25519.Identity.from_str(text)])
        return str(opened, "utf-8")

    def accepted(self, secret: str | None) -> bool:
        """Use a key as a consumer would."""
        assert secret is not None
        answer = httpx.post(
            f"{self.sandbox.url}{PREFIX}/agents/{NOBODY}/chat",
            json={"message": "hello"},
            headers={"Authorization": f"Bearer {secret}"},
            verify=NO_CERTIFICATES,
        )
        return answer.status_code == 404

    def working(self, *addresses: str) -> None:
        """Insist that exactly these keys live, and that each stored secret is accepted."""
        assert sorted(self.live()) == sorted(addresses)
        for address in addresses:
            assert self.accepted(self.stored(address)), address

    def fault(self, kind: str, path: str, **more: object) -> Callable[[int], None]:
        """Arm a fault, and give a function that waits until so many requests have met it."""
        number = self.sandbox.add_fault(kind, path=path, **more)["id"]

        def wait(count: int) -> None:
            assert poll(lambda: self._met(number) >= count), f"fault {number} met too little"

        return wait

    def heal(self) -> None:
        """Take every fault away."""
        self.sandbox.control.delete("/faults").raise_for_status()

    def writes(self) -> list[str]:
        """Give the writes that the sandbox has seen, log-ins and uses apart."""
        items = self.sandbox.control.get("/requests").json()["items"]
        return [
            f"{item['method']} {item['path']}"
            for item in items
            if item["method"] != "GET" and "/api-keys" in item["path"]
        ]

    def _met(self, number: int) -> int:
        faults = self.sandbox.control.get("/faults").json()
        return int(next(fault["met"] for fault in faults if fault["id"] == number))


def poll(found: Callable[[], bool], tries: int = 5000) -> bool:
    """Ask until it is so; each question is a call to another process, so this does not spin."""
    return any(found() for _ in range(tries))


def make_stack(folder: Path, sandbox: SandboxProcess, keys: str, role: str = "member") -> Stack:
    """Make a user, a folder with a manifest, and what `init` makes (which has tests of its own)."""
    stack = make_bare_stack(folder, sandbox, role)
    stack.write(keys)
    recipient = make_identity(folder / ".keywright" / "identity.txt", work_tree=None)
    meta = StackMeta(
        stack=stack.name, lineage=str(uuid.uuid4()), salt=bytes(32), recipient=recipient
    )
    asyncio.run(_initialise(stack.manifest, meta))
    return stack


async def _initialise(manifest: Path, meta: StackMeta) -> None:
    backend = open_state(load(manifest))
    await backend.initialise(meta)
    await backend.close()


@contextmanager
def running_sandbox() -> Iterator[SandboxProcess]:
    """Run a sandbox, and kill it in the end: requests that still wait would hold it up."""
    sandbox = SandboxProcess(":memory:")
    sandbox.start()
    try:
        yield sandbox
    finally:
        sandbox.stop(signal.SIGKILL)


def make_bare_stack(folder: Path, sandbox: SandboxProcess, role: str = "member") -> Stack:
    """Make a user and a folder, and nothing in it."""
    folder.mkdir(parents=True)
    username = f"user-{uuid.uuid4().hex}"
    # A password that the sandbox invents needs no slow hash at each log-in.
    password = str(sandbox.add_user(username, None, role)["password"])
    base = f"{sandbox.url}{PREFIX}"
    environ = clean_environment(
        folder.parent / "home", {"KW_USER": username, "KW_PASSWORD": password}
    )
    return Stack(
        folder, sandbox, username, password, environ, log_in(base, username, password), base=base
    )


def log_in(base: str, username: str, password: str) -> httpx.Client:
    """Give a client of the API as this user's own browser would be."""
    form = {"username": username, "password": password}
    answer = httpx.post(f"{base}/login/access-token", data=form, verify=NO_CERTIFICATES).json()
    token = answer["data"]["access_token"]
    return httpx.Client(
        base_url=base, verify=NO_CERTIFICATES, headers={"Authorization": f"Bearer {token}"}
    )
