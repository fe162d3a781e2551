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


def test_without_overlap_the_old_key_goes_in_the_same_run(system: System, stage: Stage) -> None:
    first = stage.stored(system.address)
    ran = stage.run("rotate", system.address, "--no-overlap", "--auto-approve").ended(0)
    ran.said("old key stops once the new one is in use")
    assert not stage.accepts(first)
    assert stage.accepts(stage.stored(system.address))
    stage.rests()


def test_only_keys_of_the_manifest_rotate_and_only_what_is_left_comes_back(
    tmp_path: Path, sandbox: SandboxProcess
) -> None:
    stage = open_stage(SYSTEMS[0].example, tmp_path / "stage", sandbox)
    stage.apply().ended(0)
    stage.forget_requests()
    stage.run("rotate", "nobody", "--auto-approve").ended(1).said("there is no key 'nobody'")
    stage.run("rotate", "--auto-approve").ended(1).said("say which keys are meant")
    stage.run("rotate", SYSTEMS[0].address).ended(1).said("there is no terminal to ask on")
    ran = stage.run("undo", SYSTEMS[0].address, "--auto-approve")
    assert ran.code != 0, ran.text
    assert SYSTEMS[0].writes(stage) == []


def test_apply_stays_for_an_overlap_in_real_time(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """The only test that takes real time: the two seconds of its overlap."""
    system = SYSTEMS[0]
    stage = open_stage(system.example, tmp_path / "stage", sandbox)
    system.declare(stage, "rotate: {every: 30d, overlap: 2s, delete_after: 0s}")
    stage.sandbox.control.put("/time", json={"offset_seconds": -MONTH.total_seconds()})
    stage.apply().ended(0)
    first = stage.stored(system.address)
    stage.sandbox.control.put("/time", json={}).raise_for_status()
    ran = stage.apply("--wait", "1m").ended(0)
    ran.said("old key works until")
    assert not stage.accepts(first)
    assert stage.accepts(stage.stored(system.address))
    stage.rests()


def test_a_gateway_has_the_new_upstream_key_before_the_old_one_goes(
    tmp_path: Path, sandbox: SandboxProcess
) -> None:
    stage = open_stage(SYSTEMS[-1].example, tmp_path / "stage", sandbox)
    stage.apply().ended(0)
    first = stage.stored("gateway-voice-upstream")
    ran = stage.run("rotate", "gateway-voice-upstream", "--no-overlap", "--auto-approve").ended(0)
    ran.said("provider_keys/voice-upstream", "upstream 'voice' has the secret of")
    ran.said("v1 deleted", "confirmed gone")
    assert not stage.accepts(first, "itellico")
    assert stage.accepts(stage.stored("gateway-voice-upstream"), "itellico")
    stage.rests()
