"""What every driver must do: one suite, run on the one in memory and on real sockets."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar
from uuid import uuid4

import pytest

from reconciler.core.desired import Call
from reconciler.core.keys import (
    ENABLED,
    EXPIRES_AT,
    NAME,
    RATE_LIMIT,
    SCOPES,
    Attributes,
    KeyId,
    OpId,
    Value,
)
from reconciler.core.observed import LiveKey, LiveStatus, ProviderView
from reconciler.core.secret import Secret
from reconciler.interfaces.driver import Created, Done, KeyDriver, Outcome, Probe, Refused, Said
from tests.providers.worlds import FOR_PEOPLE, WORLDS, Work, World

AGENTS = "options.agent_ids"
OP = OpId("0" * 32)
MARK = "kw-000000-00000000"
T = TypeVar("T")
FAR = datetime(2031, 2, 11, 13, 14, 15, 123456, tzinfo=UTC)
PAST = datetime(2021, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=list(WORLDS))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with WORLDS[request.param]() as opened:
        yield opened


def test_a_created_key_is_active_and_shows_what_was_wanted(world: World) -> None:
    wanted = _wanted(
        {SCOPES: ("agent:read", "chat"), RATE_LIMIT: 600, EXPIRES_AT: FAR, AGENTS: world.agents(2)}
    )

    async def work(driver: KeyDriver) -> None:
        key = (await _create(driver, wanted)).key
        assert key.name == wanted.get(NAME)
        assert key.status is LiveStatus.ACTIVE
        assert key.attributes.only(frozenset(wanted.mapping())) == wanted
        assert key.attributes.get(ENABLED) is True
        assert key.created_at is not None
        assert abs(key.created_at - datetime.now(UTC)) < timedelta(minutes=1)
        assert await _get(driver, key.id) == key
        assert (await _listed(driver))[key.id] == key

    _run(world, work)


def test_what_is_left_out_is_told_all_the_same(world: World) -> None:
    async def work(driver: KeyDriver) -> None:
        attributes = (await _create(driver, _wanted())).key.attributes
        assert {SCOPES, RATE_LIMIT, EXPIRES_AT, ENABLED, AGENTS} < set(attributes.mapping())
        assert attributes.get(EXPIRES_AT) is None

    _run(world, work)


def test_a_new_key_works_even_if_it_was_wanted_disabled(world: World) -> None:
    async def work(driver: KeyDriver) -> None:
        created = await _create(driver, _wanted({ENABLED: False}))
        assert created.key.status is LiveStatus.ACTIVE
        assert await driver.probe(created.secret) is Probe.ACCEPTED

    _run(world, work)


def test_several_keys_may_have_one_name(world: World) -> None:
    async def work(driver: KeyDriver) -> None:
        wanted = _wanted()
        created = await asyncio.gather(*(_create(driver, wanted) for _ in range(5)))
        listed = await _listed(driver)
        assert len({each.key.id for each in created}) == 5
        assert {listed[each.key.id].name for each in created} == {str(wanted.get(NAME))}

    _run(world, work)


def test_times_are_instants_to_the_microsecond(world: World) -> None:
    local = FAR.astimezone(timezone(timedelta(hours=2)))

    async def work(driver: KeyDriver) -> None:
        key = (await _create(driver, _wanted({EXPIRES_AT: local}))).key
        assert key.attributes.get(EXPIRES_AT) == FAR
        later = FAR + timedelta(microseconds=1)
        await _update(driver, key.id, {EXPIRES_AT: later})
        assert (await _get(driver, key.id)).attributes.get(EXPIRES_AT) == later

    _run(world, work)


@pytest.mark.parametrize(
    "changes",
    [
        {NAME: "another-name"},
        {SCOPES: ()},
        {SCOPES: ("x", "y", "ü")},
        {RATE_LIMIT: None},
        {RATE_LIMIT: 1},
        {EXPIRES_AT: None},
        {EXPIRES_AT: FAR, RATE_LIMIT: 5},
        {AGENTS: ()},
    ],
)
def test_fields_are_changed_in_place_and_nothing_else(
    world: World, changes: dict[str, Value]
) -> None:
    wanted = _wanted({EXPIRES_AT: FAR - timedelta(days=1), AGENTS: world.agents(1)})

    async def work(driver: KeyDriver) -> None:
        key = (await _create(driver, wanted)).key
        shown = await _update(driver, key.id, changes)
        now = await _get(driver, key.id)
        assert now.attributes == key.attributes.merge(changes)
        assert shown in (None, now)

    _run(world, work)


def test_switching_off_and_on_may_be_repeated(world: World) -> None:
    async def work(driver: KeyDriver) -> None:
        created = await _create(driver, _wanted())
        for _ in range(2):
            assert await driver.disable(created.key.id) == Done(None)
            key = await _get(driver, created.key.id)
            assert key.status is LiveStatus.DISABLED
            assert key.attributes.get(ENABLED) is False
            assert await driver.probe(created.secret) is Probe.REJECTED
        for _ in range(2):
            assert await driver.enable(created.key.id) == Done(None)
            assert (await _get(driver, created.key.id)).status is LiveStatus.ACTIVE
            assert await driver.probe(created.secret) is Probe.ACCEPTED

    _run(world, work)


def test_disabled_wins_over_expired(world: World) -> None:
    async def work(driver: KeyDriver) -> None:
        created = await _create(driver, _wanted({EXPIRES_AT: PAST}))
        assert created.key.status is LiveStatus.EXPIRED
        assert await driver.probe(created.secret) is Probe.REJECTED
        await driver.disable(created.key.id)
        assert (await _listed(driver))[created.key.id].status is LiveStatus.DISABLED

    _run(world, work)


def test_a_deleted_key_is_gone_and_deleting_it_again_is_done(world: World) -> None:
    async def work(driver: KeyDriver) -> None:
        created = await _create(driver, _wanted())
        for _ in range(2):
            assert await driver.delete(created.key.id) == Done(None)
            assert await driver.get(created.key.id) == Done(None)
        assert created.key.id not in await _listed(driver)
        assert await driver.probe(created.secret) is Probe.REJECTED

    _run(world, work)


def test_an_absent_key_cannot_be_changed(world: World) -> None:
    absent = KeyId(str(uuid4()))

    async def work(driver: KeyDriver) -> None:
        assert await driver.get(absent) == Done(None)
        assert isinstance(await driver.update(absent, Attributes.of({RATE_LIMIT: 1})), Refused)
        assert isinstance(await driver.enable(absent), Refused)
        assert isinstance(await driver.disable(absent), Refused)

    _run(world, work)


def test_a_refused_creation_makes_nothing(world: World) -> None:
    async def work(driver: KeyDriver) -> None:
        before = await _listed(driver)
        for name in ("x" * 101, ""):
            outcome = await driver.create(OP, Attributes.of({NAME: name}), MARK)
            assert isinstance(outcome, Refused)
            assert outcome.status == 422
        assert await _listed(driver) == before

    _run(world, work)


def test_use_is_told(world: World) -> None:
    wanted = _wanted({AGENTS: world.agents(1)})

    async def work(driver: KeyDriver) -> None:
        created = await _create(driver, wanted)
        assert created.key.last_used_at is None
        assert await driver.probe(created.secret) is Probe.ACCEPTED
        used = (await _get(driver, created.key.id)).last_used_at
        assert used is not None
        assert abs(used - datetime.now(UTC)) < timedelta(minutes=1)

    _run(world, work)


def test_a_secret_of_nobody_is_rejected(world: World) -> None:
    async def work(driver: KeyDriver) -> None:
        assert await driver.probe(Secret("clou_" + "0" * 64)) is Probe.REJECTED

    _run(world, work)


def test_a_call_that_is_not_for_keys_is_denied(world: World) -> None:
    async def work(driver: KeyDriver) -> None:
        created = await _create(driver, _wanted())
        asked = [Call(method, FOR_PEOPLE) for method in ("GET", "HEAD")]
        said = {await driver.ask(created.secret, call) for call in asked}
        assert Said.DENIED in said
        assert said <= {Said.DENIED, Said.UNKNOWN}
        assert await driver.ask(Secret("nobody"), asked[0]) in {Said.REJECTED, Said.DENIED}

    _run(world, work)


def test_a_survey_is_complete_and_tells_its_progress(world: World) -> None:
    told: list[tuple[int, int]] = []

    async def work(driver: KeyDriver) -> None:
        ids = {(await _create(driver, _wanted())).key.id for _ in range(30)}
        view = await driver.survey(lambda seen, total: told.append((seen, total)))
        assert view.complete
        assert view.tenant
        assert ids <= {key.id for key in view.keys}
        assert told[-1] == (len(view.keys), len(view.keys))
        assert told == sorted(told)
        assert abs(view.clock_ahead or timedelta()) < timedelta(seconds=5)

    _run(world, work)


def test_no_outcome_shows_a_secret(world: World) -> None:
    async def work(driver: KeyDriver) -> None:
        outcome = await driver.create(OP, _wanted(), MARK)
        assert isinstance(outcome, Done)
        assert outcome.value.secret.reveal() not in repr(outcome)

    _run(world, work)


def _wanted(fields: dict[str, Value] | None = None) -> Attributes:
    return Attributes.of({NAME: f"crm-prod.kw-{uuid4().hex[:6]}", **(fields or {})})


def _run(world: World, work: Work) -> None:
    async def run() -> None:
        driver = world.driver()
        try:
            await work(driver)
        finally:
            await driver.close()

    asyncio.run(run())


def _done(outcome: Outcome[T]) -> T:
    assert isinstance(outcome, Done), outcome
    return outcome.value


async def _create(driver: KeyDriver, wanted: Attributes) -> Created:
    return _done(await driver.create(OP, wanted, MARK))


async def _get(driver: KeyDriver, key_id: KeyId) -> LiveKey:
    key = _done(await driver.get(key_id))
    assert key is not None
    return key


async def _update(driver: KeyDriver, key_id: KeyId, changes: dict[str, Value]) -> LiveKey | None:
    return _done(await driver.update(key_id, Attributes.of(changes)))


async def _survey(driver: KeyDriver) -> ProviderView:
    view = await driver.survey(lambda _seen, _total: None)
    assert view.problem is None
    return view


async def _listed(driver: KeyDriver) -> dict[KeyId, LiveKey]:
    return {key.id: key for key in (await _survey(driver)).keys}
