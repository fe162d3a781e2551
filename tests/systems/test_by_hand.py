"""`keywright rotate`, `undo` and `apply --wait` from the command line, on every system."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.stage import NO_CHANGES, running_sandbox
from tests.sandbox_process import SandboxProcess
from tests.systems.story import Stage, open_stage
from tests.systems.systems import SYSTEMS, System

MONTH = timedelta(days=30)


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


@pytest.fixture(params=SYSTEMS, ids=lambda system: system.example.name)
def system(request: pytest.FixtureRequest) -> System:
    found: System = request.param
    return found


@pytest.fixture
def stage(system: System, tmp_path: Path, sandbox: SandboxProcess) -> Stage:
    opened = open_stage(system.example, tmp_path / "stage", sandbox)
    opened.apply().ended(0)
    opened.forget_requests()
    return opened


def test_a_rotation_by_hand_can_be_undone(system: System, stage: Stage) -> None:
    first = stage.stored(system.address)
    ran = stage.run("rotate", system.address, "--auto-approve").ended(0)
    ran.said("must be replaced", "old key works until")
    second = stage.stored(system.address)
    assert second != first
    assert stage.accepts(first)
    assert stage.accepts(second)
    assert system.writes(stage) == ["POST keys", *system.made]
    stage.run("status").ended(0).said(f"{system.address}")
    stage.apply().ended(0).said(NO_CHANGES, "Under way")

    stage.forget_requests()
    stage.run("undo", system.address, "--auto-approve").ended(0)
    assert stage.stored(system.address) == first
    assert stage.accepts(first)
    assert stage.accepts(second)
    assert system.writes(stage) == []
    stage.apply().ended(0).said(NO_CHANGES)
