"""What every backend promises, run on every backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.backends import BACKENDS
from reconciler.core.keys import Address, KeyId
from reconciler.core.recorded import Recorded
from reconciler.errors import (
    LockLostError,
    StateConflictError,
    StateError,
    StateLockedError,
    StateMissingError,
)
from reconciler.interfaces.backend import Row
from tests.backends.worlds import (
    HOLDER,
    MAKERS,
    META,
    NOW,
    FileWorld,
    MemoryWorld,
    World,
    a_key,
    a_provider,
    a_provider_key,
    a_retired_op,
    an_incident,
    an_intent,
    contents,
    each,
    opened,
    refusal,
)


@pytest.fixture(params=sorted(BACKENDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    worlds: dict[str, World] = {"file": FileWorld(tmp_path / "state"), "memory": MemoryWorld()}
    return worlds[request.param]


def test_a_stack_without_a_state_is_missing_and_says_what_to_run(world: World) -> None:
    async def run() -> None:
        backend = world.backend()
        assert "keywright init" in await refusal(backend.read(), StateMissingError)
        await refusal(backend.read_meta(), StateMissingError)
        await refusal(backend.lock(HOLDER), StateMissingError)
        await backend.close()

    asyncio.run(run())


def test_a_new_state_is_empty_and_keeps_what_it_was_made_with(world: World) -> None:
    async def run() -> None:
        backend = world.backend()
        await backend.initialise(META)
        assert await backend.read() == Recorded(meta=META)
        assert await backend.read_meta() == META
        await backend.close()

    asyncio.run(run())


def test_a_state_is_made_once(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        await backend.write_row(a_key())
        other = world.backend()
        await refusal(other.initialise(META), StateError)
        assert len((await other.read()).keys) == 1
        await other.close()
        await backend.close()

    asyncio.run(run())


def test_a_state_is_made_for_the_stack_of_its_backend(world: World) -> None:
    async def run() -> None:
        backend = world.backend()
        await refusal(backend.initialise(replace(META, stack="other")), StateError)
        await refusal(backend.read(), StateMissingError)
        await backend.close()

    asyncio.run(run())


def test_every_kind_of_row_is_read_back_as_it_was_written_and_sorted(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        for make in MAKERS:
            for number in (2, 0, 1):
                assert await backend.write_row(make(number, 0)) == 1
        read = await backend.read()
        assert await backend.read_meta() == read.meta
        await backend.close()
        assert read == await contents(world)
        assert read.keys == tuple(a_key(number, 1) for number in range(3))
        assert read.intents == tuple(an_intent(number, 1) for number in range(3))
        assert read.retired == tuple(a_retired_op(number, 1) for number in range(3))
        assert read.providers == tuple(a_provider(number, 1) for number in range(3))
        assert read.provider_keys == tuple(a_provider_key(number, 1) for number in range(3))
        assert read.incidents == tuple(an_incident(number, 1) for number in range(3))
        assert read.meta == replace(META, serial=3 * len(MAKERS), epoch=1)
        reader = world.backend()
        assert await reader.read_meta() == read.meta
        await reader.close()

    asyncio.run(run())


@pytest.mark.parametrize("make", MAKERS)
def test_a_row_is_written_only_over_the_rev_that_was_read(world: World, make: object) -> None:
    assert callable(make)

    async def run() -> None:
        backend = await opened(world)
        assert await backend.write_row(make(0, 0)) == 1
        assert await backend.write_row(make(0, 1)) == 2
        for stale in (0, 1, 3):
            await refusal(backend.write_row(make(0, stale)), StateConflictError)
        await refusal(backend.write_row(make(9, 1)), StateConflictError)
        assert (await backend.read()).meta.serial == 2
        await backend.close()

    asyncio.run(run())


@pytest.mark.parametrize("make", MAKERS)
def test_a_row_is_dropped_only_at_the_rev_that_was_read(world: World, make: object) -> None:
    assert callable(make)

    async def run() -> None:
        backend = await opened(world)
        await backend.write_row(make(0, 0))
        for stale in (0, 2):
            await refusal(backend.drop_row(make(0, stale)), StateConflictError)
        await backend.drop_row(make(0, 1))
        await refusal(backend.drop_row(make(0, 1)), StateConflictError)
        assert await backend.write_row(make(0, 0)) == 1
        await backend.close()

    asyncio.run(run())


def test_any_text_is_a_name(world: World) -> None:
    names = ("", "a\x00b", "a", "a'; DROP TABLE rows", "\u00e9", "\U0001f511", "\uffff", "a b\n")

    async def run() -> None:
        backend = await opened(world)
        for name in names:
            assert await backend.write_row(replace(a_key(), address=Address(name))) == 1
        read = await backend.read()
        assert [row.address for row in read.keys] == sorted(names)
        for row in read.keys:
            await backend.drop_row(row)
        await backend.close()
        assert (await contents(world)).keys == ()

    asyncio.run(run())


def test_closing_an_intent_writes_its_rows_and_removes_it(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        await backend.write_row(an_intent())
        await backend.write_row(a_key(0))
        await backend.close_intent(an_intent(0, 1), a_key(0, 1, "mara"), a_key(1), a_retired_op())
        await backend.close()
        read = await contents(world)
        assert read.intents == ()
        assert read.keys == (a_key(0, 2, "mara"), a_key(1, 1))
        assert read.retired == (a_retired_op(0, 1),)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("intent_rev", "rows"),
    [
        (1, (a_key(1), a_key(0, 7))),
        (1, (a_key(1), a_key(0))),
        (1, (a_key(1), a_key(1))),
        (2, (a_key(1),)),
        (0, ()),
    ],
)
def test_closing_an_intent_is_all_or_nothing(
    world: World, intent_rev: int, rows: tuple[Row, ...]
) -> None:
    async def run() -> None:
        backend = await opened(world)
        await backend.write_row(an_intent())
        await backend.write_row(a_key(0))
        before = await backend.read()
        closing = backend.close_intent(an_intent(0, intent_rev), *rows)
        await refusal(closing, StateConflictError)
        assert await backend.read() == before
        await backend.close()

    asyncio.run(run())


def test_nothing_is_written_without_the_lock(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        await backend.unlock()
        await backend.unlock()
        await refusal(backend.write_row(a_key()), StateError)
        await refusal(backend.drop_row(a_key(0, 1)), StateError)
        await refusal(backend.close_intent(an_intent(0, 1)), StateError)
        assert (await backend.read()).keys == ()
        await backend.close()

    asyncio.run(run())


def test_nothing_is_done_after_close(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        await backend.close()
        await backend.close()
        await backend.unlock()
        await refusal(backend.read(), StateError)
        await refusal(backend.read_meta(), StateError)
        await refusal(backend.lock(HOLDER), StateError)
        await refusal(backend.write_row(a_key()), StateError)
        other = world.backend()
        assert await other.lock(HOLDER) == 2
        await other.close()

    asyncio.run(run())


def test_one_run_at_a_time_holds_the_lock(world: World) -> None:
    async def run() -> None:
        first = await opened(world)
        second = world.backend()
        words = await refusal(second.lock(HOLDER), StateLockedError)
        for said in ("mara", HOLDER.host, str(HOLDER.pid), "keywright apply", "jobs/7"):
            assert said in words
        assert NOW.isoformat(timespec="seconds") in words
        await refusal(first.lock(HOLDER), StateLockedError)
        await first.unlock()
        assert await second.lock(HOLDER) == 2
        await refusal(first.lock(HOLDER), StateLockedError)
        await second.close()
        assert await first.lock(HOLDER) == 3
        await first.close()

    asyncio.run(run())


def test_reading_takes_no_lock(world: World) -> None:
    async def run() -> None:
        first = await opened(world)
        await first.write_row(a_key())
        assert (await contents(world)).keys == (a_key(0, 1),)
        await first.close()

    asyncio.run(run())


def test_a_run_whose_lock_was_taken_writes_nothing_more(world: World) -> None:
    async def run() -> None:
        old = await opened(world)
        await old.write_row(a_key())
        world.break_lock()
        new = world.backend()
        assert await new.lock(HOLDER) == 2
        await refusal(old.write_row(a_key(1)), LockLostError)
        await refusal(old.write_row(a_key(0, 1)), LockLostError)
        await refusal(old.close_intent(an_intent(0, 1)), LockLostError)
        await refusal(old.drop_row(a_key(0, 1)), LockLostError)
        await old.unlock()
        await refusal(old.lock(HOLDER), StateLockedError)
        assert await new.write_row(a_key(0, 1)) == 2
        await old.close()
        assert await new.write_row(a_key(0, 2)) == 3
        await new.close()
        assert (await contents(world)).keys == (a_key(0, 3),)

    asyncio.run(run())


def test_a_broken_lock_can_be_taken_again_by_the_same_backend(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        world.break_lock()
        assert await backend.lock(HOLDER) == 2
        assert await backend.write_row(a_key()) == 1
        await backend.close()

    asyncio.run(run())


def test_one_stale_row_among_many_writes_at_once_fails_alone(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        await backend.write_row(a_key(0))
        writes = [backend.write_row(row) for row in each(a_key, 500)]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert isinstance(outcomes[0], StateConflictError)
        assert outcomes[1:] == [1] * 499
        await backend.close()
        assert len((await contents(world)).keys) == 500

    asyncio.run(run())


def test_half_of_a_stale_change_is_undone_among_changes_that_are_made(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        await backend.write_row(an_intent())
        writes = [backend.write_row(row) for row in each(a_key, 50)]
        stale = [
            backend.close_intent(an_intent(0, 1), a_provider(number), a_retired_op(number, 5))
            for number in range(50)
        ]
        mixed = [change for pair in zip(writes, stale, strict=True) for change in pair]
        outcomes = await asyncio.gather(*mixed, return_exceptions=True)
        assert outcomes[::2] == [1] * 50
        assert {type(outcome) for outcome in outcomes[1::2]} == {StateConflictError}
        read = await backend.read()
        await backend.close()
        assert len(read.keys) == 50
        assert read.intents == (an_intent(0, 1),)
        assert read.providers == ()

    asyncio.run(run())


def test_writes_of_one_row_at_once_end_with_one_winner(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        writes = [backend.write_row(a_key(0, 0, f"owner-{number}")) for number in range(50)]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert outcomes.count(1) == 1
        assert sum(isinstance(outcome, StateConflictError) for outcome in outcomes) == 49
        winner = (await backend.read()).keys[0].owner
        assert winner == f"owner-{outcomes.index(1)}"
        await backend.close()

    asyncio.run(run())


def test_what_could_not_be_read_back_is_not_written(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        unzoned = replace(an_intent(), started_at=NOW.replace(tzinfo=None))
        await refusal(backend.write_row(unzoned), StateError)
        lone = replace(an_intent(), key_id=KeyId("\ud800"))
        bad_name = replace(a_key(), address=Address("\ud800"))
        writes = [backend.write_row(row) for row in (lone, a_key(1), bad_name)]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StateError, int, StateError]
        assert (await backend.read()).keys == (a_key(1, 1),)
        await backend.close()

    asyncio.run(run())


def test_a_cancelled_write_leaves_the_others_and_the_backend_whole(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        tasks = [asyncio.ensure_future(backend.write_row(a_key(number))) for number in range(100)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert outcomes[1::2] == [1] * 50
        await backend.close()
        kept = {row.address for row in (await contents(world)).keys}
        assert {f"crm-{number}" for number in range(1, 100, 2)} <= kept

    asyncio.run(run())


def test_closing_waits_for_what_is_being_written(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        tasks = [asyncio.ensure_future(backend.write_row(a_key(number))) for number in range(20)]
        await asyncio.sleep(0)  # one turn of the loop, in which every write is begun
        await backend.close()
        assert await asyncio.gather(*tasks) == [1] * 20
        assert len((await contents(world)).keys) == 20

    asyncio.run(run())
