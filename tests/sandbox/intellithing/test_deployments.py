"""Deployments: their stages, what they freeze and when, failing, hanging, and one at a time."""

import time
import uuid
from datetime import timedelta

import httpx
import pytest

from tests.sandbox.intellithing.conftest import STAGE, StoppedClock, Studio
from tests.sandbox_process import SandboxProcess

STAGES = ["building", "pushing", "deploying", "initialising"]


def arm(control: httpx.Client, studio: Studio, **mishap: str | None) -> None:
    path = f"/projects/{studio.first}/next-deployment"
    assert control.put(path, json=mishap).status_code == 200


def go_on(control: httpx.Client, studio: Studio) -> int:
    return control.post(f"/projects/{studio.first}/go-on").status_code


def test_a_project_that_was_never_deployed_is_registered(studio: Studio) -> None:
    studio.create()
    studio.switch(on=True)
    assert studio.deployment() == {
        "status": "registered",
        "deployed_at": None,
        "key_ids": [],
        "keys_enabled": False,
    }
    assert studio.ask("GET", "/projects", 200) == [
        {"id": studio.first, "status": "registered", "deployed_at": None},
        {"id": studio.second, "status": "registered", "deployed_at": None},
    ]


def test_a_deployment_goes_through_its_stages(studio: Studio, clock: StoppedClock) -> None:
    key = studio.create()
    studio.switch(on=True)
    started = clock.now()
    answer = studio.deploy()
    assert list(answer) == ["deployment_id", "status"]
    assert answer["status"] == "building"
    assert str(uuid.UUID(answer["deployment_id"])) == answer["deployment_id"]
    seen = []
    for _ in STAGES:
        seen.append(studio.deployment())
        clock.move(STAGE - 0.001)
        seen.append(studio.deployment())
        clock.move(0.001)
    assert [one["status"] for one in seen] == [stage for stage in STAGES for _ in range(2)]
    assert all(one["deployed_at"] is None and one["key_ids"] == [] for one in seen)
    assert not any(one["keys_enabled"] for one in seen)
    deployed_at = (started + timedelta(seconds=4 * STAGE)).isoformat(timespec="microseconds")
    shown = {"status": "deployed", "deployed_at": deployed_at.replace("+00:00", "Z")}
    assert studio.deployment() == shown | {"key_ids": [key["key_id"]], "keys_enabled": True}
    clock.move(100_000)
    studio.person.log_in()
    assert studio.ask("GET", "/projects", 200)[0] == {"id": studio.first} | shown


def test_the_usual_deployment_takes_a_moment(studio: Studio, control: httpx.Client) -> None:
    assert control.put("/settings", json={}).json()["stage_seconds"] == 0.05
    began = time.monotonic()
    assert studio.deploy()["status"] == "building"
    while studio.standing()[0] != "deployed":
        assert time.monotonic() - began < 20
    assert time.monotonic() - began >= 0.15


def test_keys_are_frozen_at_the_start_and_run_at_the_end(
    studio: Studio, clock: StoppedClock
) -> None:
    kept, removed = studio.create(), studio.create()
    studio.switch(on=True)
    studio.deploy()
    studio.delete(removed)
    late = studio.create()
    studio.switch(on=False)
    clock.move(4 * STAGE)
    shown = studio.deployment()
    assert shown["key_ids"] == [kept["key_id"], removed["key_id"]]
    assert shown["keys_enabled"] is True
    studio.deploy()
    clock.move(4 * STAGE - 0.001)
    assert studio.deployment() == shown | {"status": "initialising"}
    clock.move(0.001)
    again = studio.deployment()
    assert again["key_ids"] == [kept["key_id"], late["key_id"]]
    assert again["keys_enabled"] is False
    assert again["deployed_at"] > shown["deployed_at"]


def test_one_deployment_at_a_time_for_each_project(studio: Studio, clock: StoppedClock) -> None:
    studio.deploy()
    refused = {"detail": "A deployment of this project is already running"}
    assert studio.deploy(409) == refused
    clock.move(4 * STAGE - 0.001)
    assert studio.deploy(409) == refused
    studio.ask("POST", f"/projects/{studio.second}/deployments", 202)
    clock.move(0.001)
    assert studio.deploy()["status"] == "building"
    statuses = [one["status"] for one in studio.ask("GET", "/projects", 200)]
    assert statuses == ["building", "building"]


def test_a_refused_deployment_freezes_nothing(studio: Studio, clock: StoppedClock) -> None:
    studio.deploy()
    studio.create()
    studio.deploy(409)
    clock.move(4 * STAGE)
    assert studio.standing() == ("deployed", [])


@pytest.mark.parametrize("number", range(4))
def test_a_failed_deployment_leaves_the_container_as_it_was(
    studio: Studio, control: httpx.Client, clock: StoppedClock, number: int
) -> None:
    old = studio.create()
    studio.deploy()
    clock.move(4 * STAGE)
    before = studio.deployment()
    studio.create()
    arm(control, studio, fails_in=STAGES[number])
    studio.deploy()
    clock.move((number + 1) * STAGE - 0.001)
    assert studio.deployment() == before | {"status": STAGES[number]}
    clock.move(0.001)
    assert studio.deployment() == before | {"status": "failed"}
    assert studio.ask("GET", "/projects", 200)[0]["status"] == "failed"
    studio.deploy()
    assert studio.standing() == ("building", [old["key_id"]])
    clock.move(4 * STAGE)
    assert studio.standing() == ("deployed", [key["key_id"] for key in studio.stored()])


def test_the_first_deployment_may_fail_too(studio: Studio, control: httpx.Client) -> None:
    studio.create()
    for _ in range(2):
        arm(control, studio, fails_in="building")
        studio.deploy()
        assert studio.standing() == ("failed", [])
    studio.deploy()
    assert studio.standing()[0] == "deployed"


def test_a_hanging_deployment_waits_until_it_is_told_to_go_on(
    studio: Studio, control: httpx.Client, clock: StoppedClock
) -> None:
    arm(control, studio, hangs_in="pushing")
    studio.deploy()
    assert studio.standing()[0] == "building"
    clock.move(200)
    assert studio.standing()[0] == "pushing"
    studio.deploy(409)
    assert go_on(control, studio) == 200
    assert studio.standing()[0] == "deploying"
    assert go_on(control, studio) == 404
    clock.move(2 * STAGE - 0.001)
    assert studio.standing()[0] == "initialising"
    clock.move(0.001)
    assert studio.standing()[0] == "deployed"
    assert studio.deployment()["deployed_at"] == clock.now().isoformat().replace("+00:00", "Z")


def test_what_is_told_to_go_on_early_does_not_hang(
    studio: Studio, control: httpx.Client, clock: StoppedClock
) -> None:
    arm(control, studio, hangs_in="deploying", fails_in="deploying")
    studio.deploy()
    assert go_on(control, studio) == 200
    clock.move(3 * STAGE - 0.001)
    assert studio.standing()[0] == "deploying"
    clock.move(0.001)
    assert studio.standing()[0] == "failed"


def test_a_mishap_happens_once_and_can_be_called_off(studio: Studio, control: httpx.Client) -> None:
    arm(control, studio, hangs_in="building")
    arm(control, studio)
    studio.deploy()
    assert studio.standing()[0] == "deployed"
    arm(control, studio, fails_in="initialising")
    studio.deploy()
    assert studio.standing()[0] == "failed"
    studio.deploy()
    assert studio.standing()[0] == "deployed"


def test_a_stage_keeps_the_length_that_it_had_at_the_start(
    studio: Studio, control: httpx.Client, clock: StoppedClock
) -> None:
    studio.deploy()
    control.put("/settings", json={"stage_seconds": 0})
    assert studio.standing()[0] == "building"
    clock.move(4 * STAGE)
    assert studio.standing()[0] == "deployed"


def test_a_clock_that_is_set_back_makes_nobody_wait(
    studio: Studio, sandbox: SandboxProcess, clock: StoppedClock
) -> None:
    clock.move(86_400)
    studio.person.log_in()
    studio.create()
    studio.deploy()
    sandbox.control.put("/time", json={})
    assert studio.standing() == ("deployed", [key["key_id"] for key in studio.stored()])
    assert studio.deploy()["status"] == "building"


def test_projects_are_deployed_apart(studio: Studio) -> None:
    key = studio.create()
    studio.deploy()
    studio.delete(key)
    studio.ask("POST", f"/projects/{studio.second}/deployments", 202)
    assert studio.standing() == ("deployed", [key["key_id"]])
    other = studio.ask("GET", f"/projects/{studio.second}/deployment", 200)
    assert (other["status"], other["key_ids"]) == ("deployed", [])


def test_an_unknown_project_and_one_of_another_workspace_are_404(
    studio: Studio, neighbour: Studio
) -> None:
    for project in ("nothing", neighbour.first, "storefront"):
        for method, rest in (("GET", "deployment"), ("POST", "deployments")):
            answer = studio.ask(method, f"/projects/{project}/{rest}", 404)
            assert answer == {"detail": "Project not found"}
