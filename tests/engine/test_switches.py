"""The switch for all keys of a tenant: turned by us, by somebody else, and half-way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.guard import Approval
from reconciler.core.recorded import ProviderRow
from reconciler.core.steps import Action as Do
from reconciler.core.steps import Outcome, Reason
from reconciler.errors import RefusedError
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from reconciler.providers.memory_traits import Traits
from tests.core.builders import key, provider, target
from tests.engine.studio_stories import (
    OFF,
    ON,
    A,
    B,
    C,
    begun,
    deploys,
    new_studio,
    off,
    one,
    studio,
    two,
)
from tests.engine.wires import When, Wire
from tests.engine.worlds import (
    Place,
    all_done,
    apply_to,
    complaints,
    crash,
    look_at,
    new_place,
    outcomes,
)

UNMANAGED = provider(deploy=(), exclusive=True)
TOGGLED = Traits(toggle=True)


def row_of(place: Place) -> ProviderRow:
    (row,) = place.recorded().providers
    return row


def test_on_counts_after_a_deploy_and_then_every_key_is_tried_out() -> None:
    place = new_studio()
    off(place)
    wanted = studio(A, B)
    assert [step.action for step in look_at(place, wanted).plan.steps] == [
        Do.SWITCH_ON,
        Do.DEPLOY,
        Do.VERIFY,
        Do.VERIFY,
    ]
    assert deploys(place, wanted) == [1, 1]
    assert row_of(place).keys_enabled is True
    assert all(place.row(name).versions[0].verified_at for name in ("crm-a", "crm-b"))
    assert complaints(place, wanted) == []


def test_off_stops_every_key_at_once_and_is_built_into_every_container() -> None:
    place, wire = new_studio(), Wire()
    two(place)
    report = apply_to(place, studio(A, B, at=OFF), wire=wire)
    assert [result.step.action for result in report.results] == [Do.SWITCH_OFF, Do.REDEPLOY]
    assert wire.names.index("driver.switch_all") < wire.names.index("driver.deploy")
    assert row_of(place).keys_enabled is False
    assert complaints(place, studio(A, B, at=OFF)) == []


def test_off_comes_after_deletes_and_all_is_deployed_once() -> None:
    place = new_studio()
    two(place)
    assert deploys(place, studio(B, at=OFF)) == [1, 1]
    assert complaints(place, studio(B, at=OFF)) == []


def test_while_all_are_off_keys_are_made_without_a_deploy_and_tried_out_later() -> None:
    place = new_studio()
    off(place)
    before = begun(place)
    report = apply_to(place, studio(A, B, C, at=OFF))
    assert outcomes(report) == {("crm-c", "create"): Outcome.DONE}
    assert report.results[0].sentence.endswith(
        "; verification outstanding, since all keys are switched off"
    )
    assert begun(place) == before
    assert place.row("crm-c").versions[0].verified_at is None
    assert apply_to(place, studio(A, B, C, at=OFF)).results == []
    assert deploys(place, studio(A, B, C)) == [1, 1]
    assert place.row("crm-c").versions[0].verified_at is not None
    assert complaints(place, studio(A, B, C)) == []


def test_what_somebody_switched_off_is_never_switched_on_again_by_itself() -> None:
    place = new_studio()
    two(place)
    place.api.enabled = False
    (hold,) = look_at(place, studio(A, B)).plan.steps
    assert (hold.action, hold.reason) == (Do.HOLD, Reason.TOGGLED_OUTSIDE)
    assert apply_to(place, studio(A, B)).results == []
    assert not place.api.enabled
    place.api.enabled = True
    assert look_at(place, studio(A, B)).plan.steps == ()


def test_the_incident_ends_when_the_manifest_says_off_and_then_on() -> None:
    place = new_studio()
    two(place)
    place.api.enabled = False
    assert all_done(apply_to(place, studio(A, B, at=OFF)))
    assert all_done(apply_to(place, studio(A, B)))
    assert complaints(place, studio(A, B)) == []


def test_what_was_on_from_the_start_counts_as_ours_from_the_first_run_on() -> None:
    place = new_studio()
    assert place.api.enabled
    one(place)
    assert row_of(place).keys_enabled is True
    place.api.enabled = False
    assert [step.action for step in look_at(place, studio(A)).plan.steps] == [Do.HOLD]


def test_what_somebody_switched_on_is_switched_off_again() -> None:
    place = new_studio()
    off(place)
    place.api.enabled = True
    assert all_done(apply_to(place, studio(A, B, at=OFF)))
    assert not place.api.enabled


def test_a_switch_that_nobody_declared_is_left_alone() -> None:
    place = new_studio()
    place.api.enabled = False
    wanted = studio(A, at=UNMANAGED)
    assert all_done(apply_to(place, wanted))
    assert not place.api.enabled
    assert row_of(place).keys_enabled is None
    assert look_at(place, wanted).plan.steps == ()


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("to", [ON, OFF], ids=["on", "off"])
def test_a_switch_that_goes_wrong_is_turned_by_the_next_run(to: object, fault: Fault) -> None:
    place = new_studio()
    (off if to is ON else two)(place)
    wanted = studio(A, B, at=ON if to is ON else OFF)
    place.api.fail_next(Action.SWITCH_ALL, fault)
    report = apply_to(place, wanted)
    assert not all_done(report)
    assert Outcome.DONE not in {result.outcome for result in report.results}
    assert all_done(apply_to(place, wanted))
    assert complaints(place, wanted) == []


def test_a_refused_switching_off_is_not_taken_for_somebody_switching_on() -> None:
    place = new_studio()
    two(place)
    place.api.fail_next(Action.SWITCH_ALL, Fault.REFUSED)
    apply_to(place, studio(A, B, at=OFF))
    assert row_of(place).keys_enabled is True
    step = look_at(place, studio(A, B, at=OFF)).plan.steps[0]
    assert str(step.cause) == "config"


def test_no_key_is_made_where_all_could_not_be_switched_on() -> None:
    place = new_studio()
    off(place)
    place.api.fail_next(Action.SWITCH_ALL, Fault.REFUSED)
    told = outcomes(apply_to(place, studio(A, B, C)))
    assert told["crm-c", "create"] is Outcome.SKIPPED
    assert told["providers/agents", "switch_on"] is Outcome.REFUSED
    assert told["providers/agents", "deploy"] is Outcome.SKIPPED


@pytest.mark.parametrize("when", When)
def test_an_interrupted_switching_off_is_no_incident_once_on_is_declared_again(when: When) -> None:
    place = new_studio()
    two(place)
    assert crash(place, studio(A, B, at=OFF), Wire(crash_at="driver.switch_all", when=when))
    assert all_done(apply_to(place, studio(A, B)))
    assert complaints(place, studio(A, B)) == []


def test_a_plan_is_not_carried_out_on_a_switch_that_somebody_turned_meanwhile() -> None:
    place = new_studio()
    two(place)
    wanted = studio(A, B, at=OFF)

    def confirm(_: object) -> bool:
        place.api.enabled = False
        return True

    report = apply_to(place, wanted, confirm=confirm)
    told = {result.step.action: result.outcome for result in report.results}
    assert told[Do.SWITCH_OFF] is Outcome.SKIPPED
    assert all_done(apply_to(place, wanted))
    assert complaints(place, wanted) == []


def test_switching_off_takes_the_approval_of_as_many_keys_as_work_there() -> None:
    place = new_studio()
    two(place)
    few, enough = Approval(allow_revoke=2, attended=True), Approval(allow_revoke=3)
    with pytest.raises(RefusedError, match="3 working keys stop at once, 1 of them not ours"):
        apply_to(place, studio(A, B, at=OFF), approval=few)
    assert place.api.enabled
    assert all_done(apply_to(place, studio(A, B, at=OFF), approval=enough))


def test_a_switch_without_deploys_counts_at_once() -> None:
    place = new_place(traits=TOGGLED)
    on, none = studio(A, at=provider(keys_enabled=True)), studio(A, at=provider(keys_enabled=False))
    assert all_done(apply_to(place, on))
    assert place.works(target("crm-a"))
    report = apply_to(place, none)
    assert [result.step.action for result in report.results] == [Do.SWITCH_OFF]
    assert not place.works(target("crm-a"))
    assert all_done(apply_to(place, replace(none, keys=(A, key("crm-n")))))
    told = apply_to(place, replace(on, keys=(A, key("crm-n")))).results
    assert [result.step.action for result in told] == [Do.SWITCH_ON, Do.VERIFY]
    assert complaints(place, replace(on, keys=(A, key("crm-n")))) == []


def test_a_key_that_is_declared_off_is_not_tried_out_while_all_are_off() -> None:
    place = new_place(traits=TOGGLED)
    none = studio(key("crm-a", enabled=False), at=provider(keys_enabled=False))
    place.api.enabled = False
    assert all_done(apply_to(place, none))
    assert place.row().versions[0].verified_at is None
    assert look_at(place, none).plan.steps == ()
