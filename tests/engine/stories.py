"""The stories in which every call is made the last one: a world before, and a manifest to apply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from reconciler.core.desired import Desired
from reconciler.core.keys import After, KeyId
from reconciler.core.orders import NONE, Orders
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from reconciler.stores.memory import Mishap
from tests.core.builders import DAY, desired, key
from tests.engine.worlds import Place, all_done, apply_to, crash_at

A = key("crm-a", rate_limit=600, lifetime=After(90 * DAY))
B = key("crm-b", scopes=("chat",))
BOTH = desired(A, B)


@dataclass(frozen=True)
class Story:
    """`begin` makes the world as it was before the run that will be interrupted.

    `always_works` says that whatever the store publishes has to be accepted at every moment, and
    `lasting` names the versions of each key that have to be, published or not. `orders` are those
    of the interrupted run alone. `kind` is what the world has to be like. `amiss` says what is
    wrong with the world after one more run, beyond what is wrong with any; what begins with one of
    `tolerated` is not.
    """

    name: str
    begin: Callable[[Place], object]
    wanted: Desired
    always_works: bool = True
    lasting: tuple[int, ...] = ()
    orders: Orders = NONE
    kind: Mapping[str, Any] = field(default_factory=dict, hash=False)
    amiss: Callable[[Place], list[str]] = lambda _: []
    tolerated: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def settled(place: Place, before: Desired = BOTH) -> None:
    """Bring a world to where a manifest wants it."""
    assert all_done(apply_to(place, before))
    place.clock.advance(DAY)


def vanish(place: Place, address: str = "crm-a") -> None:
    """Let somebody delete a key at the API."""
    settled(place)
    place.api.remove(_id(place, address))


def switched_off(place: Place) -> None:
    settled(place, desired(key("crm-a", rate_limit=600, enabled=False), B))


def removed(place: Place) -> None:
    """Take a key out of the manifest, so that it is off and waits to be deleted."""
    settled(place)
    settled(place, desired(B))


def delete_due(place: Place) -> None:
    removed(place)
    place.clock.advance(31 * DAY)


def two_due(place: Place) -> None:
    settled(place)
    settled(place, desired())
    place.clock.advance(31 * DAY)


def store_away(place: Place) -> None:
    """Let the store be unavailable once a key has been made."""
    place.store.fail("stage", Mishap.UNAVAILABLE_BEFORE, times=2)


def gone_outside(place: Place) -> None:
    """Take a key out of the manifest that somebody has deleted already."""
    vanish(place)


def half_created(place: Place, method: str) -> None:
    """Let a first run die in the create protocol."""
    crash_at(place, desired(A), method)


def landed_late(place: Place) -> None:
    """Give up a create whose answer was lost and which landed only afterwards."""
    half_created(place, "driver.create")
    lost = place.api.live()[0]
    place.api.remove(lost.id)
    settled(place, BOTH)
    place.api.add(lost.attributes)


def _id(place: Place, address: str) -> KeyId:
    current = place.row(address).current
    assert current is not None
    return current.key_id


def hidden_probe(place: Place) -> None:
    """Let the API take some time until a new key works."""
    place.api.fail_next(Action.VERIFY, Fault.LOST_BEFORE)


AT_ONCE = timedelta(0)
STORIES = (
    Story("create", lambda _: None, BOTH),
    Story("create, slow to work", hidden_probe, BOTH),
    Story(
        "declared disabled",
        lambda _: None,
        desired(key("crm-a", enabled=False), B),
        always_works=False,
    ),
    Story("update", settled, desired(key("crm-a", rate_limit=700, lifetime=After(80 * DAY)), B)),
    Story(
        "disable",
        settled,
        desired(key("crm-a", rate_limit=600, enabled=False), B),
        always_works=False,
    ),
    Story(
        "enable",
        switched_off,
        desired(key("crm-a", rate_limit=600, enabled=True), B),
        always_works=False,
    ),
    Story("retire", settled, desired(B)),
    Story("declared again", removed, BOTH, always_works=False),
    Story("delete", delete_due, desired(B)),
    Story(
        "delete at once",
        partial(settled, before=desired(key("crm-a", delete_after=AT_ONCE), B)),
        desired(B),
    ),
    Story("delete two at once", two_due, desired()),
    Story("vanished", vanish, BOTH, always_works=False),
    Story("the store is away", store_away, BOTH),
    Story("forget", gone_outside, desired(B)),
    Story("resume an announced create", partial(half_created, method="driver.create"), desired(A)),
    Story("resume a spooled create", partial(half_created, method="spool.put"), desired(A)),
    Story("resume an answered create", partial(half_created, method="store.stage"), desired(A)),
    Story("late landing", landed_late, BOTH),
)
