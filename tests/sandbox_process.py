"""The sandbox in a process of its own, so that a test can talk to it over a socket, or kill it."""

import contextlib
import json
import secrets
import signal
import ssl
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

import httpx

from reconciler.sandbox import PREFIXES

HEADER = "X-Sandbox-Control"
# Each client would load all certificates anew, for a server that speaks plain HTTP on loopback.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

# The token and the passwords come by standard input: process arguments are public.
_PROGRAM = """
import json, sys
from reconciler.sandbox import SandboxAccount, TlsFiles, serve

options = json.loads(sys.stdin.readline())
admin, tls = options["admin"], options["tls"]
serve(
    options["database"],
    options["host"],
    options["port"],
    control_token=options["control_token"],
    ready=lambda url: print(url, flush=True),
    admin=SandboxAccount(*admin) if admin else None,
    tls=TlsFiles(*tls) if tls else None,
)
"""


class SandboxProcess:
    """A context manager: `url` is the base without a prefix, `control` a client for /_sandbox/."""

    def __init__(
        self,
        database: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        admin: tuple[str, str] | None = ("root", "root-password"),
        tls: tuple[str, str] | None = None,
        trust: ssl.SSLContext = NO_CERTIFICATES,
    ) -> None:
        self.control_token = secrets.token_hex(16)
        self._options = {
            "database": database,
            "host": host,
            "port": port,
            "control_token": self.control_token,
            "admin": admin,
            "tls": tls,
        }
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self._trust = trust
        self.control = httpx.Client(verify=trust)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it listens."""
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(self._options) + "\n")
        process.stdin.flush()
        self.url = process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"the sandbox did not start (exit code {process.wait()})")
        self.control = httpx.Client(
            base_url=f"{self.url}/_sandbox",
            headers={HEADER: self.control_token},
            verify=self._trust,
        )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the process with a signal and give its exit code."""
        self.control.close()
        process = self._process
        assert process is not None
        if process.poll() is None:
            process.send_signal(how)
        code = process.wait(timeout=20)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        return code

    def add_user(self, username: str, password: str | None, role: str) -> dict[str, Any]:
        """Create a superuser, member or viewer; without a password, the answer holds one."""
        body = {"username": username, "password": password, "role": role}
        return self._control("POST", "/users", body)

    def add_fault(self, kind: str, **fields: object) -> dict[str, Any]:
        """Arm a fault: path, method, when, times, status, retry_after, seconds."""
        return self._control("POST", "/faults", {"kind": kind, **fields})

    def credentials(self, dialect: str) -> dict[str, str]:
        """Give the built-in superuser's credentials for a system, by its dialect's names."""
        place = PREFIXES[dialect].split("/")[1]
        answer = self.control.get(f"/{place}/credentials")
        answer.raise_for_status()
        given: dict[str, str] = answer.json()
        return given

    def _control(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.control.request(method, path, json=body)
        answer.raise_for_status()
        shown: dict[str, Any] = answer.json()
        return shown
