"""Writing an incident into an SQLite file beside whoever holds its lock.

An emergency cannot wait for a run to end. SQLite itself keeps the two writers apart for the moment
of a commit, and an incident is a row that only its rev guards, so neither needs the other's leave.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from reconciler.backends.changes import Change, Put, apply_change
from reconciler.backends.lock_file import LockFile
from reconciler.backends.refusals import no_state, older_holder
from reconciler.backends.sqlite_file import (
    is_plain_file,
    make_durable,
    only_our_errors,
    open_database,
)
from reconciler.backends.sqlite_ledger import migrate_rows
from reconciler.backends.sqlite_reading import (
    check_identity,
    check_whole,
    load_meta,
    read_holder,
)
from reconciler.backends.sqlite_rows import SqliteRows, count_up

NOT_RECORDED = "The incident was not recorded"
_PATIENCE = 10.0
"""Seconds for the commits of a busy holder, who never waits for us longer than for one of ours."""


def write_incident(path: Path, lock_path: Path, stack: str, put: Put) -> None:
    """Write one incident durably, whoever holds the lock.

    StateConflictError when its rev is not the recorded one. StateLockedError when the state is of
    an older format and held: its holder may be an older Keywright, which could not read the new
    one any more. StateMissingError and the like as of any read; nothing is ever made.
    """
    with only_our_errors(path, NOT_RECORDED):
        if _is_ours(path, stack):
            _write(path, stack, put)
            return
        lock = LockFile.take(lock_path)
        if lock is not None:
            try:
                _migrate(path, stack)
                _write(path, stack, put)
            finally:
                lock.release()
        elif _is_ours(path, stack):
            # Whoever has just taken the lock has migrated it meanwhile.
            _write(path, stack, put)
        else:
            raise older_holder(read_holder(path), str(lock_path))


def _is_ours(path: Path, stack: str) -> bool:
    """Say whether a state has our format.

    Looked at before anything is written: whatever else this is, it stays as it was.
    """
    if not is_plain_file(path):
        raise no_state(stack, str(path))
    with closing(open_database(path, "rw", patience=_PATIENCE)) as connection:
        return not check_identity(connection, path, stack)


@contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a state for one durable write of its own. What is raised within undoes it."""
    with closing(open_database(path, "rw", patience=_PATIENCE)) as connection:
        make_durable(connection)
        connection.execute("BEGIN IMMEDIATE")
        yield connection  # closing what is not committed rolls it back
        connection.execute("COMMIT")


def _write(path: Path, stack: str, put: Put) -> None:
    """Write into a state of our format. Its pages and other rows are not checked.

    Whoever knows what to revoke has read them all, and the record of an emergency must not take
    longer the more keys there are.
    """
    with _transaction(path) as connection:
        load_meta(connection, path, stack)  # looked at again: nobody can change it from here on
        apply_change(Change(0, puts=(put,)), SqliteRows(connection), str(path))
        count_up(connection, "serial", path)


def _migrate(path: Path, stack: str) -> None:
    """Lead a state to our format, as taking its lock does; the caller has the lock.

    The epoch rises too: were the lock broken behind the back of an older Keywright, what that one
    still wrote would be rows of its own format.
    """
    with _transaction(path) as connection:
        check_whole(connection, path)
        steps = check_identity(connection, path, stack)
        if steps:
            migrate_rows(connection, path, steps)
            count_up(connection, "epoch", path)
