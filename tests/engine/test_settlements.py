"""How the next run ends what an earlier one began: each settlement, from the crash to the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.desired import Desired
from reconciler.core.keys import After, KeyId, Target
from reconciler.core.secret import Secret
from reconciler.core.steps import Action as Do
from reconciler.core.steps import Outcome, Reason, Settlement
from reconciler.errors import RefusedError
from reconciler.interfaces.driver import KeyDriver, Refused
from reconciler.providers.actions import Action
from reconciler.providers.memory import CAPABILITIES, Fault
from tests.core.builders import DAY, PROVIDER, desired, key, provider, target
from tests.engine.wires import Tap, When, Wire
from tests.engine.worlds import (
    Place,
    all_done,
    apply_to,
    complaints,
    crash_at,
    look_at,
    new_place,
    outcomes,
    run,
)

A = key("crm-a", rate_limit=600, lifetime=After(90 * DAY))
ONE = desired(A)


def settlement(place: Place, wanted: Desired = ONE) -> Settlement | None:
    steps = look_at(place, wanted).plan.steps
    assert {step.address for step in steps} == {"crm-a"}
    assert steps[0].op is not None
    return steps[0].settlement


def lost(place: Place) -> KeyId:
    """Let a create die once its id is durable, and its secret with it."""
    crash_at(place, ONE, "store.stage", When.BEFORE)
    assert not place.spool.lasting
    return place.api.live()[0].id


def test_a_create_that_never_reached_the_api_is_given_up_and_made_anew() -> None:
    place = new_place(lasting=True)
    crash_at(place, ONE, "driver.create", When.BEFORE)
    assert settlement(place) is Settlement.GIVE_UP
    report = apply_to(place, ONE)
    assert outcomes(report)["crm-a", "create"] is Outcome.DONE
    assert len(place.recorded().retired) == 1
    assert complaints(place, ONE) == []


def test_a_key_whose_secret_nobody_has_is_undone_and_made_anew() -> None:
    place = new_place(lasting=True)
    crash_at(place, ONE, "driver.create")
    orphan = place.api.live()[0].id
    assert settlement(place) is Settlement.UNDO
    apply_to(place, ONE)
    assert place.api.find(orphan) is None
    assert complaints(place, ONE) == []


@pytest.mark.parametrize("method", ["spool.put", "store.stage", "store.promote", "driver.probe"])
def test_a_create_whose_secret_rests_in_the_spool_is_finished(method: str) -> None:
    place = new_place(lasting=True)
    crash_at(place, ONE, method)
    made = place.api.live()[0].id
    assert settlement(place) is Settlement.FINISH
    assert all_done(apply_to(place, ONE))
    assert [live.id for live in place.ours()] == [made]
    assert complaints(place, ONE) == []


def test_a_create_whose_secret_reached_the_store_is_published() -> None:
    place = new_place(lasting=False)
    crash_at(place, ONE, "store.stage")
    made = place.api.live()[0].id
    assert settlement(place) is Settlement.PUBLISH
    apply_to(place, ONE)
    assert [live.id for live in place.ours()] == [made]
    assert complaints(place, ONE) == []


def test_publishing_where_the_store_cannot_be_read_keeps_the_expiry_that_was_granted() -> None:
    place = new_place(lasting=False, readback=False)
    crash_at(place, ONE, "store.stage")
    granted = place.api.live()[0].attributes.get("expires_at")
    apply_to(place, ONE)
    version = place.row().current
    assert version is not None
    assert version.expires_at == granted
    assert look_at(place, ONE).plan.steps == ()


def test_publishing_where_the_store_cannot_be_read_replaces_the_version_that_vanished() -> None:
    place = new_place(lasting=False, readback=False)
    apply_to(place, ONE)
    place.api.remove(place.api.live()[0].id)
    crash_at(place, ONE, "store.stage")
    apply_to(place, ONE)
    assert len(place.ours()) == 1
    assert [v.number for v in place.row().living] == [2]
    assert complaints(place, ONE) == []


def test_a_key_whose_secret_is_lost_dies_only_after_its_replacement_works() -> None:
    place, wire = new_place(lasting=False), Wire()
    condemned = lost(place)
    assert settlement(place) is Settlement.CONDEMN
    report = apply_to(place, ONE, wire=wire)
    assert all_done(report)
    assert wire.names.index("store.promote") < wire.names.index("driver.delete")
    assert place.api.find(condemned) is None
    assert complaints(place, ONE) == []


def test_a_lost_key_is_not_kept_for_ever_where_keys_cannot_be_tried_out() -> None:
    place = new_place(able=replace(CAPABILITIES, can_verify=False))
    condemned = lost(place)
    apply_to(place, ONE)
    apply_to(place, ONE)
    held = {step.address for step in look_at(place, ONE).plan.steps}
    assert place.api.find(condemned) is None or "crm-a" in held, "it lives on, and nobody is told"


def test_a_lost_key_that_left_the_manifest_is_deleted_with_the_rest() -> None:
    place = new_place()
    lost(place)
    apply_to(place, desired())
    apply_to(place, desired())
    assert place.ours() == ()
    assert place.recorded().keys == ()


def test_two_versions_of_one_key_can_be_deleted_in_one_run() -> None:
    at_once = desired(replace(A, delete_after=timedelta(0)))
    place = new_place()
    crash_at(place, at_once, "store.stage", When.BEFORE)
    crash_at(place, at_once, "store.retire", When.BEFORE)
    assert len(place.ours()) == 2
    report = apply_to(place, desired())
    assert [result.sentence for result in report.results if result.outcome is Outcome.FAILED] == []
    assert place.ours() == ()


def test_a_create_that_lands_late_is_swept() -> None:
    place = new_place(lasting=True)
    crash_at(place, ONE, "driver.create")
    late = place.api.live()[0]
    place.api.remove(late.id)
    apply_to(place, ONE)
    landed = place.api.add(late.attributes).key.id
    steps = look_at(place, ONE).plan.steps
    assert [(step.action, step.reason) for step in steps] == [(Do.RECOVER, Reason.LATE_LANDING)]
    apply_to(place, ONE)
    assert place.api.find(landed) is None
    assert place.recorded().retired == ()
    assert complaints(place, ONE) == []


def test_a_late_landing_that_cannot_be_swept_yet_is_not_taken_for_a_stale_state() -> None:
    place = new_place(lasting=True)
    crash_at(place, ONE, "driver.create")
    late = place.api.live()[0]
    place.api.remove(late.id)
    apply_to(place, ONE)
    place.api.add(late.attributes)
    place.clock.advance(2 * DAY)
    place.api.fail_next(Action.DELETE, Fault.REFUSED)
    apply_to(place, ONE)
    assert look_at(place, ONE).refusals == ()
    apply_to(place, ONE)
    assert complaints(place, ONE) == []


def test_an_operation_that_can_land_no_more_is_forgotten() -> None:
    place = new_place()
    crash_at(place, ONE, "driver.create", When.BEFORE)
    apply_to(place, ONE)
    place.clock.advance(2 * DAY)
    apply_to(place, ONE)
    assert place.recorded().retired == ()


def test_a_spooled_secret_is_not_thrown_away_because_a_list_lags() -> None:
    place = new_place(lasting=True)
    crash_at(place, ONE, "spool.put")
    made = place.api.live()[0].id
    place.api.hidden.add(made)
    apply_to(place, ONE)
    place.api.hidden.clear()
    apply_to(place, ONE)
    assert [live.id for live in place.ours()] == [made]


def test_an_operation_waits_while_its_provider_cannot_be_read() -> None:
    place = new_place(lasting=True)
    crash_at(place, ONE, "driver.create")
    place.api.problem = "the list ended early"
    assert settlement(place) is Settlement.WAIT
    assert apply_to(place, ONE).results == []
    place.api.problem = None
    apply_to(place, ONE)
    assert complaints(place, ONE) == []


def test_a_key_that_was_used_is_left_for_a_person() -> None:
    place = new_place(lasting=True)
    crash_at(place, ONE, "driver.create")
    secret = place.api.add(place.api.live()[0].attributes).secret
    place.api.remove(place.api.live()[1].id)
    assert place.api.use(secret)
    assert settlement(place) is Settlement.ASK
    assert apply_to(place, ONE).results == []
    assert len(place.api.live()) == 1


def test_a_finished_create_remembers_what_was_sent_and_not_what_is_declared_now() -> None:
    place = new_place(lasting=True)
    crash_at(place, desired(key("crm-a", rate_limit=600)), "spool.put")
    later = desired(key("crm-a", rate_limit=700))
    apply_to(place, later)
    steps = look_at(place, later).plan.steps
    assert [str(step.cause) for step in steps] == ["config"]


def test_two_interrupted_deletions_do_not_look_like_a_wrong_token() -> None:
    place = new_place()
    gone = desired(key("crm-a", delete_after=timedelta(0)), key("crm-b", delete_after=timedelta(0)))
    apply_to(place, gone)
    place.api.fail_next(Action.DELETE, Fault.LOST_AFTER, Fault.LOST_AFTER)
    apply_to(place, desired())
    assert place.ours() == ()
    try:
        apply_to(place, desired())
    except RefusedError as error:
        pytest.fail(str(error))
    assert place.recorded().keys == ()


def test_a_lost_key_at_a_provider_that_left_the_manifest_breaks_nothing() -> None:
    place = new_place(providers=(PROVIDER, "other"))
    lost(place)
    place.api.fail_next(Action.CREATE, Fault.REFUSED)
    apply_to(place, desired(A, providers=[provider(), provider("other")]))
    assert [version.condemned for version in place.row().living] == [True]
    del place.apis[PROVIDER]
    del place.able[PROVIDER]
    report = apply_to(place, desired(providers=[provider("other")]))
    assert not [r.sentence for r in report.results if "internal error" in r.sentence]


class RefusesDeletes(Tap):
    """A key API whose deletion is not allowed to us."""

    def __init__(self, inner: KeyDriver) -> None:
        super().__init__(inner, "driver", Wire())

    async def delete(self, key_id: KeyId) -> Refused:
        return Refused(f"no right to delete {key_id}", 403)


def test_an_undo_that_is_refused_stays_open_and_says_so() -> None:
    place = new_place(lasting=True)
    crash_at(place, ONE, "driver.create")
    place.dress = RefusesDeletes  # type: ignore[assignment]  # passes the rest of a driver on
    report = apply_to(place, ONE)
    assert [result.outcome for result in report.results] == [Outcome.FAILED, Outcome.SKIPPED]
    assert "no right to delete" in report.results[0].sentence
    assert len(place.recorded().intents) == 1


def test_a_spool_that_holds_another_keys_secret_is_not_believed() -> None:
    place = new_place(lasting=True)
    crash_at(place, ONE, "store.stage", When.BEFORE)
    op = place.recorded().intents[0].op
    run(place.spool.put(op, KeyId("another"), Secret("not this one")))
    report = apply_to(place, ONE)
    assert [result.outcome for result in report.results] == [Outcome.FAILED]
    assert place.store.consume(slot()) is None


def slot() -> Target:
    return target("crm-a")
