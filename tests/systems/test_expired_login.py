"""A login that runs out in the middle of an apply: one refresh, and then it goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.stage import command, poll, running_sandbox
from tests.sandbox_process import SandboxProcess
from tests.systems.story import Example, open_stage

LIFETIME = 16 * 60


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


def test_one_refresh_and_on(sandbox: SandboxProcess, tmp_path: Path) -> None:
    example = Example(name="ai-controller", dialects=("ai-controller", "itellico"))
    stage = open_stage(example, tmp_path / "stage", sandbox)
    stage.edit("dialect: ai-controller\n", "dialect: ai-controller\n    limits: {concurrency: 1}\n")
    slow = sandbox.add_fault(
        "latency", path=r"/aic/apikeys$", method="POST", seconds=0.3, times=None
    )["id"]

    def met() -> int:
        faults = sandbox.control.get("/faults").json()
        return int(next(fault["met"] for fault in faults if fault["id"] == slow))

    stage.forget_requests()
    process = subprocess.Popen(
        command("apply", "--auto-approve"),
        cwd=stage.folder,
        env=stage.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert poll(lambda: met() >= 1)
    sandbox.control.put("/time", json={"offset_seconds": LIFETIME}).raise_for_status()
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0, printed
    assert "4 added, 1 changed" in printed
    asked = stage.requests()
    assert asked["POST /aic/auth/login"] == 1
    assert asked["POST /aic/auth/token"] == 1
    assert asked["POST /aic/apikeys"] in {3, 4}
