"""The state in a folder of this machine: the default backend.

`state.db` is SQLite, `state.lock` the lock. Not for network file systems, whose locks cannot be
trusted. Blocking calls run in one thread per backend, the only place where threads are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, final

from reconciler.backends.changes import Change, change_of, closing, put_row
from reconciler.backends.group_writer import GroupWriter
from reconciler.backends.lock_file import LockFile
from reconciler.backends.refusals import Life, closed, locked, not_locked, wrong_stack
from reconciler.backends.sqlite_file import (
    make_database,
    make_folder,
    only_our_errors,
    require_vacant,
)
from reconciler.backends.sqlite_incidents import write_incident
from reconciler.backends.sqlite_ledger import Ledger, Outcome
from reconciler.backends.sqlite_reading import (
    read_file,
    read_file_incidents,
    read_file_meta,
    read_holder,
)
from reconciler.core.recorded import Incident, Intent, Recorded, StackMeta
from reconciler.interfaces.backend import Backend, Holder, Row

T = TypeVar("T")
DATABASE = "state.db"
LOCK = "state.lock"


def open_backend(folder: Path, stack: str) -> Backend:
    """Point a backend at a folder; touches nothing yet."""
    return FileBackend(folder, stack)


@final
class FileBackend:
    """The state of one stack in one folder. Nothing but StateError and its kinds comes out."""

    def __init__(self, folder: Path, stack: str) -> None:
        self._folder = folder
        self._path = folder / DATABASE
        self._lock_path = folder / LOCK
        self._stack = stack
        self._ledger: Ledger | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keywright-state")
        self._writer = GroupWriter(self._thread, self._commit)

    async def read(self) -> Recorded:
        """Read everything, without a lock and without a trace in the folder.

        StateMissingError, StateDamagedError, StateTooNewError.
        """
        return await self._run(self._read)

    async def read_meta(self) -> StackMeta:
        """Read only what the stack is; the same errors as `read`, damage to rows aside."""
        return await self._run(self._read_meta)

    async def incidents(self) -> tuple[Incident, ...]:
        """Read only the incidents, what another process has just committed included.

        The same errors as `read`, damage to other rows aside.
        """
        return await self._run(self._read_incidents)

    async def initialise(self, meta: StackMeta) -> None:
        """Make a new, empty state in a folder of our own; StateError when there is one already."""
        if meta.stack != self._stack:
            raise wrong_stack(self._stack, meta.stack, str(self._path))
        await self._run(lambda: self._initialise(meta))

    async def lock(self, holder: Holder) -> int:
        """Take the lock and give the new epoch. StateLockedError names the holder."""
        return await self._run(lambda: self._take(holder))

    async def unlock(self) -> None:
        """Give the lock back, after what is still being written; harmless when it is not held."""
        if not self._closed:
            await self._run(self._release)

    async def write_row(self, row: Row) -> int:
        """Write one row if its `rev` is still the recorded one, and give the new rev.

        Durable when it returns; maybe durable when it is cancelled. StateConflictError when the
        row changed, LockLostError when our epoch is over.
        """
        await self._write(change_of(self._epoch(), puts=(row,)))
        return row.rev + 1

    async def write_incident(self, incident: Incident) -> int:
        """Write an incident if its `rev` is still the recorded one, and give the new rev.

        Needs no lock, and leaves the epoch as it is. Durable when it returns; maybe durable when it
        is cancelled. StateConflictError when the row changed, StateLockedError when an older
        Keywright may hold the state.
        """
        put = put_row(incident)
        await self._run(lambda: write_incident(self._path, self._lock_path, self._stack, put))
        return put.new_rev

    async def close_intent(self, intent: Intent, *rows: Row) -> None:
        """Write these rows and remove the intent, all or nothing, durably.

        StateConflictError when one of them, or the intent, is not the recorded one.
        """
        await self._write(closing(self._epoch(), intent, rows))

    async def drop_row(self, row: Row) -> None:
        """Remove one row, durably. StateConflictError when it is not the recorded one."""
        await self._write(change_of(self._epoch(), drops=(row,)))

    async def close(self) -> None:
        """Finish what is being written, give lock, file and thread back. Harmless when repeated."""
        if self._closed:
            return
        released = self._thread.submit(self._release)
        self._closed = True
        self._thread.shutdown(wait=False)
        await asyncio.wrap_future(released)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise closed(str(self._path))
        return await asyncio.wrap_future(self._thread.submit(work))

    async def _write(self, change: Change) -> None:
        await self._writer.write(change)

    def _epoch(self) -> int:
        if self._closed:
            raise closed(str(self._path))
        if self._ledger is None:
            raise not_locked(str(self._path))
        return self._ledger.epoch

    def _read(self) -> Recorded:
        if self._ledger is not None:
            return self._ledger.read()
        return read_file(self._path, self._stack)

    def _read_meta(self) -> StackMeta:
        if self._ledger is not None:
            return self._ledger.read_meta()
        return read_file_meta(self._path, self._stack)

    def _read_incidents(self) -> tuple[Incident, ...]:
        if self._ledger is not None:
            return self._ledger.read_incidents()
        return read_file_incidents(self._path, self._stack)

    def _initialise(self, meta: StackMeta) -> None:
        with only_our_errors(self._path, "No state was made"):
            require_vacant(self._path)
            make_folder(self._folder)
            lock = LockFile.take(self._lock_path)
            if lock is None:
                raise locked(read_holder(self._path), Life.UNSEEN, str(self._lock_path))
            try:
                make_database(self._path, meta)
            finally:
                lock.release()

    def _take(self, holder: Holder) -> int:
        # If this very backend holds it, the lock file says no, as to anybody else. If it says yes,
        # the lock was broken behind our back, and what we had is of no more use.
        ledger = Ledger.take(self._path, self._lock_path, self._stack, holder)
        self._release()
        self._ledger = ledger
        return ledger.epoch

    def _release(self) -> None:
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            ledger.close()

    def _commit(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        if self._ledger is None:
            raise not_locked(str(self._path))
        return self._ledger.commit(changes)
