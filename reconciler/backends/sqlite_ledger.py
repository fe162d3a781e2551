"""The writing side of a state in an SQLite file, held by one run under its lock and epoch.

Blocking: it lives in one thread. Everything here that changes a file does so durably.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias, final

from reconciler.backends.changes import Change, apply_change, require_epoch
from reconciler.backends.lock_file import LockFile
from reconciler.backends.migrations import Migration, migrate_body
from reconciler.backends.refusals import Life, locked, no_state
from reconciler.backends.rows import call_row, encode_holder
from reconciler.backends.sqlite_file import (
    damaged,
    is_plain_file,
    make_durable,
    only_our_errors,
    open_database,
)
from reconciler.backends.sqlite_reading import (
    check_identity,
    check_whole,
    load,
    load_incidents,
    load_meta,
    read_holder,
)
from reconciler.backends.sqlite_rows import SqliteRows, count_up, read_entry, set_entry
from reconciler.core.recorded import FORMAT, Incident, Recorded, StackMeta
from reconciler.errors import LockLostError, StateError
from reconciler.interfaces.backend import Holder

Outcome: TypeAlias = StateError | None
"""What became of one change: None is done."""


@final
class Ledger:
    """One locked state, open for writing."""

    def __init__(self, path: Path, stack: str, lock: LockFile, holder: Holder) -> None:
        self._path = path
        self._stack = stack
        self._lock = lock
        self._connection = open_database(path, "rw")
        try:
            self._file = path.stat()
            self.epoch = self._begin(holder)
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def take(cls, path: Path, lock_path: Path, stack: str, holder: Holder) -> Ledger:
        """Lock a state and open it. StateLockedError names whoever holds it."""
        with only_our_errors(path):
            if not is_plain_file(path):
                raise no_state(stack, str(path))
            lock = LockFile.take(lock_path)
            if lock is None:
                found = read_holder(path)
                raise locked(found, look_for(found), str(lock_path))
            try:
                return cls(path, stack, lock, holder)
            except BaseException:
                lock.release()
                raise

    def read(self) -> Recorded:
        """Read everything, with every write that was acknowledged."""
        with only_our_errors(self._path):
            return load(self._connection, self._path, self._stack)

    def read_meta(self) -> StackMeta:
        """Read only what the stack is."""
        with only_our_errors(self._path):
            return load_meta(self._connection, self._path, self._stack)

    def read_incidents(self) -> tuple[Incident, ...]:
        """Read only the incidents, with what others wrote since we have the lock."""
        with only_our_errors(self._path):
            return load_incidents(self._connection, self._path, self._stack)

    def commit(self, changes: Sequence[Change]) -> list[Outcome]:
        """Make every change that can be made, in one transaction, and say what became of each.

        StateError when the transaction failed: then none of them was recorded.
        """
        try:
            with only_our_errors(self._path, "Nothing of this write was recorded"):
                self._require_same_file()
                return self._commit(changes)
        finally:
            self._roll_back()

    def close(self) -> None:
        """Give the lock back, and leave one plain file behind."""
        try:
            # A holder row that stays is harmless, whatever kept us from removing it.
            with suppress(sqlite3.Error):
                self._connection.execute(
                    "UPDATE meta SET value = NULL WHERE name = 'holder' AND EXISTS "
                    "(SELECT 1 FROM meta WHERE name = 'epoch' AND value = ?)",
                    (self.epoch,),
                )
            with suppress(sqlite3.Error):
                self._connection.close()
        finally:
            self._lock.release()

    def _begin(self, holder: Holder) -> int:
        # Looked at before anything is written: whatever else this is, it stays as it was.
        steps = check_identity(self._connection, self._path, self._stack)
        check_whole(self._connection, self._path)
        make_durable(self._connection)
        self._connection.execute("BEGIN IMMEDIATE")
        if steps:
            migrate_rows(self._connection, self._path, steps)
        epoch = count_up(self._connection, "epoch", self._path)
        set_entry(self._connection, "holder", encode_holder(holder))
        self._connection.execute("COMMIT")
        return epoch

    def _commit(self, changes: Sequence[Change]) -> list[Outcome]:
        self._connection.execute("BEGIN IMMEDIATE")
        epoch = read_entry(self._connection, "epoch", self._path)
        outcomes = [self._attempt(change, epoch) for change in changes]
        if None in outcomes:
            count_up(self._connection, "serial", self._path)
            self._connection.execute("COMMIT")
        return outcomes

    def _attempt(self, change: Change, epoch: int) -> Outcome:
        self._connection.execute("SAVEPOINT change")
        try:
            require_epoch(change, epoch, str(self._path))
            apply_change(change, SqliteRows(self._connection), str(self._path))
            outcome: Outcome = None
        except StateError as error:
            self._connection.execute("ROLLBACK TO change")
            outcome = error
        self._connection.execute("RELEASE change")
        return outcome

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _require_same_file(self) -> None:
        """Refuse to write into a file that has lost its name, where nobody would find it again."""
        try:
            same = os.path.samestat(self._path.lstat(), self._file)
        except FileNotFoundError:
            same = False
        if not same:
            raise LockLostError(
                "the state file was moved, removed or replaced while this run held it",
                where=str(self._path),
                effect="Nothing of this write was recorded",
                remedy="Put the file back, then run `keywright plan`",
            )


def look_for(holder: Holder | None) -> Life:
    """Look whether a holder's process lives, if it is on this host."""
    if holder is None or holder.host != os.uname().nodename or holder.pid <= 0:
        return Life.UNSEEN
    try:
        os.kill(holder.pid, 0)
    except (ProcessLookupError, OverflowError):
        return Life.NOT_FOUND
    except PermissionError:
        return Life.RUNNING
    return Life.RUNNING


def migrate_rows(connection: sqlite3.Connection, path: Path, steps: tuple[Migration, ...]) -> None:
    """Write every row in our format. StateDamagedError at the first that cannot be migrated."""
    rows = connection.execute("SELECT kind, name, body FROM rows").fetchall()
    for kind, name, body in rows:
        try:
            migrated = migrate_body(kind, body, steps)
        except (ValueError, TypeError):
            raise damaged(path, f"{call_row(kind, str(name))} cannot be migrated") from None
        connection.execute(
            "UPDATE rows SET body = ? WHERE kind = ? AND name = ?", (migrated, kind, name)
        )
    connection.execute(f"PRAGMA user_version = {FORMAT}")
