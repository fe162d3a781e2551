"""Secrets that go into a gateway: handed over once, again when they change, and after any crash."""

from __future__ import annotations

import pytest

from reconciler.core.keys import Attributes
from reconciler.core.secret import Secret
from reconciler.core.steps import Action as Does
from reconciler.core.steps import Outcome, Reason
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from tests.core.builders import PROVIDER
from tests.engine.gateways import (
    ADDRESS,
    BY_HAND,
    GATEWAY,
    has,
    place_with,
    provider_key,
    put_by_hand,
    stack,
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


def test_a_declared_key_is_made_and_then_given_to_the_gateway() -> None:
    place, wire = place_with("openai"), Wire()
    wanted = stack(provider_key(adopt=True))
    report = apply_to(place, wanted, wire=wire)
    assert all_done(report)
    assert wire.names.index("driver.create") < wire.names.index("driver.put_upstream")
    assert has(place)
    assert complaints(place, wanted) == []
    assert not look_at(place, wanted).plan.steps


def test_an_upstream_that_is_missing_is_made() -> None:
    place, wanted = place_with(), stack(provider_key(made=True))
    assert all_done(apply_to(place, wanted))
    (upstream,) = place.apis[GATEWAY].upstreams()
    assert upstream.attributes.get("url") == "https://api.example.com"
    assert has(place)
    assert place.recorded().provider_keys[0].made


def test_a_secret_of_somebody_else_is_not_replaced_unless_they_say_so() -> None:
    place = place_with("openai")
    assert apply_to(place, stack(provider_key())).results[0].step.action is Does.CREATE
    assert place.apis[GATEWAY].upstream_has("openai", Secret("theirs"))
    assert look_at(place, stack(provider_key())).plan.holds[0].reason is Reason.NOT_OURS


def test_what_a_person_put_into_a_store_is_given_too_and_again_when_it_changes() -> None:
    place = place_with("openai")
    wanted = stack(provider_key(BY_HAND, of_key=False, adopt=True), keys=False)
    put_by_hand(place, "sk-one")
    assert all_done(apply_to(place, wanted))
    assert has(place, BY_HAND)
    assert apply_to(place, wanted).results == []
    put_by_hand(place, "sk-two")
    assert all_done(apply_to(place, wanted))
    assert place.apis[GATEWAY].upstream_has("openai", Secret("sk-two"))


def test_the_same_value_under_another_version_is_not_sent_again() -> None:
    place = place_with("openai")
    wanted = stack(provider_key(BY_HAND, of_key=False, adopt=True), keys=False)
    put_by_hand(place, "sk-one")
    apply_to(place, wanted)
    put_by_hand(place, "sk-one")
    wire = Wire()
    report = apply_to(place, wanted, wire=wire)
    assert "nothing was sent" in report.results[0].sentence
    assert "driver.put_upstream" not in wire.names
    assert apply_to(place, wanted).results == []


def test_a_key_that_could_not_be_made_leaves_its_gateway_alone() -> None:
    place = place_with("openai")
    place.api.fail_next(Action.CREATE, Fault.REFUSED)
    report = apply_to(place, stack(provider_key(adopt=True)))
    assert outcomes(report)[ADDRESS, Does.PROVIDE] is Outcome.SKIPPED
    assert place.apis[GATEWAY].upstream_has("openai", Secret("theirs"))


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST_BEFORE, Fault.LOST_AFTER])
@pytest.mark.parametrize("made", [True, False])
def test_a_gateway_that_refuses_or_does_not_answer_gets_it_in_the_next_run(
    fault: Fault, *, made: bool
) -> None:
    place = place_with(*(() if made else ("openai",)))
    wanted = stack(provider_key(adopt=not made, made=made))
    place.apis[GATEWAY].fail_next(Action.PUT_UPSTREAM, fault)
    first = outcomes(apply_to(place, wanted))[ADDRESS, Does.PROVIDE]
    assert first is (Outcome.REFUSED if fault is Fault.REFUSED else Outcome.UNKNOWN)
    assert all_done(apply_to(place, wanted))
    assert has(place)
    assert len(place.apis[GATEWAY].upstreams()) == 1
    assert complaints(place, wanted) == []


def test_leaving_the_manifest_leaves_the_gateway_as_it_is() -> None:
    place = place_with("openai")
    apply_to(place, stack(provider_key(adopt=True)))
    report = apply_to(place, stack())
    assert outcomes(report) == {(ADDRESS, Does.FORGET): Outcome.DONE}
    assert has(place)
    assert place.recorded().provider_keys == ()


def test_a_store_that_cannot_be_read_is_told_and_nothing_is_sent() -> None:
    place = new_place(providers=(PROVIDER, GATEWAY), readback=False)
    place.apis[GATEWAY].put_upstream(None, "openai", Attributes(), Secret("theirs"))
    wanted, wire = stack(provider_key(adopt=True)), Wire()
    report = apply_to(place, wanted, wire=wire)
    (result,) = (r for r in report.results if r.step.action is Does.PROVIDE)
    assert result.outcome is Outcome.FAILED
    assert "cannot be read from here" in result.sentence
    assert "driver.put_upstream" not in wire.names


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("when", list(When))
def test_one_run_after_any_crash_the_gateway_has_it(when: When, *, made: bool) -> None:
    wanted = stack(provider_key(adopt=not made, made=made))

    def begin() -> Place:
        return place_with(*(() if made else ("openai",)))

    measured = Wire()
    apply_to(begin(), wanted, wire=measured)
    assert len(measured.calls) > 20
    for number in range(len(measured.calls)):
        place = begin()
        assert crash(place, wanted, Wire(crash_at=number, when=when))
        apply_to(place, wanted)
        assert has(place), number
        assert len(place.apis[GATEWAY].upstreams()) == 1, number
        assert complaints(place, wanted) == [], number
