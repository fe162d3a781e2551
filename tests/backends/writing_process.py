"""A run in a process of its own, to be looked at and killed: locks a state and writes to it.

Says `locked` once it holds the lock; with `forever`, then writes rows and says each number once it
is acknowledged; else holds on until its input ends. With `incidents`, it takes no lock: it writes
incidents into the state that is there, and says each number once it is acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.backends.worlds import HOLDER, FileWorld, a_key, an_incident, opened

_ABREAST = 20


async def _run(folder: Path, *, forever: bool) -> None:
    backend = await opened(FileWorld(folder))
    _say("locked")

    async def write_every(step: int) -> None:
        number = step
        while True:
            await backend.write_row(a_key(number))
            _say(str(number))
            number += _ABREAST

    if forever:
        await asyncio.gather(*(write_every(step) for step in range(_ABREAST)))
    sys.stdin.read()


async def _revoke(folder: Path, count: int) -> None:
    backend = FileWorld(folder).backend()
    for number in range(count):
        await backend.write_incident(an_incident(number))
        _say(str(number))
    await backend.close()


def _say(word: str) -> None:
    os.write(1, f"{word}\n".encode())


if __name__ == "__main__":
    assert HOLDER.pid == os.getpid()
    if "incidents" in sys.argv:
        asyncio.run(_revoke(Path(sys.argv[1]), int(sys.argv[3])))
    else:
        asyncio.run(_run(Path(sys.argv[1]), forever="forever" in sys.argv))
