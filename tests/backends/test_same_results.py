"""Any sequence of operations has the same outcomes in a file and in memory."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.recorded import Incident, Intent
from reconciler.errors import StateError
from reconciler.interfaces.backend import Backend, Row
from tests.backends.worlds import (
    HOLDER,
    MAKERS,
    META,
    FileWorld,
    MemoryWorld,
    World,
    an_incident,
    an_intent,
)


@dataclass(frozen=True)
class Take:
    who: int


@dataclass(frozen=True)
class Give:
    who: int


@dataclass(frozen=True)
class Break:
    pass


@dataclass(frozen=True)
class Write:
    who: int
    row: Row


@dataclass(frozen=True)
class Drop:
    who: int
    row: Row


@dataclass(frozen=True)
class Close:
    who: int
    intent: Intent
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Revoke:
    who: int
    incident: Incident


@dataclass(frozen=True)
class Make:
    who: int


Operation = Take | Give | Break | Write | Drop | Close | Revoke | Make

WHO = st.integers(0, 1)
REV = st.sampled_from((0, 0, 1, 1, 2))
ROW = st.builds(lambda make, number, rev: make(number, rev), st.sampled_from(MAKERS), WHO, REV)
OPERATIONS = st.one_of(
    st.builds(Write, WHO, ROW),
    st.builds(Write, WHO, ROW),
    st.builds(Drop, WHO, ROW),
    st.builds(Close, WHO, st.builds(an_intent, WHO, REV), st.lists(ROW, max_size=3).map(tuple)),
    st.builds(Revoke, WHO, st.builds(an_incident, WHO, REV)),
    st.builds(Take, WHO),
    st.builds(Give, WHO),
    st.builds(Break),
    st.builds(Make, WHO),
)


async def do(world: World, backends: Sequence[Backend], operation: Operation) -> int | None:
    """Do one thing, and give the epoch or rev that came of it."""
    result = None
    match operation:
        case Make(who):
            await backends[who].initialise(META)
        case Take(who):
            result = await backends[who].lock(HOLDER)
        case Give(who):
            await backends[who].unlock()
        case Break():
            world.break_lock()
        case Write(who, row):
            result = await backends[who].write_row(row)
        case Revoke(who, incident):
            result = await backends[who].write_incident(incident)
        case Drop(who, row):
            await backends[who].drop_row(row)
        case Close(who, intent, rows):
            await backends[who].close_intent(intent, *rows)
        case _:
            assert_never(operation)
    return result


async def outcomes_of(world: World, operations: Sequence[Operation]) -> list[object]:
    backends = (world.backend(), world.backend())
    outcomes: list[object] = []
    for operation in operations:
        try:
            outcomes.append(await do(world, backends, operation))
            outcomes.append(await backends[1].read())
            outcomes.append(await backends[0].incidents())
        except StateError as error:
            outcomes.append((type(error), error.what))
    for backend in backends:
        await backend.close()
    return outcomes


@settings(deadline=None, max_examples=150)
@given(st.lists(OPERATIONS, max_size=25), st.booleans())
def test_a_file_and_memory_agree(operations: list[Operation], ready: bool) -> None:
    begin: list[Operation] = [Make(0), Take(0)] if ready else []
    with tempfile.TemporaryDirectory() as folder:
        in_file = asyncio.run(outcomes_of(FileWorld(Path(folder)), begin + operations))
    in_memory = asyncio.run(outcomes_of(MemoryWorld(), begin + operations))
    for of_file, of_memory in zip(in_file, in_memory, strict=True):
        assert _comparable(of_file) == _comparable(of_memory)


def _comparable(outcome: object) -> object:
    match outcome:
        case (type() as kind, str(words)):
            # Only a file can look for the process of its holder.
            return kind, words.replace(", still running", "")
        case _:
            return outcome
