"""Interference with the memory backend: before a write nothing is there, after it everything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from reconciler.backends.memory import MemoryBackend, MemoryState, Moment
from tests.backends.worlds import (
    HOLDER,
    META,
    STACK,
    MemoryWorld,
    a_key,
    an_incident,
    an_intent,
    contents,
    opened,
    refusal,
)


class CrashError(Exception):
    """The end of the process, as it were."""


@dataclass
class CrashAt:
    moment: Moment
    method: str
    seen: list[tuple[Moment, str]] = field(default_factory=list)

    def __call__(self, moment: Moment, method: str) -> None:
        self.seen.append((moment, method))
        if (moment, method) == (self.moment, self.method):
            raise CrashError(method)


@pytest.mark.parametrize("moment", Moment)
def test_a_crash_around_a_write_leaves_none_or_all_of_it(moment: Moment) -> None:
    async def run() -> None:
        crash = CrashAt(moment, "close_intent")
        world = MemoryWorld(MemoryState(crash))
        backend = await opened(world)
        await backend.write_row(an_intent())
        await refusal(backend.close_intent(an_intent(0, 1), a_key()), CrashError)
        world.break_lock()
        read = await contents(world)
        done = moment is Moment.AFTER
        assert len(read.keys) == int(done)
        assert len(read.intents) == int(not done)
        assert read.meta.serial == 1 + int(done)

    asyncio.run(run())


def test_every_writing_method_is_told_of_before_and_after() -> None:
    async def run() -> None:
        watch = CrashAt(Moment.BEFORE, "never")
        backend = await opened(MemoryWorld(MemoryState(watch)))
        await backend.write_row(an_intent())
        await backend.write_row(a_key())
        await backend.close_intent(an_intent(0, 1))
        await backend.drop_row(a_key(0, 1))
        await backend.write_incident(an_incident())
        await backend.unlock()
        await backend.close()
        methods = (
            "initialise",
            "lock",
            "write_row",
            "write_row",
            "close_intent",
            "drop_row",
            "write_incident",
            "unlock",
        )
        assert watch.seen == [(moment, method) for method in methods for moment in Moment]

    asyncio.run(run())


def test_a_crash_while_locking_leaves_the_lock_as_it_would_be() -> None:
    async def run() -> None:
        state = MemoryState()
        backend = MemoryBackend(state, STACK)
        await backend.initialise(META)
        state.interfere = CrashAt(Moment.AFTER, "lock")
        await refusal(backend.lock(HOLDER), CrashError)
        assert state.held_by is backend
        state.interfere = None
        state.break_lock()
        assert await MemoryBackend(state, STACK).lock(HOLDER) == 2

    asyncio.run(run())
