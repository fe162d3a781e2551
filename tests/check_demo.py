"""After `make demo`: every stored secret opens with the age tool, and the sandbox takes it.

Run by .ci/run on what the demo left in .keywright/. Uses nothing of Keywright but the sandbox.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx

from reconciler.sandbox import PREFIXES, open_sandbox

FOLDER = Path(".keywright")
NOBODY = "00000000-0000-0000-0000-000000000000"
OFF = {"audit-prod-export"}
EXPECTED = 6


def decrypt(file: Path) -> str:
    """Open one stored secret as any operator would."""
    command = ["age", "--decrypt", "--identity", str(FOLDER / "identity.txt"), str(file)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


async def use(client: httpx.AsyncClient, secret: str) -> int:
    """Use a key once and give the status: 404 (no such agent) means that the key was accepted."""
    answer = await client.post(
        f"{PREFIXES['clouisle']}/agents/{NOBODY}/chat",
        json={"message": "hello"},
        headers={"Authorization": f"Bearer {secret}"},
    )
    return answer.status_code


async def main() -> int:
    """Check every slot; 0 when all are as declared."""
    files = sorted((FOLDER / "secrets").rglob("current.age"))
    sandbox = open_sandbox(str(FOLDER / "sandbox.db"))
    transport = httpx.ASGITransport(sandbox.app)
    wrong = []
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for file in files:
            path = str(file.parent.relative_to(FOLDER / "secrets"))
            status = await use(client, decrypt(file))
            expected = 401 if path.split("/", maxsplit=1)[0] in OFF else 404
            sys.stdout.write(f"{path}: opened with age, sandbox says {status}\n")
            if status != expected:
                wrong.append(path)
    sandbox.close()
    return 0 if len(files) == EXPECTED and not wrong else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
