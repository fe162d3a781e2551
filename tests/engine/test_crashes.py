"""Dying before and after every single call, in every story, and then running once more.

The points are found by running, not listed by hand: an effect that nobody thought of is a point of
its own. After one more run everything is as the manifest says, and a second plan is empty.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from reconciler.core.keys import Target
from reconciler.errors import KeywrightError
from reconciler.interfaces.backend import Backend
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import KeyDriver
from reconciler.interfaces.ids import Ids
from reconciler.interfaces.reporter import Reporter
from reconciler.interfaces.spool import Spool
from reconciler.interfaces.store import Store
from tests.engine.gateways import place_with, provider_key, stack
from tests.engine.stories import STORIES, Story
from tests.engine.studio_stories import STUDIO_STORIES, STUDIO_WORLDS
from tests.engine.wires import Call, When, Wire
from tests.engine.worlds import Place, apply_to, complaints, crash, new_place, run

FEWEST_POINTS = 9000
PLAIN_WORLDS = {
    "the spool outlives the process": partial(new_place, lasting=True),
    "the spool is lost": partial(new_place, lasting=False),
    "writing is publishing, the spool lasts": partial(
        new_place, lasting=True, hidden_staging=False
    ),
    "writing is publishing, the spool is lost": partial(
        new_place, lasting=False, hidden_staging=False
    ),
    "a write-only store, the spool is lost": partial(new_place, lasting=False, readback=False),
}
WORLDS: dict[str, Callable[[], Place]] = {**PLAIN_WORLDS, **STUDIO_WORLDS}
CASES = [
    *((story, world) for world in PLAIN_WORLDS for story in STORIES),
    *((story, world) for world in STUDIO_WORLDS for story in STUDIO_STORIES),
]
"""Each story in each of the worlds that it is about."""
LASTING = [
    *((story, next(iter(PLAIN_WORLDS))) for story in STORIES),
    *((story, next(iter(STUDIO_WORLDS))) for story in STUDIO_STORIES),
]
NOT_THE_ENGINES = {
    "backend.read_meta": "only what is asked before a plan reads it",
    "backend.initialise": "only `init` makes a state",
    "backend.close": "whoever opened it closes it",
    "driver.close": "whoever opened it closes it",
    "driver.audit": "only `dialect test` reads an API's log so far",
}
THINGS = {
    "driver": KeyDriver,
    "store": Store,
    "backend": Backend,
    "spool": Spool,
    "clock": Clock,
    "ids": Ids,
    "reporter": Reporter,
}


def begin(story: Story, world: str) -> Place:
    place = WORLDS[world]()
    story.begin(place)
    return place


def points(story: Story, world: str) -> Iterator[tuple[int, When]]:
    wire = Wire()
    apply_to(begin(story, world), story.wanted, wire=wire)
    for number in range(len(wire.calls)):
        for when in When:
            yield number, when


def again(place: Place, story: Story) -> list[str]:
    """Run once more, looking all the while whether what consumers read is accepted."""
    dead: list[str] = []
    monitor = Wire()

    def watch(call: Call) -> None:
        dead.extend(f"{call.name} with a dead secret of {a}" for a in dead_secrets(place, story))

    monitor.listener = watch
    try:
        apply_to(place, story.wanted, wire=monitor)
    except KeywrightError as error:
        return [str(error)]
    return dead + complaints(place, story.wanted)


def dead_secrets(place: Place, story: Story) -> list[str]:
    if not story.always_works:
        return []
    targets = [key.target for key in story.wanted.keys]
    return [
        str(slot)
        for slot in targets
        if place.store.consume(slot) is not None and not works_everywhere(place, slot)
    ]


def works_everywhere(place: Place, slot: Target) -> bool:
    """Whether what a slot publishes is accepted, in every project where there are projects."""
    secret = place.store.consume(slot)
    projects = place.api.projects.keys()
    if secret is None or not projects:
        return place.works(slot)
    return place.api.accepted_by(secret) == projects


@pytest.mark.parametrize(("story", "world"), CASES, ids=str)
def test_one_run_after_any_crash_everything_is_well(story: Story, world: str) -> None:
    wrong = []
    for number, when in points(story, world):
        place = begin(story, world)
        wire = Wire(crash_at=number, when=when)
        assert crash(place, story.wanted, wire)
        wrong += [f"{when} {number} {wire.calls[-1].name}: {what}" for what in again(place, story)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("story", "world"), LASTING, ids=str)
def test_one_run_after_any_crash_no_secret_rests_in_the_spool(story: Story, world: str) -> None:
    left = []
    for number, when in points(story, world):
        place = begin(story, world)
        wire = Wire(crash_at=number, when=when)
        crash(place, story.wanted, wire)
        again(place, story)
        left += [f"{when} {wire.calls[-1].name}: {op}" for op in run(place.spool.view()).ops]
    assert not left, "\n".join(left)


def test_every_call_of_every_story_is_a_point() -> None:
    total = sum(1 for story, world in CASES for _ in points(story, world))
    assert total > FEWEST_POINTS


def test_every_effect_of_every_interface_is_reached() -> None:
    wire = Wire()
    for story, world in CASES:
        apply_to(begin(story, world), story.wanted, wire=wire)
    apply_to(place_with("openai"), stack(provider_key(adopt=True)), wire=wire)
    declared = {
        f"{thing}.{method}" for thing, protocol in THINGS.items() for method in _methods(protocol)
    }
    assert declared - wire.reached == set(NOT_THE_ENGINES)


def _methods(protocol: type) -> set[str]:
    return {
        name
        for kind in protocol.__mro__
        for name, value in vars(kind).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
    }
