"""What a run may not do: write while it plans, write what a guard refuses, or do the unseen."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from reconciler.backends.memory import MemoryState
from reconciler.core.desired import Desired, Unmanaged
from reconciler.core.guard import Approval
from reconciler.core.keys import Attributes
from reconciler.engine.run import look
from reconciler.errors import RefusedError, StateMissingError
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from tests.core.builders import DAY, desired, foreign, key, marked, op, provider, target
from tests.engine.wires import When, Wire
from tests.engine.worlds import (
    EVERYTHING,
    NOTHING,
    Place,
    apply_to,
    complaints,
    crash_at,
    look_at,
    new_place,
)

WRITES = frozenset(
    {
        *(f"driver.{m}" for m in ("create", "update", "enable", "disable", "delete", "probe")),
        *(f"store.{m}" for m in ("preflight", "stage", "promote", "retire", "fetch", "verify")),
        *(f"backend.{m}" for m in ("lock", "write_row", "close_intent", "drop_row", "initialise")),
        *(f"spool.{m}" for m in ("put", "take", "drop")),
    }
)
A, B, C, D = (key(f"crm-{letter}", rate_limit=600) for letter in "abcd")
ALL = desired(A, B, C, D)


def plan_only(place: Place) -> Wire:
    """Plan with objects whose writing methods fail the test."""
    wire = Wire(forbidden=WRITES)
    asyncio.run(look(place.world(ALL, wire).outlook(), EVERYTHING))
    return wire


@pytest.mark.parametrize("moment", ["driver.create", "spool.put", "store.stage", "spool.drop"])
def test_plan_writes_nothing_not_even_after_a_crash(moment: str) -> None:
    place = new_place(lasting=True)
    crash_at(place, ALL, moment)
    before = (dict(place.state.rows), place.api.live())
    wire = plan_only(place)
    assert (dict(place.state.rows), place.api.live()) == before
    assert set(wire.names) <= {
        "backend.read",
        "driver.survey",
        "driver.get",
        "store.heads",
        "spool.view",
    }


def test_plan_works_while_another_run_holds_the_lock() -> None:
    place = new_place()
    apply_to(place, ALL)
    crash_at(place, ALL, "backend.lock")
    place.state.held_by = None
    assert look_at(place, ALL).plan.steps == ()


def refused(place: Place, wanted: Desired, approval: Approval = NOTHING) -> tuple[str, ...]:
    """Apply what must be refused, and prove that nothing was written but the lock."""
    wire = Wire(forbidden=WRITES - {"backend.lock"})
    before = place.state.rows.copy()
    with pytest.raises(RefusedError) as caught:
        apply_to(place, wanted, approval=approval, wire=wire)
    assert place.state.rows == before
    assert place.state.held_by is None
    return caught.value.refusals


def test_removing_most_keys_is_refused_before_anything_is_written() -> None:
    place = new_place()
    apply_to(place, ALL)
    (sentence,) = refused(place, desired(A, B))
    assert "2 of 4 keys would be removed" in sentence
    assert len(place.api.live()) == 4
    apply_to(place, desired(A, B), approval=Approval(allow_revoke=2, attended=True))
    assert complaints(place, desired(A, B)) == []


def test_a_wrong_token_is_not_taken_for_deleted_keys() -> None:
    place = new_place()
    apply_to(place, ALL)
    for live in place.api.live():
        place.api.remove(live.id)
    (sentence,) = refused(place, ALL, EVERYTHING)
    assert "4 of 4 recorded keys" in sentence


def test_an_old_copy_of_the_state_is_refused() -> None:
    place = new_place()
    apply_to(place, desired(A, B))
    old = place.state.rows.copy()
    apply_to(place, ALL)
    place.state.rows = old
    (sentence,) = refused(place, ALL, EVERYTHING)
    assert "the state is stale" in sentence


def test_a_provider_that_points_elsewhere_is_refused() -> None:
    place = new_place()
    apply_to(place, ALL)
    elsewhere = replace(ALL, providers=(provider(origin="https://elsewhere"),))
    (sentence,) = refused(place, elsewhere, EVERYTHING)
    assert "changed its origin" in sentence
    place.api.tenant = "another"
    assert "changed its tenant" in refused(place, ALL, EVERYTHING)[0]


def test_without_a_state_nothing_is_even_looked_at() -> None:
    place, wire = new_place(), Wire()
    place.state = MemoryState()
    with pytest.raises(StateMissingError):
        apply_to(place, ALL, wire=wire)
    with pytest.raises(StateMissingError):
        look_at(place, ALL)
    assert wire.names == ["backend.lock"]


def test_all_refusals_are_told_at_once() -> None:
    place = new_place()
    apply_to(place, ALL)
    place.api.tenant = "another"
    place.api.add(Attributes.of({"name": "somebody's"}))
    strict = desired(A, providers=[provider(unmanaged=Unmanaged.FAIL)])
    assert len(refused(place, strict)) == 3


def test_foreign_keys_are_never_touched() -> None:
    place = new_place()
    theirs = [
        place.api.add(Attributes.of({"name": name})).key.id
        for name in ("crm-a", marked("crm-a", op("x"), stack="other-stack"), foreign("x").name)
    ]
    before = [place.api.find(ident) for ident in theirs]
    apply_to(place, ALL)
    apply_to(place, desired(B))
    place.clock.advance(31 * DAY)
    apply_to(place, desired(B))
    assert [place.api.find(ident) for ident in theirs] == before
    assert len(look_at(place, desired(B)).plan.foreign) == 3


def test_an_incomplete_list_holds_creates_and_deletes_and_the_rest_goes_on() -> None:
    place = new_place(providers=("agents", "other"))
    two = [provider(), provider("other")]
    mine = key("crm-o", provider="other")
    apply_to(place, desired(A, providers=two))
    place.api.problem = "page 3 could not be read"
    wanted = desired(B, mine, providers=two)
    report = apply_to(place, wanted)
    assert [str(result.step.address) for result in report.results] == ["crm-o"]
    assert [live.id for live in place.api.live()] == [place.row("crm-a").living[0].key_id]
    place.api.problem = None
    apply_to(place, wanted)
    assert complaints(place, wanted) == []


@pytest.mark.parametrize("when", When)
def test_a_change_that_no_plan_showed_is_not_made_behind_an_interrupted_one(when: When) -> None:
    place = new_place()
    apply_to(place, desired(A, B))
    crash_at(place, desired(key("crm-a", rate_limit=700), B), "driver.update", when)
    hostile = desired(key("crm-a", rate_limit=700, scopes=("admin",)), B)
    report = apply_to(place, hostile)
    assert report.plan is not None
    shown = {d.field for step in report.plan.steps for d in step.differences}
    changed = {d.field for r in report.results for d in r.step.differences}
    assert changed <= shown | {"rate_limit"}


def test_a_removal_that_no_plan_showed_is_not_made_behind_an_interrupted_one() -> None:
    place = new_place()
    apply_to(place, desired(A, B, C, D))
    off = desired(key("crm-a", rate_limit=600, enabled=False), B, C, D)
    crash_at(place, off, "driver.disable", When.BEFORE)
    report = apply_to(place, desired(B, C, D))
    assert report.plan is not None
    shown = {(step.address, step.action) for step in report.plan.steps}
    done = {(r.step.address, r.step.action) for r in report.results}
    assert done <= shown


def test_what_an_outsider_switched_off_stays_off_and_the_rest_goes_on() -> None:
    place = new_place()
    apply_to(place, ALL)
    version = place.row("crm-a").current
    assert version is not None
    place.api.change(version.key_id, Attributes.of({"enabled": False}))
    wanted = desired(A, B, C, key("crm-d", rate_limit=1))
    apply_to(place, wanted)
    assert not place.works(target("crm-a"))
    seen = look_at(place, wanted).plan
    assert [(step.action, step.reason) for step in seen.steps] == [("hold", "disabled_outside")]


def test_a_list_that_cannot_be_read_is_told_to_the_plan_not_raised() -> None:
    place = new_place()
    apply_to(place, ALL)
    place.api.fail_next(Action.LIST, Fault.LOST_BEFORE)
    seen = look_at(place, ALL).plan
    assert not seen.complete
    assert len(seen.holds) == 4
