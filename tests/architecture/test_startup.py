"""Starting costs only what the command needs. Measured in fresh processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.source import PACKAGE, ROOT

HEAVY = {"httpx", "deepdiff", "rich", "starlette", "uvicorn", "pyrage", "jmespath"}
THINKING = HEAVY | {"click", "pydantic", "yaml", "asyncio", "tenacity", "sqlite3", "ssl"}
LOADED = "import sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"


def loaded_after(statement: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", f"{statement}; {LOADED}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(told.stdout.splitlines()[-1].split())


def test_the_version_is_told_before_anything_is_loaded() -> None:
    main = (
        "import sys; sys.argv = ['keywright', '--version']; "
        "from reconciler.__main__ import main; main()"
    )
    assert loaded_after(main).isdisjoint(THINKING)


def test_thinking_loads_nothing_that_touches_the_world() -> None:
    assert loaded_after("import reconciler.core.guard").isdisjoint(THINKING)


def test_the_engine_loads_no_adapter() -> None:
    assert loaded_after("import reconciler.engine.run").isdisjoint(THINKING - {"asyncio", "ssl"})


@pytest.mark.parametrize("room", ["cli", "render", "manifest", "wiring"])
def test_the_command_line_loads_what_is_heavy_only_when_it_is_needed(room: str) -> None:
    here = ROOT / PACKAGE / room
    if not (here / "__init__.py").exists() and not here.with_suffix(".py").exists():
        return
    assert loaded_after(f"import {PACKAGE}.{room}").isdisjoint(HEAVY)
