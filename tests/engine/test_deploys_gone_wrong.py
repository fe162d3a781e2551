"""Deploys that fail, hang, get no answer, or are stopped: the next run goes on from there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.recorded import IntentKind
from reconciler.core.steps import Action as Do
from reconciler.core.steps import Outcome
from reconciler.engine.deploy import LONGEST
from reconciler.engine.transaction import Stop
from reconciler.interfaces.driver import KeyDriver, Refused
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from reconciler.providers.memory_projects import Fate
from reconciler.providers.memory_traits import STUDIO
from tests.core.builders import PROVIDER, key, target
from tests.engine.stories import settled
from tests.engine.studio_stories import (
    FIRST,
    OFF,
    ON,
    SECOND,
    A,
    B,
    C,
    begun,
    current,
    deploys,
    ids,
    new_studio,
    one,
    sentence_of,
    studio,
    two,
)
from tests.engine.wires import Call, Tap, Wire
from tests.engine.worlds import (
    all_done,
    apply_to,
    complaints,
    look_at,
    new_place,
    outcomes,
    run,
)


def test_a_canary_that_fails_spares_the_others() -> None:
    place = new_studio()
    place.api.projects[FIRST].arm(Fate.FAILS)
    report = apply_to(place, studio(A))
    assert outcomes(report) == {
        ("providers/agents", "deploy"): Outcome.FAILED,
        ("crm-a", "create"): Outcome.FAILED,
    }
    assert begun(place)[SECOND] == 0
    assert place.store.consume(target("crm-a")) is None
    assert [intent.kind for intent in place.recorded().intents] == [IntentKind.CREATE]
    made = ids(place)
    assert deploys(place, studio(A)) == [1, 1]
    assert ids(place) == made
    assert complaints(place, studio(A)) == []


def test_what_a_failed_deploy_leaves_says_why_and_what_happens_next() -> None:
    place = new_studio()
    place.api.projects[SECOND].arm(Fate.FAILS)
    sentence = sentence_of(place, Do.CREATE, studio(A))
    assert "not effective yet: backoffice: its deploy ended as failed" in sentence
    assert sentence.endswith("; the next run goes on")


def test_nothing_is_taken_away_when_what_was_made_could_not_be_deployed() -> None:
    place = new_studio()
    two(place)
    place.api.projects[FIRST].arm(Fate.FAILS)
    report = apply_to(place, studio(B, C))
    assert outcomes(report) == {
        ("providers/agents", "deploy"): Outcome.FAILED,
        ("crm-c", "create"): Outcome.FAILED,
        ("crm-a", "delete"): Outcome.SKIPPED,
        ("providers/agents", "redeploy"): Outcome.SKIPPED,
    }
    assert place.works(target("crm-a"))
    apply_to(place, studio(B, C))
    assert complaints(place, studio(B, C)) == []


def test_a_deleted_key_is_recorded_until_no_container_accepts_it() -> None:
    place = new_studio()
    two(place)
    doomed = current(place, "crm-a")
    place.api.projects[SECOND].arm(Fate.FAILS)
    report = apply_to(place, studio(B))
    assert outcomes(report)["crm-a", "delete"] is Outcome.FAILED
    assert place.api.find(doomed) is None
    assert place.row("crm-a").living[0].key_id == doomed
    plan = look_at(place, studio(B)).plan
    assert [(step.action, step.projects) for step in plan.steps] == [
        (Do.DELETE, ()),
        (Do.REDEPLOY, (SECOND,)),
    ]
    assert deploys(place, studio(B)) == [0, 1]
    assert complaints(place, studio(B)) == []


def test_a_deploy_that_hangs_is_left_after_a_while_and_waited_for_by_the_next_run() -> None:
    place = new_studio()
    place.api.projects[FIRST].arm(Fate.HANGS)
    started = place.clock.now()
    report = apply_to(place, studio(A))
    assert set(outcomes(report).values()) == {Outcome.UNKNOWN}
    assert "still building after 15 minutes" in report.results[0].sentence
    assert LONGEST <= place.clock.now() - started < LONGEST + timedelta(minutes=1)
    place.api.projects[FIRST].go_on()
    assert deploys(place, studio(A)) == [0, 1]
    assert complaints(place, studio(A)) == []


def test_people_are_told_how_a_deploy_goes() -> None:
    place = new_studio()
    apply_to(place, studio(A))
    told = place.reporter.waits
    assert told[0] == f"providers/agents: {FIRST}: begun"
    assert f"providers/agents: {FIRST}: pushing" in told
    assert f"providers/agents: {SECOND}: initialising" in told


def test_looks_become_rarer() -> None:
    place = new_studio()
    place.api.projects[FIRST].arm(Fate.HANGS)
    wire = Wire()
    apply_to(place, studio(A), wire=wire)
    waits = [float(str(call.arguments[0])) for call in wire.calls if call.name == "clock.sleep"]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (0.5, 5.0)


def test_a_deploy_that_somebody_else_runs_is_waited_for_and_then_ours_begins() -> None:
    place = new_studio()
    one(place)
    place.api.start(FIRST)
    assert deploys(place, studio(A, B)) == [1, 1]
    assert complaints(place, studio(A, B)) == []


@pytest.mark.parametrize("told", [True, False])
def test_a_busy_project_that_was_never_deployed_is_waited_for_too(*, told: bool) -> None:
    place = new_place(traits=replace(STUDIO, tells_idle=told), lasting=True)
    place.api.start(SECOND)
    assert deploys(place, studio(A)) == [1, 1]
    stage = "building" if told else "busy with another deploy"
    assert f"providers/agents: {SECOND}: {stage}" in place.reporter.waits
    assert complaints(place, studio(A)) == []


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
def test_a_start_without_an_answer_is_looked_at_before_it_is_repeated(fault: Fault) -> None:
    place = new_studio()
    place.api.fail_next(Action.DEPLOY, fault)
    assert deploys(place, studio(A)) == [1, 1]
    assert complaints(place, studio(A)) == []


def test_starts_that_never_get_an_answer_are_not_repeated_for_ever() -> None:
    place = new_studio()
    place.api.fail_next(Action.DEPLOY, *[Fault.LOST_BEFORE] * 9)
    report = apply_to(place, studio(A))
    assert outcomes(report)["providers/agents", "deploy"] is Outcome.UNKNOWN
    assert place.api.calls.count(Action.DEPLOY) == 3


def test_a_project_that_cannot_be_seen_for_a_moment_is_looked_at_again() -> None:
    place = new_studio()
    place.api.fail_next(Action.DEPLOYMENT, Fault.LOST_BEFORE, Fault.LOST_BEFORE)
    assert deploys(place, studio(A)) == [1, 1]


class MayNotDeploy(Tap):
    """A key API whose projects others deploy."""

    def __init__(self, inner: KeyDriver) -> None:
        super().__init__(inner, "driver", Wire())

    async def deploy(self, project: str) -> Refused:
        return Refused(f"no right to deploy {project}", 403)


def test_a_deploy_that_is_not_allowed_fails_and_the_next_run_goes_on() -> None:
    place = new_studio()
    place.dress = MayNotDeploy  # type: ignore[assignment]  # passes the rest of a driver on
    sentence = sentence_of(place, Do.DEPLOY, studio(A))
    assert sentence == f"{FIRST}: its deploy was refused: no right to deploy {FIRST}"
    place.dress = lambda driver: driver
    apply_to(place, studio(A))
    assert complaints(place, studio(A)) == []


def test_a_project_that_may_not_be_looked_at_fails_the_deploy() -> None:
    place = new_studio()
    place.api.fail_next(Action.DEPLOYMENT, Fault.REFUSED)
    assert "could not be looked at" in sentence_of(place, Do.DEPLOY, studio(A))
    apply_to(place, studio(A))
    assert complaints(place, studio(A)) == []


def test_what_was_deleted_goes_out_with_a_deploy_even_if_nothing_new_comes_with_it() -> None:
    place = new_studio()
    two(place)
    place.api.projects[SECOND].arm(Fate.FAILS)
    apply_to(place, studio(B))
    place.api.fail_next(Action.CREATE, Fault.REFUSED)
    told = outcomes(apply_to(place, studio(B, C)))
    assert told["crm-a", "delete"] is Outcome.DONE
    assert all_done(apply_to(place, studio(B, C)))
    assert complaints(place, studio(B, C)) == []


def test_a_key_is_not_gone_while_a_first_deploy_may_bring_it() -> None:
    place = new_studio()
    settled(place, studio(A, at=OFF))
    place.api.start(SECOND)
    assert all_done(apply_to(place, studio(at=OFF)))
    place.api.projects[SECOND].finish(place.clock.now())
    assert complaints(place, studio(at=OFF)) == []


def test_nothing_stays_in_the_store_of_a_key_that_left_before_it_counted() -> None:
    place = new_studio()
    place.api.projects[FIRST].arm(Fate.FAILS)
    apply_to(place, studio(A))
    staged, gone = (target("crm-a"),), studio()
    assert run(place.store.heads(staged)).heads[0].staged
    assert all_done(apply_to(place, gone))
    assert run(place.store.heads(staged)).heads[0].owner is None


def test_a_deploy_without_what_it_should_carry_is_no_success() -> None:
    place = new_studio()
    one(place)

    def take_back(call: Call) -> None:
        if call.name == "driver.create":
            place.api.remove(place.api.live()[0].id)

    report = apply_to(place, studio(A, B), wire=Wire(listener=take_back))
    assert outcomes(report)["providers/agents", "deploy"] is Outcome.FAILED
    assert "it was deployed, and does not hold" in report.results[0].sentence
    apply_to(place, studio(A, B))
    apply_to(place, studio(A, B))
    assert complaints(place, studio(A, B)) == []


def stop_at(method: str, stop: Stop) -> Wire:
    def listen(call: Call) -> None:
        if call.name == method:
            stop.ask()

    return Wire(listener=listen)


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("driver.deploy", "the next run waits for it"),
        ("store.stage", "the run was asked to stop"),
    ],
)
def test_a_signal_ends_the_waiting_and_the_next_run_goes_on(method: str, said: str) -> None:
    place, stop = new_studio(), Stop()
    report = apply_to(place, studio(A), stop=stop, wire=stop_at(method, stop))
    assert report.stopped
    assert outcomes(report)["crm-a", "create"] is Outcome.UNKNOWN
    assert any(said in result.sentence for result in report.results)
    assert {result.step.address for result in report.results} == {"crm-a", "providers/agents"}
    apply_to(place, studio(A))
    assert complaints(place, studio(A)) == []


def test_a_signal_between_two_projects_does_not_begin_the_second() -> None:
    place, stop = new_studio(), Stop()

    def listen(call: Call) -> None:
        if call.name == "driver.deployment" and place.api.projects[FIRST].begun == 2:
            looked = place.api.projects[FIRST].show()
            if looked.running:
                stop.ask()

    apply_to(place, studio(A), stop=stop, wire=Wire(listener=listen))
    assert begun(place)[SECOND] == 0
    apply_to(place, studio(A))
    assert complaints(place, studio(A)) == []


def test_a_key_whose_secret_cannot_wait_for_the_next_run_is_revoked_again() -> None:
    place = new_studio(lasting=False, hidden_staging=False)
    place.api.projects[SECOND].arm(Fate.FAILS)
    report = apply_to(place, studio(A))
    assert outcomes(report)["crm-a", "create"] is Outcome.FAILED
    assert place.ours() == ()
    assert not place.recorded().intents
    apply_to(place, studio(A))
    assert complaints(place, studio(A)) == []


def test_a_key_that_was_revoked_is_taken_out_of_the_containers_that_got_it() -> None:
    place = new_studio(lasting=False, hidden_staging=False)
    place.api.projects[SECOND].arm(Fate.FAILS)
    apply_to(place, studio(A))
    (lost,) = (row.dead for row in place.recorded().providers)
    assert set(lost) <= set(place.api.projects[FIRST].show().key_ids)
    steps = look_at(place, studio()).plan.steps
    assert [step.action for step in steps] == [Do.FORGET, Do.REDEPLOY]
    apply_to(place, studio())
    assert complaints(place, studio()) == []
    apply_to(place, studio())
    assert [row.dead for row in place.recorded().providers] == [()]


def test_a_key_that_every_project_holds_and_nobody_accepts_is_kept_for_the_next_run() -> None:
    place, wire = new_studio(), Wire()

    def switch(call: Call) -> None:
        if all(project.show().running for project in place.api.projects.values()):
            place.api.enabled = place.api.enabled and call.name != "driver.deployment"

    wire.listener = switch
    report = apply_to(place, studio(A), wire=wire)
    assert outcomes(report)["crm-a", "create"] is Outcome.FAILED
    made = ids(place)
    assert len(made) == 1
    assert place.store.consume(target("crm-a")) is None
    place.api.enabled = True
    apply_to(place, studio(A))
    assert ids(place) == made
    assert complaints(place, studio(A)) == []


def test_a_provider_in_trouble_does_not_stop_another() -> None:
    place = new_place(traits=STUDIO, providers=(PROVIDER, "other"))
    place.api.projects[FIRST].arm(Fate.FAILS)
    elsewhere = key("crm-z", provider="other")
    both = studio(A, elsewhere, providers=(ON, replace(ON, name="other")))
    told = outcomes(apply_to(place, both))
    assert told["crm-z", "create"] is Outcome.DONE
    assert told["crm-a", "create"] is Outcome.FAILED
    assert place.works(target("crm-z"))
    assert all_done(apply_to(place, both))
