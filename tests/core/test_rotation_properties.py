"""What holds of every rotation, whatever the spans and the moments are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.desired import DesiredKey, Rotation
from reconciler.core.keys import EXPIRES_AT, Address, After, At, Lifetime, Stage
from reconciler.core.observed import LiveKey, Observed
from reconciler.core.plan import make_plan
from reconciler.core.recorded import Recorded, Version
from reconciler.core.rotation import LARGEST_MARGIN, SPREAD, due, spread
from reconciler.core.steps import MINTS, REMOVALS, Action, Plan
from tests.core import builders
from tests.core.builders import ABLE_ALL, NOW, STACK

Thing = TypeVar("Thing")
FAST = settings(database=None, deadline=None, derandomize=True, max_examples=300)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
YEARS = timedelta(days=4000)

spans = st.timedeltas(HOUR, YEARS)
moments = st.timedeltas(-YEARS, YEARS).map(lambda span: NOW + span)
names = st.sampled_from(["crm", "erp", "bot", "mail", "shop", "crm-a", "crm-b"])


@dataclass(frozen=True)
class World:
    """Keys with one or two versions each, as they might be found in an overlap."""

    keys: tuple[DesiredKey, ...]
    recorded: Recorded
    observed: Observed

    def plan(self, now: datetime) -> Plan:
        """Plan it at a moment."""
        return make_plan(builders.desired(*self.keys), self.observed, self.recorded, ABLE_ALL, now)


rotations = st.builds(
    Rotation,
    every=st.none() | spans,
    before_expiry=st.none() | spans,
    overlap=st.timedeltas(timedelta(0), timedelta(days=30)),
    idle=st.timedeltas(timedelta(0), timedelta(days=3)),
    hold_at_most=st.none() | st.timedeltas(timedelta(0), timedelta(days=30)),
)


def a_key(address: str, rotation: Rotation, lifetime: Lifetime = None) -> DesiredKey:
    return replace(builders.key(address, lifetime=lifetime), rotation=rotation)


def made(address: str, number: int, at: datetime, **changes: object) -> Version:
    born = builders.version(address, number, created_at=at)
    return replace(born, promoted_at=at, **changes)  # type: ignore[arg-type]  # by name


def shown(version: Version, address: str, used: datetime | None = None) -> LiveKey:
    live = builders.live(address, version.number, name=builders.marked(address, version.op))
    fields = live.attributes.merge({EXPIRES_AT: version.expires_at})
    return replace(live, attributes=fields, last_used_at=used)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any keys in their overlap, around NOW; beside them a key of somebody else."""
    keys, rows, lives, heads = [], [], [], []
    for address in sorted(draw(st.sets(names, min_size=1, max_size=4))):
        key = a_key(address, draw(rotations))
        near = st.timedeltas(-timedelta(days=9), timedelta(days=9))
        old = made(
            address,
            1,
            NOW - timedelta(days=200),
            stage=Stage.RETIRING,
            overlap=key.rotation.overlap,
            retire_at=NOW + draw(near),
        )
        new = made(address, 2, NOW - draw(st.timedeltas(timedelta(0), timedelta(days=100))))
        used = draw(st.none() | near.map(lambda span: NOW - abs(span)))
        beside = draw(st.booleans())
        versions = (old, new) if beside else (new,)
        keys.append(key)
        rows.append(builders.row(address, *versions))
        lives += [shown(each, address, used if each is old else NOW) for each in versions]
        heads.append(builders.head(address, 2, (1,) if beside else ()))
    stranger = builders.foreign("crm", "foreign-1")
    view = builders.view(*lives, stranger)
    return World(tuple(keys), builders.recorded(*rows), builders.observed(view, heads=heads))


@FAST
@given(address=names, every=spans, born=moments)
def test_a_key_is_never_due_later_than_its_age_nor_a_tenth_earlier(
    address: str, every: timedelta, born: datetime
) -> None:
    found = due(a_key(address, Rotation(every=every)), made(address, 1, born), None, STACK)
    assert found is not None
    assert born + every * (1 - SPREAD) - SECOND <= found.at <= born + every


@FAST
@given(address=names, rotation=rotations, life=spans, born=moments)
def test_a_key_is_due_before_it_ends_and_after_more_than_half_of_its_life(
    address: str, rotation: Rotation, life: timedelta, born: datetime
) -> None:
    key = a_key(address, replace(rotation, every=None), After(life))
    found = due(key, made(address, 1, born), born + life, STACK)
    if rotation.before_expiry is None:
        assert found is None
        return
    assert found is not None
    longest = life - min(rotation.before_expiry, life / LARGEST_MARGIN)
    assert born + longest * (1 - SPREAD) - SECOND <= found.at <= born + longest < born + life
    assert found.at > born + life / 2


@FAST
@given(address=names, before=spans, born=moments, life=spans)
def test_an_absolute_date_never_makes_a_key_due(
    address: str, before: timedelta, born: datetime, life: timedelta
) -> None:
    key = a_key(address, Rotation(before_expiry=before), At(born + life))
    assert due(key, made(address, 1, born), born + life, STACK) is None


@FAST
@given(address=names, rotation=rotations, life=spans | st.none(), born=moments)
def test_a_version_that_was_just_made_is_never_due(
    address: str, rotation: Rotation, life: timedelta | None, born: datetime
) -> None:
    ends = born + life if life else None
    key = a_key(address, rotation, After(life) if life else None)
    found = due(key, made(address, 1, born), ends, STACK)
    assert found is None or found.at > born
    assert found == due(key, made(address, 1, born), ends, STACK)


@FAST
@given(address=names, stack=st.text(min_size=1, max_size=20))
def test_the_share_of_the_spread_is_a_share(address: str, stack: str) -> None:
    share = spread(stack, Address(address))
    assert 0 <= share < 1
    assert share == spread(stack, Address(address))


@FAST
@given(world=worlds())
def test_nothing_is_retired_before_its_time_nor_while_it_is_used(world: World) -> None:
    rows = {row.address: row for row in world.recorded.keys}
    keys = {key.address: key for key in world.keys}
    live = {each.id: each for view in world.observed.providers for each in view.keys}
    for step in world.plan(NOW).steps:
        if step.action not in REMOVALS:
            continue
        rotation = keys[step.address].rotation
        old = next(v for v in rows[step.address].living if v.number == step.number)
        assert old.stage is Stage.RETIRING
        assert old.retire_at is not None
        assert old.retire_at <= NOW
        given_up = rotation.hold_at_most
        if given_up is not None and old.retire_at + given_up <= NOW:
            continue
        used = live[old.key_id].last_used_at
        assert used is None or used + rotation.idle <= NOW


@FAST
@given(world=worlds())
def test_no_key_of_others_is_ever_named(world: World) -> None:
    assert all(step.key_id != "foreign-1" for step in world.plan(NOW).steps)


@FAST
@given(world=worlds(), seed=st.integers(0, 99))
def test_the_order_of_what_was_found_does_not_matter(world: World, seed: int) -> None:
    def mixed(things: tuple[Thing, ...]) -> tuple[Thing, ...]:
        return tuple(Random(seed).sample(things, len(things)))

    (view,), (store,) = world.observed.providers, world.observed.stores
    other = World(
        mixed(world.keys),
        replace(world.recorded, keys=mixed(world.recorded.keys)),
        replace(
            world.observed,
            providers=(replace(view, keys=mixed(view.keys)),),
            stores=(replace(store, heads=mixed(store.heads)),),
        ),
    )
    assert other.plan(NOW) == world.plan(NOW)


@FAST
@given(world=worlds())
def test_a_key_has_one_new_version_at_most_in_a_plan(world: World) -> None:
    found = [step.address for step in world.plan(NOW).steps if step.action in MINTS]
    assert len(set(found)) == len(found)


@FAST
@given(
    address=names,
    rotation=rotations,
    life=spans | st.none(),
    later=st.timedeltas(timedelta(0), YEARS),
)
def test_after_a_rotation_there_is_nothing_to_rotate(
    address: str, rotation: Rotation, life: timedelta | None, later: timedelta
) -> None:
    """What a rotation leaves behind is planned at the very moment that it was done."""
    now = NOW + later
    key = a_key(address, rotation, After(life) if life else None)
    granted = {"lifetime": life, "expires_at": now + life if life else None}
    old = made(
        address,
        1,
        NOW - timedelta(days=200),
        stage=Stage.RETIRING,
        overlap=rotation.overlap,
        retire_at=now + rotation.overlap,
    )
    new = made(address, 2, now, **granted)
    view = builders.view(shown(old, address), shown(new, address))
    observed = builders.observed(view, heads=[builders.head(address, 2, (1,))])
    world = World((key,), builders.recorded(builders.row(address, old, new)), observed)
    plan = world.plan(now)
    assert not [step for step in plan.steps if step.action in {*MINTS, Action.UPDATE}]
    if rotation.overlap:
        assert plan.steps == ()
