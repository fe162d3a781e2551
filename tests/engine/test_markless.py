"""Keys without a name and without a mark: a lost create is found by elimination, or by a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.core.capabilities import Marker
from reconciler.core.keys import NAME, Attributes, KeyId
from reconciler.core.recorded import Intent
from reconciler.core.steps import Action as Do
from reconciler.core.steps import Outcome, Reason, Settlement
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from reconciler.providers.memory_traits import Off, Traits
from tests.core.builders import DAY, desired, key, provider
from tests.engine.wires import Call, Wire
from tests.engine.worlds import (
    Place,
    all_done,
    apply_to,
    complaints,
    crash_at,
    look_at,
    new_place,
    outcomes,
)

BARE = Traits(marker=Marker.NONE, fields=frozenset(), off=Off.NEVER, lookup=False)
LAGGING = Traits(
    marker=Marker.NONE,
    fields=frozenset(),
    off=Off.NEVER,
    lookup=False,
    lag=timedelta(seconds=30),
)
NAMED = Traits(marker=Marker.NONE)
SHARED, EXCLUSIVE = provider(), provider(exclusive=True)
A, B, C = key("crm-a"), key("crm-b"), key("crm-c")
OURS = desired(A, B, C, providers=[EXCLUSIVE])
THEIRS_TOO = desired(A, B, C, providers=[SHARED])


def new_bare(traits: Traits = BARE) -> Place:
    place = new_place(lasting=True, traits=traits)
    place.stranger()
    place.clock.advance(DAY)
    return place


def lose(place: Place, fault: Fault = Fault.LOST_AFTER) -> None:
    """Let the first create get no answer."""
    place.api.fail_next(Action.CREATE, fault)
    apply_to(place, OURS)


def intents_of(wire: Wire) -> list[Intent]:
    written = (call.arguments[0] for call in wire.calls if call.name == "backend.write_row")
    return [row for row in written if isinstance(row, Intent) and row.key_id is None]


def test_an_intent_remembers_which_keys_were_there_before() -> None:
    place, wire = new_bare(), Wire()
    (theirs,) = place.strangers
    apply_to(place, desired(A, providers=[EXCLUSIVE]), wire=wire)
    (intent,) = intents_of(wire)
    assert intent.seen == (theirs,)
    assert intent.name == ""


def test_where_keys_carry_a_mark_nothing_has_to_be_remembered() -> None:
    place, wire = new_place(), Wire()
    place.api.add(Attributes.of({NAME: "theirs"}))
    apply_to(place, desired(A), wire=wire)
    assert [intent.seen for intent in intents_of(wire)] == [()]


def test_keys_are_made_one_at_a_time() -> None:
    place, wire, flying = new_bare(), Wire(), 0
    most = 0

    def begin(call: Call) -> None:
        nonlocal flying, most
        flying += call.name == "driver.create"
        most = max(most, flying)

    def end(call: Call) -> None:
        nonlocal flying
        flying -= call.name == "driver.create"

    wire.on_begin, wire.listener = begin, end
    assert all_done(apply_to(place, OURS, wire=wire))
    assert (most, len(place.ours())) == (1, 3)


def test_after_a_create_without_an_answer_no_other_begins() -> None:
    place = new_bare()
    place.api.fail_next(Action.CREATE, Fault.LOST_AFTER)
    told = outcomes(apply_to(place, OURS))
    assert sorted(told.values()) == [Outcome.SKIPPED, Outcome.SKIPPED, Outcome.UNKNOWN]
    assert place.api.calls.count(Action.CREATE) == 1


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
def test_where_nobody_else_makes_keys_a_lost_one_is_undone_and_made_anew(fault: Fault) -> None:
    place = new_bare()
    lose(place, fault)
    assert all_done(apply_to(place, OURS))
    assert complaints(place, OURS) == []
    assert len(place.ours()) == 3


def test_elsewhere_a_person_is_asked_and_every_suspect_is_named() -> None:
    place = new_bare()
    place.api.fail_next(Action.CREATE, Fault.LOST_AFTER)
    apply_to(place, THEIRS_TOO)
    suspect = next(live for live in place.ours() if live.last_used_at is None)
    other = place.stranger()
    steps = look_at(place, THEIRS_TOO).plan.steps
    (ask,) = [step for step in steps if step.action is Do.HOLD]
    assert ask.settlement is Settlement.ASK
    for ident in (suspect.id, other):
        assert f"{ident} (created 2026-03-02 12:00 UTC, never used)" in ask.sentence
    apply_to(place, THEIRS_TOO)
    assert {suspect.id, other} <= {live.id for live in place.api.live()}


def test_other_keys_go_on_while_a_person_is_asked() -> None:
    place = new_bare()
    place.api.fail_next(Action.CREATE, Fault.LOST_AFTER)
    apply_to(place, THEIRS_TOO)
    report = apply_to(place, THEIRS_TOO)
    assert all_done(report)
    assert len(report.results) == 2


def test_what_a_person_deleted_is_made_anew() -> None:
    place = new_bare()
    place.api.fail_next(Action.CREATE, Fault.LOST_AFTER)
    apply_to(place, THEIRS_TOO)
    (lost,) = place.ours()
    place.api.remove(lost.id)
    assert all_done(apply_to(place, THEIRS_TOO))
    assert complaints(place, THEIRS_TOO) == []


def test_a_key_that_is_used_is_nobodys_lost_one() -> None:
    place = new_bare()
    lose(place, Fault.LOST_BEFORE)
    created = place.api.add(Attributes())
    place.strangers.add(created.key.id)
    assert place.api.use(created.secret)
    assert all_done(apply_to(place, OURS))
    assert place.api.find(created.key.id) is not None
    assert complaints(place, OURS) == []


def test_two_suspects_are_a_matter_for_a_person_even_where_nobody_else_should_make_keys() -> None:
    place = new_bare()
    lose(place)
    extra = place.stranger()
    steps = look_at(place, OURS).plan.steps
    assert Settlement.ASK in {step.settlement for step in steps}
    apply_to(place, OURS)
    assert place.api.find(extra) is not None


def test_a_lost_create_that_was_spooled_is_finished_whoever_else_made_keys() -> None:
    place = new_bare()
    crash_at(place, desired(A, providers=[SHARED]), "spool.put")
    (made,) = place.ours()
    place.stranger()
    wanted = desired(A, providers=[SHARED])
    assert all_done(apply_to(place, wanted))
    assert [live.id for live in place.ours()] == [made.id]
    assert complaints(place, wanted) == []


def test_nothing_is_given_up_before_the_list_can_show_it() -> None:
    place = new_bare(LAGGING)
    lose(place)
    steps = look_at(place, OURS).plan.steps
    assert {step.action for step in steps} == {Do.HOLD}
    assert apply_to(place, OURS).results == []
    place.clock.advance(timedelta(seconds=30))
    report = apply_to(place, OURS)
    assert all_done(report)
    assert len(place.ours()) == 3
    place.clock.advance(timedelta(seconds=30))
    assert complaints(place, OURS) == []


def test_a_key_that_the_list_does_not_show_yet_has_not_vanished() -> None:
    place = new_bare(LAGGING)
    assert all_done(apply_to(place, OURS))
    assert look_at(place, OURS).plan.steps == ()
    assert apply_to(place, OURS).results == []
    place.clock.advance(timedelta(seconds=30))
    assert complaints(place, OURS) == []


def test_a_spooled_secret_outlives_a_list_that_lags() -> None:
    place = new_bare(LAGGING)
    one = desired(A, providers=[EXCLUSIVE])
    crash_at(place, one, "spool.put")
    (made,) = place.ours()
    report = apply_to(place, one)
    assert not all_done(report)
    assert "not listed yet" in report.results[0].sentence
    place.clock.advance(timedelta(seconds=30))
    assert all_done(apply_to(place, one))
    assert [live.id for live in place.ours()] == [made.id]


def land_late(place: Place) -> KeyId:
    """Give a create up whose answer was lost, and let it land an hour later."""
    lose(place, Fault.LOST_BEFORE)
    assert all_done(apply_to(place, OURS))
    place.clock.advance(timedelta(hours=1))
    return place.api.add(Attributes()).key.id


def test_a_late_landing_is_swept_where_nobody_else_makes_keys() -> None:
    place = new_bare()
    late = land_late(place)
    report = apply_to(place, OURS)
    assert [result.step.reason for result in report.results] == [Reason.LATE_LANDING]
    assert place.api.find(late) is None
    assert place.recorded().retired == ()
    assert complaints(place, OURS) == []


def test_elsewhere_a_late_newcomer_is_shown_for_a_day_and_never_deleted() -> None:
    place = new_bare()
    late = land_late(place)
    (hold,) = look_at(place, THEIRS_TOO).plan.steps
    assert (hold.action, str(late) in hold.sentence) == (Do.HOLD, True)
    assert apply_to(place, THEIRS_TOO).results == []
    place.clock.advance(DAY)
    apply_to(place, THEIRS_TOO)
    assert place.recorded().retired == ()
    seen = look_at(place, THEIRS_TOO).plan
    assert seen.steps == ()
    assert late in {each.key_id for each in seen.foreign}
    assert place.api.find(late) is not None


def test_what_was_there_when_a_create_was_given_up_is_no_newcomer() -> None:
    place = new_bare()
    lose(place, Fault.LOST_BEFORE)
    place.clock.advance(timedelta(hours=30))
    theirs = place.stranger()
    place.clock.advance(timedelta(hours=10))
    assert all_done(apply_to(place, OURS))
    assert place.recorded().retired
    assert look_at(place, OURS).plan.steps == ()
    assert place.api.find(theirs) is not None


def test_a_create_that_was_answered_and_is_gone_is_not_watched_for() -> None:
    place = new_bare()
    one = desired(A, providers=[EXCLUSIVE])
    crash_at(place, one, "store.stage")
    place.api.remove(place.ours()[0].id)
    assert all_done(apply_to(place, one))
    assert place.recorded().retired == ()
    assert complaints(place, one) == []


def test_names_without_a_mark_stay_as_they_are_declared() -> None:
    place = new_place(traits=NAMED, lasting=True)
    wanted = desired(A, key("crm-z", name="x" * 120), providers=[EXCLUSIVE])
    assert all_done(apply_to(place, wanted))
    assert sorted(live.name for live in place.api.live()) == ["crm-a", "x" * 100]
    assert complaints(place, wanted) == []
