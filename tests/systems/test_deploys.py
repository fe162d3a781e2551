"""Deploys over a real socket: one that fails, one that hangs, and a switch that others turned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reconciler.sandbox import PREFIXES, WORKSPACE
from tests.cli.stage import running_sandbox
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess
from tests.systems.story import Example, Stage, open_stage


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def stage(sandbox: SandboxProcess, tmp_path: Path) -> Stage:
    example = Example(name="intellithing", dialects=("intellithing",))
    return open_stage(example, tmp_path / "stage", sandbox)


def mishap(sandbox: SandboxProcess, project: str, **how: str) -> None:
    place = f"/intellithing/projects/{project}/next-deployment"
    sandbox.control.put(place, json=how).raise_for_status()


def switch(sandbox: SandboxProcess, *, on: bool) -> None:
    """Turn the switch as a person would in the Studio."""
    httpx.put(
        f"{sandbox.url}{PREFIXES['intellithing']}/workspaces/{WORKSPACE}/security-keys/enabled",
        json={"enabled": on},
        headers={"Authorization": f"Bearer {sandbox.credentials('intellithing')['token']}"},
        verify=NO_CERTIFICATES,
    ).raise_for_status()


def test_a_deploy_that_fails_is_an_outcome_and_the_next_run_goes_on(
    stage: Stage, sandbox: SandboxProcess
) -> None:
    mishap(sandbox, "storefront", fails_in="pushing")
    stage.apply().ended(4).said("storefront", "failed")
    assert stage.stored("shop-frontend") is None
    status = stage.run("status").ended(0)
    status.said("What projects run:", "studio storefront: failed")
    stage.run("plan", "--detailed-exitcode").ended(2).said("will be deployed")
    stage.apply().ended(0)
    assert stage.accepts(stage.stored("shop-frontend"))
    stage.rests()


def test_what_is_applied_and_not_yet_effective_is_shown_until_a_deploy_carries_it(
    stage: Stage,
) -> None:
    stage.edit("    deploy: [backoffice, storefront]", "    # deploy: by somebody else")
    stage.apply().ended(0)
    status = stage.run("status").ended(0)
    status.said("Applied, not yet effective", "shop-frontend v1 is made, and not accepted yet")
    status.not_said("not made yet", "Left over")
    stage.edit("    # deploy: by somebody else", "    deploy: [backoffice, storefront]")
    stage.apply().ended(0)
    stage.run("status").ended(0).not_said("not yet effective")
    stage.rests()


def test_a_switch_that_somebody_else_turned_off_is_left_alone(
    stage: Stage, sandbox: SandboxProcess
) -> None:
    stage.apply().ended(0)
    switch(sandbox, on=False)
    stage.run("plan", "--detailed-exitcode").ended(2).said(
        "switched off outside Keywright, which may be an incident"
    )
    stage.forget_requests()
    stage.apply()
    assert not any(request.startswith("PUT") for request in stage.requests())
    switch(sandbox, on=True)
    stage.run("plan", "--detailed-exitcode").ended(0)
