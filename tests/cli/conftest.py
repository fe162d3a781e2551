"""One sandbox for a module, a stack for a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.stage import Stack, make_stack, running_sandbox
from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def new_stack(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Callable[..., Stack]]:
    """Give a maker of stacks; faults and the request log are gone before and after."""
    made: list[Stack] = []

    def make(keys: str = "a: {}", name: str = "stack", role: str = "member") -> Stack:
        stack = make_stack(tmp_path / name / "work", sandbox, keys, role)
        made.append(stack)
        return stack

    sandbox.control.delete("/faults").raise_for_status()
    sandbox.control.delete("/requests").raise_for_status()
    yield make
    sandbox.control.delete("/faults").raise_for_status()
    for stack in made:
        stack.close()


@pytest.fixture
def stack(new_stack: Callable[..., Stack]) -> Stack:
    """A stack with one key, `a`, that is not made yet."""
    return new_stack()
