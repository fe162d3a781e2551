"""Runs in processes of their own, and what a finished run left behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.backends.worlds import FileWorld, a_key, an_intent, each, opened

Start: TypeAlias = Callable[..., "subprocess.Popen[str]"]
"""Starts a run on a folder, and returns once it holds the lock."""


@pytest.fixture
def start_run() -> Iterator[Start]:
    with ExitStack() as stack:

        def start(folder: Path, *words: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "tests.backends.writing_process", str(folder), *words]
            process = stack.enter_context(
                subprocess.Popen(
                    command,
                    cwd=Path(__file__).parents[2],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "locked\n"
            return process

        yield start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a settled state with a hundred keys and an intent."""
    folder = tmp_path / "state"

    async def fill() -> None:
        backend = await opened(FileWorld(folder))
        await asyncio.gather(*(backend.write_row(row) for row in each(a_key, 100)))
        await backend.write_row(an_intent())
        await backend.close()

    asyncio.run(fill())
    return folder
