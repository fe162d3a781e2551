"""Whatever happens to a tenant that is deployed: once it stops, one run or two set it right.

Manifests change, deploys fail and hang, processes die, and somebody else deploys in between.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.desired import Desired
from reconciler.core.steps import Action, Step
from reconciler.errors import RefusedError
from reconciler.providers.memory_projects import Fate
from tests.core.builders import DAY, key, provider
from tests.engine.studio_stories import FIRST, SECOND, begun, new_studio, studio
from tests.engine.wires import Call, Crash, When, Wire
from tests.engine.worlds import Place, all_done, apply_to, complaints, look_at

FAST = settings(database=None, deadline=None, derandomize=True, max_examples=150)
KEYS = tuple(key(address) for address in ("crm-a", "crm-b", "crm-c"))
ORDERS = ((), (FIRST, SECOND), (SECOND, FIRST))


@dataclass(frozen=True)
class Turn:
    """One edit of the manifest, what is done to the tenant before it, and where the run dies."""

    wanted: Desired
    fates: tuple[tuple[str, Fate], ...]
    theirs: tuple[str, ...]
    dies_at: int | None
    when: When


@st.composite
def manifests(draw: st.DrawFn, *, on: bool | None = None) -> Desired:
    chosen = draw(st.sets(st.sampled_from(KEYS), max_size=len(KEYS)))
    enabled = draw(st.booleans()) if on is None else on
    deploy = draw(st.sampled_from(ORDERS))
    at = provider(keys_enabled=enabled, deploy=deploy, exclusive=True)
    return studio(*sorted(chosen, key=lambda k: k.address), at=at)


@st.composite
def turns(draw: st.DrawFn, *, on: bool | None = None) -> Turn:
    projects = st.sampled_from((FIRST, SECOND))
    return Turn(
        wanted=draw(manifests(on=on)),
        fates=tuple(draw(st.lists(st.tuples(projects, st.sampled_from(Fate)), max_size=2))),
        theirs=tuple(draw(st.lists(projects, max_size=1))),
        dies_at=draw(st.one_of(st.none(), st.integers(0, 60))),
        when=draw(st.sampled_from(When)),
    )


def play(place: Place, turn: Turn, wire: Wire) -> None:
    """Let one turn happen, however it ends."""
    for name, fate in turn.fates:
        place.api.projects[name].arm(fate)
    for name in turn.theirs:
        place.api.start(name)
    wire.crash_at, wire.when = turn.dies_at, turn.when
    try:
        apply_to(place, turn.wanted, wire=wire)
    except Crash:
        place.bury_process()
    for project in place.api.projects.values():
        project.go_on()
    place.clock.advance(DAY)


def settle(place: Place, wanted: Desired) -> None:
    """Apply until nothing is left; that takes no more than two runs once nothing goes wrong."""
    for project in place.api.projects.values():
        project._fates.clear()
        project.finish(place.clock.now())
    apply_to(place, wanted)
    apply_to(place, wanted)
    assert complaints(place, wanted) == []
    before = begun(place)
    assert apply_to(place, wanted).results == []
    assert begun(place) == before


@FAST
@given(history=st.lists(turns(), min_size=1, max_size=4), last=manifests(), lasting=st.booleans())
def test_once_nothing_goes_wrong_any_more_all_is_as_declared(
    history: list[Turn], last: Desired, *, lasting: bool
) -> None:
    place = new_studio(lasting=lasting)
    for turn in history:
        play(place, turn, Wire())
    settle(place, last)


@FAST
@given(history=st.lists(turns(on=True), min_size=1, max_size=4), hidden=st.booleans())
def test_what_is_published_is_accepted_by_every_project_at_every_moment(
    history: list[Turn], *, hidden: bool
) -> None:
    place = new_studio(hidden_staging=hidden)
    rejected: list[str] = []

    # A key that left the manifest is being taken away, also from those who declare it again.
    steady = [k for k in KEYS if all(k in turn.wanted.keys for turn in history)]

    def watch(call: Call) -> None:
        for each in steady:
            secret = place.store.consume(each.target)
            if secret is not None and place.api.accepted_by(secret) != place.api.projects.keys():
                rejected.append(f"{call.name}: {each.address}")

    for turn in history:
        play(place, turn, Wire(listener=watch))
    assert rejected == []


@FAST
@given(wanted=manifests(), after=manifests())
def test_any_edit_takes_one_run_and_at_most_two_deploys_of_a_project(
    wanted: Desired, after: Desired
) -> None:
    place = new_studio()
    for edit in (wanted, after):
        before = begun(place)
        assert all_done(apply_to(place, edit))
        assert complaints(place, edit) == []
        assert max(count - before[name] for name, count in begun(place).items()) <= 2


@FAST
@given(history=st.lists(turns(), min_size=1, max_size=3))
def test_a_key_that_is_not_ours_is_never_touched(history: list[Turn]) -> None:
    place = new_studio()
    theirs = [place.api.find(ident) for ident in place.strangers]
    for turn in history:
        play(place, turn, Wire())
    assert [place.api.find(ident) for ident in place.strangers] == theirs


@FAST
@given(history=st.lists(turns(), min_size=1, max_size=3), last=manifests())
def test_apply_does_no_more_than_its_plan_showed(history: list[Turn], last: Desired) -> None:
    place = new_studio()
    for turn in history:
        play(place, turn, Wire())
    try:
        shown = look_at(place, last).plan
        report = apply_to(place, last)
    except RefusedError:
        return
    assert {told(r.step) for r in report.results} <= {told(step) for step in shown.steps}


def told(step: Step) -> tuple[str, Action, tuple[str, ...]]:
    return step.address, step.action, step.projects
