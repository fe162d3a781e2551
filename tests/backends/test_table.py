"""The table of backends: every name opens one, and nothing is loaded before it is asked for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.backends import BACKENDS, open_backend
from reconciler.errors import StateError
from tests.backends.worlds import META, STACK


@pytest.mark.parametrize("name", BACKENDS)
def test_every_name_opens_a_backend(name: str, tmp_path: Path) -> None:
    backend = open_backend(name, tmp_path, STACK)
    assert list(tmp_path.iterdir()) == []

    async def run() -> None:
        await backend.initialise(META)
        assert (await backend.read()).meta == META
        await backend.close()

    asyncio.run(run())


def test_an_unknown_name_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="file, memory"):
        open_backend("floppy", tmp_path, STACK)


def test_the_table_loads_neither_a_backend_nor_pydantic() -> None:
    program = (
        "import sys, reconciler.backends\n"
        "print(sorted({'sqlite3', 'pydantic', 'reconciler.backends.file'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"
