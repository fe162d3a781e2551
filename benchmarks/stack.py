"""A stack of any size against a sandbox in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.sandbox_process import SandboxProcess

_HEAD = """\
version: 1
stack: bench
state: {{identity: {{file: .keywright/identity.txt}}}}
stores: {{local: {{type: age, path: .keywright/secrets}}}}
providers:
  agents:
    dialect: clouisle
    url: {url}/clouisle/api/v1
    auth: {{username: {{env: BENCH_USER}}, password: {{env: BENCH_PASSWORD}}}}
    limits: {{concurrency: {concurrency}}}
keys:
"""
_KEY = """\
  service-{number:05}-prod-agent-call:
    provider: agents
    owner: team-{team}
    service: service-{number:05}
    environment: prod
    labels: {{purpose: agent-call, cost-centre: "{team}"}}
    scopes: [chat, "agent:read"]
    expires: {{after: 90d}}
    rate_limit: 600/min
    secret: {{store: local, path: service-{number:05}/prod, field: CLOUISLE_API_KEY}}
"""


class Stack:
    """A manifest of `size` keys, its folder, and the environment that it needs."""

    def __init__(
        self, folder: Path, sandbox: SandboxProcess, size: int, *, concurrency: int = 8
    ) -> None:
        folder.mkdir()
        self.manifest = folder / "keys.yaml"
        self.environ = {"BENCH_USER": "root", "BENCH_PASSWORD": "root-password"}
        keys = "".join(_KEY.format(number=number, team=number % 40) for number in range(size))
        head = _HEAD.format(url=sandbox.url, concurrency=concurrency)
        self.manifest.write_text(head + keys)

    def initialise(self) -> None:
        """Make the state and the identity."""
        self.run("init")

    def run(self, *arguments: str) -> str:
        """Run one command and give its output."""
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", *arguments, "-f", str(self.manifest)],
            env={**os.environ, **self.environ},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout
