"""The state in the memory of this process: for trying, for tests and for simulations.

The same semantics as a lasting backend, text form included, without a thread or a clock. Two
backends on one `MemoryState` compete as two processes on one file do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias, final

from reconciler.backends.changes import (
    Change,
    Drop,
    Put,
    apply_change,
    change_of,
    closing,
    put_row,
    require_epoch,
)
from reconciler.backends.refusals import (
    Life,
    closed,
    locked,
    no_state,
    not_locked,
    state_exists,
    wrong_stack,
)
from reconciler.backends.rows import Kind, Stored, assemble, assemble_incidents
from reconciler.core.recorded import Incident, Intent, Recorded, StackMeta
from reconciler.interfaces.backend import Backend, Holder, Row

_WHERE = "memory"


class Moment(StrEnum):
    """When interference strikes: before a write took effect, or after."""

    BEFORE = "before"
    AFTER = "after"


Interference: TypeAlias = Callable[[Moment, str], None]
"""Told of each moment of each writing method by name; what it raises, the caller gets."""


@final
class MemoryState:
    """What lasts while backends come and go: the disk, as it were."""

    def __init__(self, interfere: Interference | None = None) -> None:
        self.interfere = interfere
        self.meta: StackMeta | None = None
        self.rows: dict[tuple[str, str], tuple[int, bytes]] = {}
        self.holder: Holder | None = None
        self.held_by: MemoryBackend | None = None

    def break_lock(self) -> None:
        """Free the lock as the death of its process would, behind the back of who holds it."""
        self.held_by = None

    def strike(self, moment: Moment, method: str) -> None:
        """Let the interference act."""
        if self.interfere is not None:
            self.interfere(moment, method)


def open_backend(folder: Path, stack: str) -> Backend:
    """Give a backend on an empty memory of its own; the folder is not touched."""
    del folder
    return MemoryBackend(MemoryState(), stack)


@final
class MemoryBackend:
    """The state of one stack in one `MemoryState`.

    Every writing method yields to other tasks before and after its effect, as a real one does.
    """

    def __init__(self, state: MemoryState, stack: str) -> None:
        self._state = state
        self._stack = stack
        self._epoch: int | None = None
        self._closed = False

    async def read(self) -> Recorded:
        """Read everything. StateMissingError when there is nothing."""
        self._require_open()
        await asyncio.sleep(0)
        return assemble(self._require_meta(), self._stored(), (), _WHERE)

    async def read_meta(self) -> StackMeta:
        """Read only what the stack is. StateMissingError when there is nothing."""
        self._require_open()
        await asyncio.sleep(0)
        return self._require_meta()

    async def incidents(self) -> tuple[Incident, ...]:
        """Read only the incidents. StateMissingError when there is nothing."""
        self._require_open()
        await asyncio.sleep(0)
        self._require_meta()
        stored = (row for row in self._stored() if row.kind == Kind.INCIDENT)
        return assemble_incidents(stored, (), _WHERE)

    async def initialise(self, meta: StackMeta) -> None:
        """Make a new, empty state; StateError when there is one already."""
        self._require_open()
        if meta.stack != self._stack:
            raise wrong_stack(self._stack, meta.stack, _WHERE)
        await self._do("initialise", lambda: self._initialise(meta))

    async def lock(self, holder: Holder) -> int:
        """Take the lock and give the new epoch. StateLockedError names the holder."""
        self._require_open()
        await self._do("lock", lambda: self._take(holder))
        return self._require_lock()

    async def unlock(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._epoch is not None:
            await self._do("unlock", self._release)

    async def write_row(self, row: Row) -> int:
        """Write one row if its `rev` is still the recorded one, and give the new rev.

        StateConflictError when the row changed, LockLostError when our epoch is over.
        """
        await self._write("write_row", change_of(self._require_lock(), puts=(row,)))
        return row.rev + 1

    async def write_incident(self, incident: Incident) -> int:
        """Write an incident if its `rev` is still the recorded one, and give the new rev.

        Needs no lock, and leaves the epoch as it is. StateConflictError when the row changed.
        """
        self._require_open()
        put = put_row(incident)
        await self._do("write_incident", lambda: self._record(Change(0, puts=(put,))))
        return put.new_rev

    async def close_intent(self, intent: Intent, *rows: Row) -> None:
        """Write these rows and remove the intent, all or nothing.

        StateConflictError when one of them, or the intent, is not the recorded one.
        """
        await self._write("close_intent", closing(self._require_lock(), intent, rows))

    async def drop_row(self, row: Row) -> None:
        """Remove one row. StateConflictError when it is not the recorded one."""
        await self._write("drop_row", change_of(self._require_lock(), drops=(row,)))

    async def close(self) -> None:
        """Give the lock back; nothing more can be done with this backend."""
        self._closed = True
        self._release()

    async def _write(self, method: str, change: Change) -> None:
        await self._do(method, lambda: self._apply(change))

    async def _do(self, method: str, effect: Callable[[], None]) -> None:
        await asyncio.sleep(0)
        self._state.strike(Moment.BEFORE, method)
        effect()
        self._state.strike(Moment.AFTER, method)
        await asyncio.sleep(0)

    def _apply(self, change: Change) -> None:
        require_epoch(change, self._require_meta().epoch, _WHERE)
        self._record(change)

    def _record(self, change: Change) -> None:
        meta = self._require_meta()
        draft = _Draft(self._state.rows)
        apply_change(change, draft, _WHERE)
        draft.settle()
        self._state.meta = replace(meta, serial=meta.serial + 1)

    def _initialise(self, meta: StackMeta) -> None:
        if self._state.meta is not None:
            raise state_exists(_WHERE)
        self._state.meta = meta

    def _take(self, holder: Holder) -> None:
        meta = self._require_meta()
        if self._state.held_by is not None:
            raise locked(self._state.holder, Life.UNSEEN, _WHERE)
        self._state.held_by = self
        self._state.holder = holder
        self._epoch = meta.epoch + 1
        self._state.meta = replace(meta, epoch=self._epoch)

    def _release(self) -> None:
        self._epoch = None
        if self._state.held_by is self:
            self._state.held_by = None
            self._state.holder = None

    def _stored(self) -> Iterator[Stored]:
        return (
            Stored(kind, name, rev, body) for (kind, name), (rev, body) in self._state.rows.items()
        )

    def _require_open(self) -> None:
        if self._closed:
            raise closed(_WHERE)

    def _require_meta(self) -> StackMeta:
        if self._state.meta is None:
            raise no_state(self._stack, _WHERE)
        return self._state.meta

    def _require_lock(self) -> int:
        self._require_open()
        if self._epoch is None:
            raise not_locked(_WHERE)
        return self._epoch


class _Draft:
    """The rows as they would be: what a change touches, laid over what is recorded."""

    def __init__(self, rows: dict[tuple[str, str], tuple[int, bytes]]) -> None:
        self._rows = rows
        self._touched: dict[tuple[str, str], tuple[int, bytes] | None] = {}

    def put(self, put: Put, /) -> bool:
        if self._rev(put) != put.rev:
            return False
        self._touched[put.kind, put.name] = (put.new_rev, put.body)
        return True

    def drop(self, drop: Drop, /) -> bool:
        if drop.rev == 0 or self._rev(drop) != drop.rev:
            return False
        self._touched[drop.kind, drop.name] = None
        return True

    def settle(self) -> None:
        for place, row in self._touched.items():
            if row is None:
                self._rows.pop(place, None)
            else:
                self._rows[place] = row

    def _rev(self, part: Put | Drop) -> int:
        place = (part.kind, part.name)
        found = self._touched[place] if place in self._touched else self._rows.get(place)
        return 0 if found is None else found[0]
