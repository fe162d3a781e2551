"""A year of hourly runs: every rotation at the very hour that arithmetic gives, and no outage."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.core.capabilities import Capabilities
from reconciler.core.desired import DesiredKey, Rotation
from reconciler.core.keys import Address, After, Lifetime
from reconciler.core.steps import Action
from reconciler.providers.memory_traits import PLAIN, Off, Traits
from tests.core.builders import DAY, NOW, desired, key, provider
from tests.engine.rotations import HOUR
from tests.engine.worlds import new_place
from tests.engine.years import Fleet, dates, due, hours

YEAR = 8_760
EVERY = 90 * DAY
SHORT = 20 * DAY
MONTHS = 24 * 75


def named(count: int) -> list[Address]:
    return [Address(f"service-{number:03}") for number in range(count)]


def declare(address: Address, rotation: Rotation, lifetime: Lifetime = None) -> DesiredKey:
    return replace(key(address, lifetime=lifetime, delete_after=5 * DAY), rotation=rotation)


def fleet(
    count: int,
    rotation: Rotation,
    *,
    lifetime: Lifetime = None,
    traits: Traits = PLAIN,
    able: Capabilities | None = None,
    at_once: bool = False,
    max_rotations: int | None = None,
) -> Fleet:
    """Declare keys that begin at different hours of the first days."""
    keys = [declare(address, rotation, lifetime) for address in named(count)]
    where = replace(provider(), max_rotations=max_rotations)
    begins = {each.address: NOW + (number * 7 % 73) * HOUR for number, each in enumerate(keys)}
    return Fleet(
        place=new_place(traits=traits, able=able),
        wanted=desired(*keys, providers=(where,)),
        joins={} if at_once else begins,
    )


def expected(
    of: Fleet, life: timedelta, runs: tuple[datetime, ...]
) -> dict[Address, list[datetime]]:
    """Give the dates of all versions of a fleet, by arithmetic alone."""
    return {
        each.address: dates(each.address, of.joins.get(each.address, NOW), life, runs)
        for each in of.wanted.keys
    }


def test_a_year_of_a_hundred_keys() -> None:
    year, runs = fleet(100, Rotation(every=EVERY)), hours(YEAR)
    year.live_through(runs)
    planned = expected(year, EVERY, runs)
    assert year.made() == planned
    rotations = sum(len(each) - 1 for each in planned.values())
    assert year.done[Action.CREATE] == 100
    assert year.done[Action.ROTATE] == rotations >= 400
    for action in (Action.RETIRE, Action.DELETE):
        assert rotations - 100 < year.done[action] <= rotations
    assert year.done.total() == sum(
        year.done[a] for a in (Action.CREATE, Action.ROTATE, Action.RETIRE, Action.DELETE)
    )


def test_before_expiry_counts_for_a_third_of_the_lifetime_at_most() -> None:
    life, runs = 30 * DAY, hours(MONTHS)
    some = fleet(8, Rotation(before_expiry=15 * DAY), lifetime=After(life))
    some.live_through(runs)
    assert some.made() == expected(some, 20 * DAY, runs)


@pytest.mark.parametrize("off", [Off.NEVER, Off.FINAL])
def test_an_api_where_switching_off_is_impossible_or_final(off: Off) -> None:
    runs, some = hours(MONTHS), fleet(8, Rotation(every=SHORT), traits=Traits(off=off))
    some.live_through(runs)
    assert some.made() == expected(some, SHORT, runs)
    assert some.done[Action.RETIRE] == 0
    assert some.done[Action.DELETE] > some.done[Action.ROTATE] - 8


def test_an_api_that_tells_no_last_use() -> None:
    able = replace(PLAIN.capabilities(), tells_last_use=False)
    runs, some = hours(MONTHS), fleet(8, Rotation(every=SHORT), able=able)
    some.live_through(runs)
    assert some.made() == expected(some, SHORT, runs)


def test_a_runner_that_was_down_for_ten_days_makes_nothing_slip_further() -> None:
    ticks = hours(MONTHS)
    runs = tuple(at for at in ticks if not 15 * DAY <= at - NOW < 25 * DAY)
    some = fleet(12, Rotation(every=SHORT))
    some.live_through(runs)
    assert some.made() == expected(some, SHORT, runs)
    assert some.most_at_once > 1


def test_no_more_keys_are_rotated_in_a_run_than_the_manifest_allows() -> None:
    """After ten days without a run nearly all are due: those that were due first go first."""
    most, ticks = 3, hours(24 * 35)
    runs = tuple(at for at in ticks if not 15 * DAY <= at - NOW < 25 * DAY)
    some = fleet(10, Rotation(every=SHORT), at_once=True, max_rotations=most)
    some.live_through(runs)
    dues = {each.address: due(each.address, NOW, SHORT) for each in some.wanted.keys}
    first = bisect_left(runs, NOW + 25 * DAY)
    assert all(NOW + 15 * DAY < at < runs[first] for at in dues.values())
    order = sorted(dues, key=lambda address: (dues[address], address))
    assert some.made() == {
        address: [NOW, runs[first + order.index(address) // most]] for address in order
    }
    assert some.most_at_once == most


@pytest.mark.parametrize("jump", [-2 * DAY, 2 * DAY, 50 * DAY])
def test_a_clock_that_jumps_rotates_nothing_twice(jump: timedelta) -> None:
    """Back, nothing is due again; ahead, what is due is made once, and counts from then on."""
    before, after = hours(24 * 26), hours(24 * 40, NOW + 26 * DAY + jump)
    some = fleet(8, Rotation(every=SHORT), at_once=True)
    some.live_through((*before, *after))
    told = before if jump > timedelta(0) else ()
    runs = (*told, *after) if told else tuple(sorted({*before, *after}))
    assert some.made() == expected(some, SHORT, runs)
