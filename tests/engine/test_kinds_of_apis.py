"""APIs unlike the first one: marks elsewhere, few slots, fields never told, off for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.capabilities import Marker
from reconciler.core.desired import Desired, OnExternalDisable
from reconciler.core.keys import NAME, After, Attributes, Value
from reconciler.core.ownership import read_mark
from reconciler.core.steps import Action as Do
from reconciler.core.steps import Outcome, Reason
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from reconciler.providers.memory_traits import PLAIN, Off, Traits
from tests.core.builders import DAY, desired, key
from tests.engine.wires import When, Wire
from tests.engine.worlds import (
    Place,
    all_done,
    apply_to,
    complaints,
    crash,
    crash_at,
    look_at,
    new_place,
    outcomes,
)

A, B = key("crm-a", rate_limit=600), key("crm-b")
BOTH = desired(A, B)
FIELD = Traits(marker=Marker.FIELD)
FINAL = Traits(off=Off.FINAL)
TOMBSTONES = Traits(lookup=False, keeps_dead=True)


def actions(place: Place, wanted: Desired) -> list[Do]:
    return [step.action for step in look_at(place, wanted).plan.steps]


def test_a_mark_in_a_field_of_its_own_leaves_the_name_alone() -> None:
    place = new_place(traits=FIELD)
    assert all_done(apply_to(place, BOTH))
    assert sorted(live.name for live in place.api.live()) == ["crm-a", "crm-b"]
    assert all(read_mark(live.marked or "") for live in place.api.live())
    assert complaints(place, BOTH) == []


def test_a_mark_in_a_field_of_its_own_finds_a_lost_create() -> None:
    place = new_place(traits=FIELD, lasting=True)
    place.api.fail_next(Action.CREATE, Fault.LOST_AFTER)
    apply_to(place, desired(A))
    orphan = place.api.live()[0].id
    assert all_done(apply_to(place, desired(A)))
    assert place.api.find(orphan) is None
    assert complaints(place, desired(A)) == []


def test_a_name_that_somebody_changed_is_drift_and_the_mark_still_holds() -> None:
    place = new_place(traits=FIELD)
    apply_to(place, BOTH)
    place.api.change(place.api.live()[0].id, Attributes.of({NAME: "renamed"}))
    assert actions(place, BOTH) == [Do.UPDATE]
    assert all_done(apply_to(place, BOTH))
    assert complaints(place, BOTH) == []


def test_only_as_many_keys_are_made_as_there_are_slots() -> None:
    place = new_place(traits=Traits(capacity=2))
    theirs = place.api.add(Attributes.of({NAME: "theirs"})).key.id
    told = outcomes(apply_to(place, BOTH))
    assert told == {("crm-a", "create"): Outcome.DONE}
    (hold,) = look_at(place, BOTH).plan.steps
    assert hold.reason is Reason.NO_SLOT
    place.api.remove(theirs)
    assert all_done(apply_to(place, BOTH))
    assert complaints(place, BOTH) == []


def test_a_slot_that_a_deletion_frees_is_used_by_the_next_run() -> None:
    place = new_place(traits=Traits(capacity=1))
    apply_to(place, desired(key("crm-a", delete_after=timedelta(0))))
    assert all_done(apply_to(place, desired(B)))
    assert all_done(apply_to(place, desired(B)))
    assert complaints(place, desired(B)) == []


def test_a_slot_that_somebody_took_meanwhile_is_a_refusal_and_no_loss() -> None:
    place = new_place(traits=Traits(capacity=1))

    def confirm(_: object) -> bool:
        place.api.add(Attributes.of({NAME: "theirs"}))
        return True

    report = apply_to(place, desired(B), confirm=confirm)
    assert Outcome.DONE not in {result.outcome for result in report.results}
    assert not place.recorded().intents


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [("rate_limit", 600, 700), ("scopes", ("chat",), ("chat", "files"))],
)
def test_a_field_that_is_never_told_is_set_when_the_manifest_changes_and_else_left(
    field: str, before: Value, after: Value
) -> None:
    place = new_place(traits=Traits(write_only=frozenset({field})))
    first, second = (desired(key("crm-a", also={field: value})) for value in (before, after))
    assert all_done(apply_to(place, first))
    assert actions(place, first) == []
    assert actions(place, second) == [Do.UPDATE]
    assert all_done(apply_to(place, second))
    assert actions(place, second) == []
    assert actions(place, first) == [Do.UPDATE]


@pytest.mark.parametrize("method", ["driver.create", "spool.put", "store.stage"])
@pytest.mark.parametrize("edited", [True, False])
def test_what_was_sent_and_is_never_told_is_remembered_through_a_crash(
    method: str, *, edited: bool
) -> None:
    place = new_place(traits=Traits(write_only=frozenset({"rate_limit"})), lasting=True)
    crash_at(place, desired(A), method)
    wanted = desired(key("crm-a", rate_limit=700)) if edited else desired(A)
    apply_to(place, wanted)
    apply_to(place, wanted)
    assert complaints(place, wanted) == []
    stored = dict(place.row().versions[0].applied)
    assert stored["rate_limit"] == ("700" if edited else "600")


def test_an_expiry_that_is_never_told_is_as_it_was_asked_for() -> None:
    place = new_place(traits=Traits(write_only=frozenset({"expires_at"})))
    wanted = desired(key("crm-a", lifetime=After(90 * DAY)))
    assert all_done(apply_to(place, wanted))
    assert place.row().versions[0].expires_at == place.clock.now() + 90 * DAY
    assert complaints(place, wanted) == []
    longer = desired(key("crm-a", lifetime=After(100 * DAY)))
    assert all_done(apply_to(place, longer))
    assert complaints(place, longer) == []


def test_a_key_that_could_not_be_switched_on_again_is_deleted_at_once() -> None:
    place, wire = new_place(traits=FINAL), Wire()
    apply_to(place, BOTH)
    report = apply_to(place, desired(B), wire=wire)
    assert outcomes(report) == {("crm-a", "delete"): Outcome.DONE}
    assert wire.names.index("driver.disable") < wire.names.index("driver.delete")
    assert complaints(place, desired(B)) == []


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize("method", ["driver.disable", "driver.delete", "driver.get"])
def test_a_deletion_that_began_where_off_is_final_is_finished(method: str, when: When) -> None:
    place = new_place(traits=FINAL, lasting=True)
    apply_to(place, BOTH)
    assert crash(place, desired(B), Wire(crash_at=method, when=when))
    assert all_done(apply_to(place, desired(B)))
    assert complaints(place, desired(B)) == []


def test_a_dead_row_is_confirmed_gone_without_a_look_up() -> None:
    place, wire = new_place(traits=TOMBSTONES), Wire()
    outside = OnExternalDisable.ROTATE
    keys = [replace(key(f"crm-{x}"), on_external_disable=outside) for x in "abcd"]
    apply_to(place, desired(*keys))
    current = place.row("crm-a").current
    assert current is not None
    place.api.remove(current.key_id)
    report = apply_to(place, desired(*keys), wire=wire)
    assert outcomes(report) == {("crm-a", "create"): Outcome.DONE}
    assert "driver.get" not in wire.names
    assert complaints(place, desired(*keys)) == []


def test_a_deleted_key_is_confirmed_gone_in_a_list_that_shows_the_dead() -> None:
    place = new_place(traits=TOMBSTONES)
    apply_to(place, desired(key("crm-a", delete_after=timedelta(0)), B))
    assert all_done(apply_to(place, desired(B)))
    assert complaints(place, desired(B)) == []
    assert len(place.api.dead) == 1


def test_what_else_a_key_reaches_is_said_before_it_is_made() -> None:
    place = new_place(traits=Traits(reach=("north", "south")))
    (step,) = look_at(place, desired(B)).plan.steps
    assert step.sentence == "it does not exist yet; it will also reach north, south"
    assert all_done(apply_to(place, desired(B)))


def test_the_plain_api_is_as_it_was() -> None:
    assert PLAIN.capabilities().marker is Marker.NAME
