"""Gateways that others change, and sources that change: what is in use is never taken away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.desired import Desired, DesiredKey
from reconciler.core.keys import Attributes
from reconciler.core.secret import Secret
from reconciler.core.steps import Action as Does
from reconciler.core.steps import Outcome, Plan, Reason
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from tests.core.builders import key
from tests.engine.gateways import (
    ADDRESS,
    BY_HAND,
    GATEWAY,
    A,
    has,
    place_with,
    provider_key,
    put_by_hand,
    stack,
)
from tests.engine.wires import When, Wire
from tests.engine.worlds import Place, all_done, apply_to, complaints, crash, look_at, outcomes

B = key("crm-b")


def with_keys(whole: Desired, *keys: DesiredKey) -> Desired:
    return replace(whole, keys=keys)


def test_an_upstream_that_somebody_made_anew_is_not_taken_for_ours() -> None:
    place, wanted = place_with("openai"), stack(provider_key(adopt=True))
    apply_to(place, wanted)
    make_anew(place)
    careful = stack(provider_key())
    assert look_at(place, careful).plan.holds[0].reason is Reason.NOT_OURS
    assert all_done(apply_to(place, wanted))
    assert has(place)
    assert not look_at(place, wanted).plan.steps


@pytest.mark.parametrize("when", list(When))
def test_one_run_after_any_crash_an_upstream_that_was_deleted_is_there_again(when: When) -> None:
    wanted = stack(provider_key(made=True))

    def begin() -> Place:
        place = place_with()
        apply_to(place, wanted)
        place.apis[GATEWAY].drop_upstream("openai")
        return place

    measured = Wire()
    apply_to(begin(), wanted, wire=measured)
    for number in range(len(measured.calls)):
        place = begin()
        assert crash(place, wanted, Wire(crash_at=number, when=when))
        apply_to(place, wanted)
        assert has(place), number
        assert place.recorded().provider_keys[0].made, number
        assert not look_at(place, wanted).plan.steps, number


@pytest.mark.parametrize("when", list(When))
def test_one_run_after_any_crash_another_upstream_has_it(when: When) -> None:
    first = stack(provider_key(made=True))
    moved = stack(replace(provider_key(made=True), upstream="other"))

    def begin() -> Place:
        place = place_with()
        apply_to(place, first)
        return place

    measured = Wire()
    apply_to(begin(), moved, wire=measured)
    for number in range(len(measured.calls)):
        place = begin()
        assert crash(place, moved, Wire(crash_at=number, when=when))
        apply_to(place, moved)
        assert len(place.apis[GATEWAY].upstreams()) == 2, number
        assert not look_at(place, moved).plan.steps, number


def test_an_upstream_that_was_renamed_is_told_and_not_made_twice() -> None:
    place, wanted = place_with(), stack(provider_key(made=True))
    apply_to(place, wanted)
    other = stack(replace(provider_key(made=True), upstream="renamed"))
    place.apis[GATEWAY].rename_upstream("openai", "renamed")
    (hold,) = look_at(place, wanted).plan.holds
    assert hold.reason is Reason.ASK
    assert "is named 'renamed'" in hold.sentence
    assert all_done(apply_to(place, other))
    assert len(place.apis[GATEWAY].upstreams()) == 1
    assert not look_at(place, other).plan.steps


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST_BEFORE])
def test_a_key_that_a_gateway_used_stays_until_it_got_the_next_one(fault: Fault) -> None:
    place = place_with("openai")
    apply_to(place, stack(provider_key(adopt=True)))
    wanted = with_keys(stack(provider_key(B.target, adopt=True)), B)
    wanted = replace(wanted, provider_keys=(replace(wanted.provider_keys[0], of_key=B.address),))
    place.apis[GATEWAY].fail_next(Action.PUT_UPSTREAM, fault)
    report = apply_to(place, wanted)
    assert outcomes(report)[str(A.address), Does.RETIRE] is Outcome.SKIPPED
    assert place.works(A.target)
    apply_to(place, wanted)
    assert has(place, B.target)


def test_a_key_that_a_gateway_used_stays_while_that_is_held() -> None:
    place = place_with("openai")
    apply_to(place, stack(provider_key(adopt=True)))
    wanted = with_keys(stack(provider_key(BY_HAND, of_key=False, adopt=True)))
    plan = look_at(place, wanted).plan
    assert {step.action for step in plan.steps} == {Does.HOLD}


def test_a_removal_waits_where_the_gateway_changed_after_the_plan_was_shown() -> None:
    place = place_with("openai")
    apply_to(place, stack(provider_key(adopt=True)))
    put_by_hand(place, "sk-one")
    wanted = with_keys(stack(provider_key(BY_HAND, of_key=False, adopt=True)))

    def think(_: Plan) -> bool:
        put_by_hand(place, "sk-two")
        return True

    found = outcomes(apply_to(place, wanted, confirm=think))
    assert found[ADDRESS, Does.PROVIDE] is Outcome.SKIPPED
    assert found[str(A.address), Does.RETIRE] is Outcome.SKIPPED
    assert place.works(A.target)
    apply_to(place, wanted)
    assert place.apis[GATEWAY].upstream_has("openai", Secret("sk-two"))


def test_what_lies_in_the_slot_of_a_key_that_is_not_there_is_not_given_away() -> None:
    place = place_with("openai")
    put_by_hand(place, "sk-stray", A.target)
    report = apply_to(place, stack(provider_key(adopt=True)))
    assert not any(result.outcome is Outcome.DONE for result in report.results)
    assert place.apis[GATEWAY].upstream_has("openai", Secret("theirs"))
    wanted = stack(provider_key(adopt=True), keys=False)
    assert look_at(place, wanted).plan.holds[0].reason is Reason.SECRET_MISSING


def test_another_source_with_the_same_value_is_recorded() -> None:
    place = place_with("openai")
    put_by_hand(place, "sk-one")
    first = stack(provider_key(BY_HAND, of_key=False, adopt=True), keys=False)
    apply_to(place, first)
    other = replace(BY_HAND, path="openai/other")
    put_by_hand(place, "sk-one", other)
    wanted = stack(provider_key(other, of_key=False, adopt=True), keys=False)
    assert all_done(apply_to(place, wanted))
    assert place.recorded().provider_keys[0].source == other
    assert complaints(place, wanted) == []
    assert not look_at(place, wanted).plan.steps


def make_anew(place: Place) -> None:
    place.apis[GATEWAY].drop_upstream("openai")
    place.apis[GATEWAY].put_upstream(None, "openai", Attributes(), Secret("theirs again"))
