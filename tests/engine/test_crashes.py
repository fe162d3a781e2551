"""Dying before and after every single call, in every story, and then running once more.

The points are found by running, not listed by hand: an effect that nobody thought of is a point of
its own. After one more run everything is as the manifest says, and a second plan is empty.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import product

import pytest

from reconciler.core.keys import Target
from reconciler.errors import KeywrightError
from reconciler.interfaces.backend import Backend
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import KeyDriver
from reconciler.interfaces.ids import Ids
from reconciler.interfaces.notifier import Notifier
from reconciler.interfaces.reporter import Reporter
from reconciler.interfaces.spool import Spool
from reconciler.interfaces.store import Store
from tests.engine.gateways import place_with, provider_key, stack
from tests.engine.rotation_stories import (
    DEPLOYED_ENDINGS,
    DEPLOYED_STORIES,
    ENDINGS,
    MINTING,
)
from tests.engine.stories import STORIES, Story
from tests.engine.studio_stories import STUDIO_STORIES, STUDIO_WORLDS
from tests.engine.wires import Call, When, Wire
from tests.engine.worlds import Place, apply_to, complaints, crash, new_place

FEWEST_POINTS = 20000
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
SOME_PLAIN_WORLDS = tuple(PLAIN_WORLDS)[::2]
SOME_STUDIO_WORLDS = tuple(STUDIO_WORLDS)[::2]
"""Without one of the two spools, which is no matter where nothing is made."""
CASES = [
    *((story, world) for world in PLAIN_WORLDS for story in STORIES),
    *((story, world) for world in STUDIO_WORLDS for story in STUDIO_STORIES),
    *((story, world) for world in PLAIN_WORLDS for story in MINTING),
    *((story, world) for world in SOME_PLAIN_WORLDS for story in ENDINGS),
    *((story, world) for world in STUDIO_WORLDS for story in DEPLOYED_STORIES),
    *((story, world) for world in SOME_STUDIO_WORLDS for story in DEPLOYED_ENDINGS),
]
"""Each story in each of the worlds that it is about."""
NOT_THE_ENGINES = {
    "backend.read_meta": "only what is asked before a plan reads it",
    "backend.initialise": "only `init` makes a state",
    "backend.close": "whoever opened it closes it",
    "driver.close": "whoever opened it closes it",
    "driver.audit": "only an emergency reads an API's log",
}
THINGS = {
    "driver": KeyDriver,
    "store": Store,
    "backend": Backend,
    "spool": Spool,
    "clock": Clock,
    "ids": Ids,
    "reporter": Reporter,
    "notifier": Notifier,
}


def begin(story: Story, world: str) -> Place:
    place = WORLDS[world](**story.kind)
    story.begin(place)
    return place


@cache
def calls_of(story: Story, world: str) -> int:
    """Count the calls of a whole run."""
    wire = Wire()
    apply_to(begin(story, world), story.wanted, wire=wire, orders=story.orders)
    return len(wire.calls)


def points(story: Story, world: str) -> Iterator[tuple[int, When]]:
    return product(range(calls_of(story, world)), When)


@dataclass
class Watch:
    """Looks after every call whether what consumers read is accepted, and what they read before."""

    place: Place
    story: Story
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        found = (
            (version, self.place.secret_of(version))
            for row in self.place.recorded().keys
            for version in row.living
            if version.number in self.story.lasting
        )
        self.old = [(version.number, secret) for version, secret in found if secret is not None]

    def __call__(self, call: Call) -> None:
        dead = dead_secrets(self.place, self.story)
        self.seen += [f"{call.name} with a dead secret of {slot}" for slot in dead]
        self.seen += [
            f"{call.name} while v{number} works no more"
            for number, secret in self.old
            if not self.place.accepts(secret)
        ]


def interrupted(story: Story, world: str, number: int, when: When) -> list[str]:
    """Die at one point, run once more, and say what is wrong, at any moment and at the end."""
    place = begin(story, world)
    watch = Watch(place, story)
    wire = Wire(crash_at=number, when=when, listener=watch)
    assert crash(place, story.wanted, wire, story.orders)
    return [f"{when} {number} {wire.calls[-1].name}: {what}" for what in again(place, watch)]


def again(place: Place, watch: Watch) -> list[str]:
    """Run once more, looking all the while."""
    story = watch.story
    try:
        apply_to(place, story.wanted, wire=Wire(listener=watch))
    except KeywrightError as error:
        return [*watch.seen, str(error)]
    found = (*complaints(place, story.wanted), *story.amiss(place))
    return [*watch.seen, *(what for what in found if not what.startswith(story.tolerated))]


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
    wrong = [
        what
        for number, when in points(story, world)
        for what in interrupted(story, world, number, when)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_call_of_every_story_is_a_point() -> None:
    total = len(When) * sum(calls_of(story, world) for story, world in CASES)
    assert total > FEWEST_POINTS


def test_every_effect_of_every_interface_is_reached() -> None:
    wire = Wire()
    for story, world in CASES:
        apply_to(begin(story, world), story.wanted, wire=wire, orders=story.orders)
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
