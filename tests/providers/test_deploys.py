"""Deploys: what each project's container holds, and starting a new one."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from reconciler.core.keys import KeyId
from reconciler.core.observed import Deployment
from reconciler.interfaces.driver import Done, Refused, Unknown
from tests.providers.small_api import (
    Answer,
    Sent,
    SmallApi,
    always,
    key,
    make_dialect,
    survey,
    using,
)

BUSY = [{"status": 409}, {"status": 503, "code": "running"}]
DEPLOY: dict[str, Any] = {
    "projects": {
        "method": "GET",
        "path": "/{workspace}/projects",
        "items": "@",
        "paging": {"kind": "none"},
    },
    "project": "id",
    "start": {"method": "POST", "path": "/{workspace}/projects/{project}/deploys", "ok": [202]},
    "busy": BUSY,
    "state": {
        "method": "GET",
        "path": "/{workspace}/projects/{project}/state",
        "stage": "status",
        "running": ["deployed"],
        "failed": ["failed"],
        "idle": ["registered"],
        "deployed_at": "at",
        "keys": "key_ids",
        "enabled": "on",
    },
}
DIALECT = make_dialect(
    deploy=DEPLOY,
    effective="on_deploy",
    tenant={"variables": {"workspace": {"say": "which one"}}},
    envelope={"code": "code"},
)
AT = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
RUNNING = {"status": "deployed", "at": "2027-01-02T03:04:05Z", "key_ids": ["k", 7], "on": True}
HELD = Deployment(
    project="p",
    stage="deployed",
    running=True,
    failed=False,
    deployed_at=AT,
    key_ids=frozenset({KeyId("k"), KeyId("7")}),
    enabled=True,
)
VARIABLES = {"workspace": "w"}


def state(answer: Answer) -> Any:  # noqa: ANN401
    api = SmallApi(on={"GET /w/projects/p/state": answer})
    return using(api, DIALECT, lambda driver: driver.deployment("p"), variables=VARIABLES)


def start(answer: Answer) -> Any:  # noqa: ANN401
    api = SmallApi(on={"POST /w/projects/p/deploys": answer})
    return using(api, DIALECT, lambda driver: driver.deploy("p"), variables=VARIABLES)


def test_what_a_project_runs() -> None:
    assert state(always(RUNNING)) == Done(HELD)


@pytest.mark.parametrize(
    ("stage", "running", "failed"),
    [("deployed", True, False), ("failed", False, True), ("pushing", False, False)],
)
def test_the_stage_is_the_api_s_own_word(stage: str, running: bool, failed: bool) -> None:
    outcome = state(always({**RUNNING, "status": stage}))
    assert (outcome.value.stage, outcome.value.running, outcome.value.failed) == (
        stage,
        running,
        failed,
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "registered"},
        {"status": "registered", "key_ids": None, "at": None, "on": None},
        {"status": "building", "key_ids": None},
        {"status": "building", "key_ids": []},
    ],
)
def test_a_project_that_never_ran_holds_nothing(answer: dict[str, Any]) -> None:
    outcome = state(always(answer))
    assert outcome.value.key_ids == frozenset()
    assert outcome.value.enabled is None
    assert outcome.value.deployed_at is None


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({}, "answered without the stage of the project"),
        ({**RUNNING, "status": ""}, "answered without the stage of the project"),
        ({**RUNNING, "key_ids": None}, "answered without the keys that the project holds"),
        ({"status": "building"}, "answered without the keys that the project holds"),
        ({"status": "deployed"}, "answered without the keys that the project holds"),
        ({**RUNNING, "key_ids": ["a/b"]}, "answered with a key that has no usable id"),
        ({**RUNNING, "on": None}, "answered without the switch that the project holds"),
        ({**RUNNING, "at": "soon"}, "answered with an unusable time of the deploy"),
    ],
)
def test_what_is_not_told_is_not_taken_for_nothing(answer: dict[str, Any], problem: str) -> None:
    place = "GET /{workspace}/projects/{project}/state"
    assert state(always(answer)) == Unknown(f"{place}: {problem}")


def test_a_state_that_cannot_be_read_is_no_state() -> None:
    assert isinstance(state(always({}, 500)), Unknown)
    refused = state(always({}, 404))
    assert isinstance(refused, Refused)
    assert refused.status == 404


@pytest.mark.parametrize("answer", [always({}, 202), always({"deployment_id": "d"}, 202)])
def test_a_deploy_is_started(answer: Answer) -> None:
    assert start(answer) == Done(None)


@pytest.mark.parametrize(("status", "code"), [(409, "x"), (503, "running")])
def test_while_one_is_running_another_one_is_refused(status: int, code: str) -> None:
    outcome = start(always({"code": code}, status))
    assert isinstance(outcome, Refused)
    assert outcome.status == status
    assert outcome.reason.endswith("one is running already")


def test_any_other_answer_is_what_it_is() -> None:
    assert isinstance(start(always({"code": "x"}, 503)), Unknown)
    assert start(always({}, 403)).status == 403


@pytest.mark.parametrize("project", ["", ".", "..", "a\n", "../x", "a/../../b", "a\\.."])
def test_what_cannot_be_a_project_is_not_sent(project: str) -> None:
    api = SmallApi()
    for work in (lambda d: d.deploy(project), lambda d: d.deployment(project)):
        outcome = using(api, DIALECT, work, variables=VARIABLES)
        assert outcome == Refused("not sent: this cannot be a project")
    assert api.sent == []


def test_a_survey_shows_every_project() -> None:
    projects = [{"id": f"p{n}"} for n in range(20)]
    api = SmallApi([key("k")], on={"GET /w/projects": always(projects)})
    running, most = 0, 0

    def answer(sent: Sent) -> httpx.Response:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        return always({**RUNNING, "key_ids": [sent.path.split("/")[3]]})(sent)

    for project in projects:
        api.on[f"GET /w/projects/{project['id']}/state"] = answer
    view = survey(api, DIALECT, variables=VARIABLES)
    assert view.problem is None
    assert {each.project for each in view.deployments} == {each["id"] for each in projects}
    assert all(each.key_ids == {each.project} for each in view.deployments)
    assert len(api.sent) == 22


@pytest.mark.parametrize(
    ("on", "problem"),
    [
        (
            {"GET /w/projects": always({}, 500)},
            "GET /{workspace}/projects answered 500",
        ),
        (
            {"GET /w/projects": always([{"id": None}])},
            "GET /{workspace}/projects: answered with a project that has no usable id",
        ),
        (
            {"GET /w/projects": always([{"id": "p"}, {"id": "p"}])},
            "GET /{workspace}/projects: the list does not hold still or is not complete (3 tries)",
        ),
        (
            {
                "GET /w/projects": always([{"id": "p"}]),
                "GET /w/projects/p/state": always({}),
            },
            "GET /{workspace}/projects/{project}/state: answered without the stage of the project",
        ),
    ],
)
def test_a_project_that_cannot_be_read_makes_the_view_incomplete(
    on: dict[str, Any], problem: str
) -> None:
    view = survey(SmallApi([key("k")], on=on), DIALECT, variables=VARIABLES)
    assert view.problem == problem
    assert view.deployments == ()
    assert len(view.keys) == 1


def test_what_the_dialect_does_not_have_is_not_sent() -> None:
    api = SmallApi()
    for work in (lambda d: d.deploy("p"), lambda d: d.deployment("p")):
        assert using(api, make_dialect(), work) == Refused("not sent: small cannot deploy")
    assert api.sent == []
