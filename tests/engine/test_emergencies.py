"""Revoking at once, cut off at every call of it, and beside a run that is at any of its calls.

Whatever the two do to each other: once the next run is over, nobody gets in with the revoked key,
it is never again the current one, and where a replacement was asked for there is one that works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial

import pytest

from reconciler.core.recorded import Version
from reconciler.core.secret import Secret
from reconciler.engine.emergency import Case, revoke_now
from reconciler.errors import KeywrightError
from tests.core.builders import DAY, desired
from tests.engine.rotation_stories import (
    AGED,
    CHECKED,
    DEPLOYED,
    DEPLOYED_AGE,
    FINAL,
    NEVER,
    TOLD,
    made,
    not_revoked,
    off,
    over,
    story,
)
from tests.engine.rotations import ROTATE, UNDO, A, numbered, rotated
from tests.engine.stories import Story
from tests.engine.studio_stories import new_studio
from tests.engine.wires import Call, Crash, When, Wire
from tests.engine.worlds import Place, apply_to, complaints, new_place, run

FEWEST_MOMENTS = 800
PLAIN: dict[str, Callable[..., Place]] = {
    "a spool that lasts": partial(new_place, lasting=True),
    "no hidden staging, no spool": partial(new_place, hidden_staging=False),
}
STUDIO: dict[str, Callable[..., Place]] = {
    "deployed, a spool that lasts": new_studio,
    "deployed, no hidden staging, no spool": partial(
        new_studio, lasting=False, hidden_staging=False
    ),
}
WORLDS: dict[str, Callable[..., Place]] = {**PLAIN, **STUDIO}
AGE = desired(AGED)
IRREPLACEABLE = (
    "crm-a has no living current version",
    "crm-a: the stored secret is not accepted",
    "still planned: rotate crm-a compromised",
    "the incident of v1 is not settled",
    "v1 was revoked, and is current",
)
"""What is as it should be where the API makes no key that is as the manifest wants it."""
HOLDERS = (
    (story("rotation", partial(made, wanted=AGE, later=91 * DAY), AGE), 1),
    (story("rotation, off is final", made, orders=ROTATE, traits=FINAL), 1),
    (story("rotation, there is no off", made, orders=ROTATE, traits=NEVER), 1),
    (
        story(
            "rotation of which consumers are told", partial(made, wanted=TOLD), TOLD, orders=ROTATE
        ),
        1,
    ),
    (
        story(
            "rotation that comes to nothing", made, CHECKED, orders=ROTATE, tolerated=IRREPLACEABLE
        ),
        1,
    ),
    (story("retirement, the old one", over), 1),
    (story("retirement, the new one", over), 2),
    (story("removal, the old one", over, traits=NEVER), 1),
    (story("removal, the new one", over, traits=NEVER), 2),
    (story("undo, the one that comes back", off, orders=UNDO), 1),
    (story("undo, the one that goes", off, orders=UNDO), 2),
    (story("undo while both work, the one that comes back", rotated, orders=UNDO), 1),
)
DEPLOYED_HOLDERS = (
    (
        story(
            "deployed, rotation", partial(made, wanted=DEPLOYED_AGE, later=91 * DAY), DEPLOYED_AGE
        ),
        1,
    ),
    (story("deployed, removal, the old one", partial(over, wanted=DEPLOYED), DEPLOYED), 1),
    (story("deployed, removal, the new one", partial(over, wanted=DEPLOYED), DEPLOYED), 2),
    (story("deployed, undo", partial(rotated, wanted=DEPLOYED), DEPLOYED, orders=UNDO), 1),
)
CASES = [
    *((story, number, world) for world in PLAIN for story, number in HOLDERS),
    *((story, number, world) for world in STUDIO for story, number in DEPLOYED_HOLDERS),
]
"""A run in each world, and the version that somebody revokes meanwhile."""


@dataclass
class Emergency:
    """One version that is revoked, beside whatever else is going on."""

    place: Place
    story: Story
    number: int
    secret: Secret | None = field(init=False)
    version: Version = field(init=False)
    handed_out: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.version = numbered(self.place.row(), self.number)
        self.secret = self.place.secret_of(self.version)

    async def strike(self, wire: Wire | None = None) -> None:
        """Revoke it at once, and ask for a replacement."""
        version = self.version
        case = Case(address=A, provider=version.provider, number=self.number, key_id=version.key_id)
        world = self.place.world(self.story.wanted, wire)
        await revoke_now(world, (case,), "mara", "it leaked", compromised=True, replace=True)

    def watch(self, call: Call, *forbidden: str) -> None:
        """Note a call that gives the revoked version to somebody."""
        version = self.version
        if call.name not in forbidden:
            return
        told = [getattr(each, "op", each) for each in call.arguments]
        if version.op in told or version.key_id in told:
            self.handed_out.append(f"{call.name} of the revoked version")

    def amiss(self, *, ordered: bool = True) -> list[str]:
        """Run once more, and say what is wrong then."""
        place, wanted = self.place, self.story.wanted
        wire = Wire()
        if ordered:
            wire.on_begin = lambda call: self.watch(call, "store.promote", "driver.enable")
        try:
            apply_to(place, wanted, wire=wire)
        except KeywrightError as error:
            return [str(error)]
        if ordered and self.secret is not None and place.accepts(self.secret):
            return ["the revoked key is accepted"]
        apply_to(place, wanted)  # the version before it goes once its new successor is there
        found = (*complaints(place, wanted), *not_revoked(place))
        tolerated = self.story.tolerated
        return [*self.handed_out, *(what for what in found if not what.startswith(tolerated))]


def begin(story: Story, number: int, world: str) -> Emergency:
    place = WORLDS[world](**story.kind)
    story.begin(place)
    return Emergency(place, story, number)


@cache
def calls_of(story: Story, number: int, world: str) -> int:
    """Count the calls of a run that nobody disturbs."""
    wire = Wire()
    apply_to(begin(story, number, world).place, story.wanted, wire=wire, orders=story.orders)
    return len(wire.calls)


def disturbed(story: Story, number: int, world: str, at: int) -> list[str]:
    """Revoke a version in the middle of a run, let that go on, and run once more."""
    emergency = begin(story, number, world)
    wire = Wire(interlude=emergency.strike, at=at)

    def watch(call: Call) -> None:
        if len(wire.calls) - 1 > at:
            emergency.watch(call, "store.promote")

    wire.on_begin = watch
    try:
        apply_to(emergency.place, story.wanted, wire=wire, orders=story.orders)
    except KeywrightError as error:
        return [f"{at} {wire.calls[at].name}: {error}"]
    return [f"{at} {wire.calls[at].name}: {what}" for what in emergency.amiss()]


@pytest.mark.parametrize(("story", "number", "world"), CASES, ids=str)
def test_whatever_a_run_is_at_the_revoked_key_is_dead_after_the_next_one(
    story: Story, number: int, world: str
) -> None:
    calls = range(calls_of(story, number, world))
    wrong = [what for at in calls for what in disturbed(story, number, world, at)]
    assert not wrong, "\n".join(wrong)


def cut_off(story: Story, number: int, world: str) -> Iterator[str]:
    """Die at every call of revoking, run once more, and give what is wrong."""
    whole = Wire()
    run(begin(story, number, world).strike(whole))
    for at in range(len(whole.calls)):
        for when in When:
            emergency, wire = begin(story, number, world), Wire(crash_at=at, when=when)
            with pytest.raises(Crash):
                run(emergency.strike(wire))
            emergency.place.bury_process()
            ordered = bool(emergency.place.recorded().incidents)
            wrong = emergency.amiss(ordered=ordered)
            yield from (f"{when} {at} {wire.calls[-1].name}: {what}" for what in wrong)


QUIET = [
    *((story, number, world) for world in PLAIN for story, number in HOLDERS if number == 1),
    *((story, number, world) for world in STUDIO for story, number in DEPLOYED_HOLDERS),
]


@pytest.mark.parametrize(("story", "number", "world"), QUIET, ids=str)
def test_whenever_revoking_is_cut_off_the_next_run_goes_on_with_it(
    story: Story, number: int, world: str
) -> None:
    wrong = list(cut_off(story, number, world))
    assert not wrong, "\n".join(wrong)


def test_every_call_of_every_run_is_a_moment() -> None:
    assert sum(calls_of(*case) for case in CASES) > FEWEST_MOMENTS
