"""Incidents on every backend: written beside whoever holds the lock, guarded by their rev alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.backends import BACKENDS
from reconciler.errors import StateConflictError, StateError, StateMissingError
from tests.backends.worlds import (
    HOLDER,
    META,
    NOW,
    FileWorld,
    MemoryWorld,
    World,
    a_key,
    an_incident,
    contents,
    each,
    opened,
    refusal,
)


@pytest.fixture(params=sorted(BACKENDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    worlds: dict[str, World] = {"file": FileWorld(tmp_path / "state"), "memory": MemoryWorld()}
    return worlds[request.param]


def test_an_incident_is_written_while_another_run_holds_the_lock(world: World) -> None:
    async def run() -> None:
        holder = await opened(world)
        await holder.write_row(a_key())
        other = world.backend()
        assert await other.write_incident(an_incident()) == 1
        await other.close()
        assert await holder.incidents() == (an_incident(0, 1),)
        assert (await holder.read()).incidents == (an_incident(0, 1),)
        assert await holder.write_row(a_key(0, 1)) == 2
        settled = replace(an_incident(0, 1), settled_at=NOW)
        assert await holder.write_row(settled) == 2
        await holder.close()
        read = await contents(world)
        assert read.incidents == (replace(settled, rev=2),)
        assert read.meta == replace(META, epoch=1, serial=4)

    asyncio.run(run())


def test_the_holder_of_the_lock_may_write_one_too(world: World) -> None:
    async def run() -> None:
        holder = await opened(world)
        assert await holder.write_incident(an_incident()) == 1
        assert await holder.write_incident(an_incident(0, 1)) == 2
        assert await holder.write_row(a_key()) == 1
        await holder.close()
        assert (await contents(world)).incidents == (an_incident(0, 2),)

    asyncio.run(run())


def test_an_incident_is_written_where_nobody_holds_the_lock(world: World) -> None:
    async def run() -> None:
        backend = world.backend()
        await backend.initialise(META)
        assert await backend.incidents() == ()
        assert await backend.write_incident(an_incident()) == 1
        reader = world.backend()
        assert await reader.incidents() == (an_incident(0, 1),)
        await reader.close()
        assert (await backend.read()).meta.epoch == 0
        assert await backend.lock(HOLDER) == 1
        await backend.close()

    asyncio.run(run())


def test_an_incident_is_written_only_over_the_rev_that_was_read(world: World) -> None:
    async def run() -> None:
        holder = await opened(world)
        other = world.backend()
        await other.write_incident(an_incident())
        for stale in (0, 2, 7):
            await refusal(other.write_incident(an_incident(0, stale)), StateConflictError)
        await refusal(other.write_incident(an_incident(5, 1)), StateConflictError)
        assert await holder.write_row(an_incident(0, 1)) == 2
        await refusal(other.write_incident(an_incident(0, 1)), StateConflictError)
        assert await other.write_incident(an_incident(0, 2)) == 3
        assert await holder.incidents() == (an_incident(0, 3),)
        await other.close()
        await holder.close()

    asyncio.run(run())


def test_incidents_come_by_time_and_then_by_id(world: World) -> None:
    late = replace(an_incident(0), at=NOW + timedelta(hours=1))

    async def run() -> None:
        backend = await opened(world)
        for incident in (late, an_incident(2), an_incident(1)):
            await backend.write_incident(incident)
        expected = (an_incident(1, 1), an_incident(2, 1), replace(late, rev=1))
        assert await backend.incidents() == expected
        assert (await backend.read()).incidents == expected
        await backend.close()

    asyncio.run(run())


def test_incidents_among_many_writes_of_the_holder_are_all_recorded(world: World) -> None:
    async def run() -> None:
        holder, others = await opened(world), [world.backend() for _ in range(4)]
        rows = [holder.write_row(row) for row in each(a_key, 300)]
        incidents = [others[number % 4].write_incident(an_incident(number)) for number in range(40)]
        assert await asyncio.gather(*rows, *incidents) == [1] * 340
        for backend in (holder, *others):
            await backend.close()
        read = await contents(world)
        assert (len(read.keys), len(read.incidents), read.meta.epoch) == (300, 40, 1)

    asyncio.run(run())


def test_a_run_whose_lock_was_taken_may_still_write_an_incident(world: World) -> None:
    async def run() -> None:
        old = await opened(world)
        world.break_lock()
        new = world.backend()
        await new.lock(HOLDER)
        assert await old.write_incident(an_incident()) == 1
        assert await new.incidents() == (an_incident(0, 1),)
        await old.close()
        await new.close()

    asyncio.run(run())


def test_where_there_is_no_state_none_is_made(world: World) -> None:
    async def run() -> None:
        backend = world.backend()
        await refusal(backend.write_incident(an_incident()), StateMissingError)
        await refusal(backend.incidents(), StateMissingError)
        await refusal(backend.read(), StateMissingError)
        if isinstance(world, FileWorld):
            assert not world.folder.exists()
        await backend.close()
        await refusal(backend.write_incident(an_incident()), StateError)
        await refusal(backend.incidents(), StateError)

    asyncio.run(run())


def test_what_could_not_be_read_back_is_not_written(world: World) -> None:
    async def run() -> None:
        backend = await opened(world)
        unzoned = replace(an_incident(), rejected_at=NOW.replace(tzinfo=None))
        await refusal(backend.write_incident(unzoned), StateError)
        assert await backend.incidents() == ()
        await backend.close()

    asyncio.run(run())
