"""A second apply is empty, and a third: whatever the manifest says, and however it is edited."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.desired import Desired, DesiredKey
from reconciler.core.keys import After, At, Attributes, Lifetime, Never, Value
from reconciler.core.steps import Action, Plan
from tests.core.builders import AGENTS, DAY, NOW, desired, key
from tests.engine.worlds import Place, all_done, apply_to, look_at, new_place, outcomes

FAST = settings(database=None, deadline=None, derandomize=True, max_examples=80)
ADDRESSES = ("crm-a", "crm-b", "crm-c")
FIELDS: dict[str, st.SearchStrategy[Value]] = {
    "rate_limit": st.sampled_from([None, 600, 700]),
    "scopes": st.sampled_from([(), ("chat",), ("chat", "files"), ("admin", "chat")]),
    "enabled": st.booleans(),
    AGENTS: st.sampled_from([(), ("a-1",), ("a-1", "a-2")]),
}
LIFETIMES: list[Lifetime] = [None, Never(), After(60 * DAY), After(90 * DAY), At(NOW + 200 * DAY)]


@st.composite
def declared(draw: st.DrawFn, address: str) -> DesiredKey:
    chosen = draw(st.sets(st.sampled_from(sorted(FIELDS))))
    return key(
        address,
        lifetime=draw(st.sampled_from(LIFETIMES)),
        delete_after=draw(st.sampled_from([timedelta(0), 30 * DAY])),
        also={field: draw(FIELDS[field]) for field in sorted(chosen)},
    )


@st.composite
def manifests(draw: st.DrawFn) -> Desired:
    chosen = draw(st.sets(st.sampled_from(ADDRESSES)))
    return desired(*(draw(declared(address)) for address in sorted(chosen)))


def settle(place: Place, wanted: Desired) -> None:
    """Apply twice; the second time there is nothing left to do."""
    first = apply_to(place, wanted)
    assert all_done(first), outcomes(first)
    assert actions(look_at(place, wanted).plan) == []
    assert apply_to(place, wanted).results == []


def actions(plan: Plan) -> list[str]:
    return [f"{step.action} {step.address}: {step.sentence}" for step in plan.actions]


@FAST
@given(wanted=manifests())
def test_a_second_apply_of_any_manifest_is_empty(wanted: Desired) -> None:
    settle(new_place(), wanted)


@FAST
@given(history=st.lists(manifests(), min_size=2, max_size=4), days=st.integers(0, 40))
def test_a_second_apply_after_any_edit_is_empty(history: list[Desired], days: int) -> None:
    place = new_place()
    for wanted in history:
        settle(place, wanted)
        place.clock.advance(days * DAY)


@FAST
@given(history=st.lists(manifests(), min_size=1, max_size=3))
def test_keys_that_are_not_ours_are_never_touched(history: list[Desired]) -> None:
    place = new_place()
    theirs = [place.api.add(Attributes.of({"name": name})).key for name in ADDRESSES]
    for wanted in history:
        apply_to(place, wanted)
        place.clock.advance(31 * DAY)
    assert [place.api.find(live.id) for live in theirs] == theirs


@FAST
@given(wanted=manifests())
def test_every_declared_key_works_unless_it_is_declared_off(wanted: Desired) -> None:
    place = new_place()
    apply_to(place, wanted)
    off = {k.target for k in wanted.keys if k.attributes.get("enabled") is False}
    assert all(place.works(k.target) is (k.target not in off) for k in wanted.keys)


@FAST
@given(before=manifests(), after=manifests(), drift=FIELDS["rate_limit"])
def test_what_somebody_else_changed_is_put_right_in_one_run(
    before: Desired, after: Desired, drift: Value
) -> None:
    place = new_place()
    apply_to(place, before)
    for live in place.api.live():
        place.api.change(live.id, Attributes.of({"rate_limit": drift}))
    seen = look_at(place, after).plan
    settle(place, after)
    assert Action.RECOVER not in {step.action for step in seen.steps}
