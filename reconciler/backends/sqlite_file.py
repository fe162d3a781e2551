"""One state as an SQLite file: its shape, how it is opened and made, and its errors in our words.

Decides nothing about locks or rows. A connection belongs to the thread that opened it.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from reconciler.backends.refusals import state_exists
from reconciler.core.recorded import FORMAT, StackMeta
from reconciler.errors import StateDamagedError, StateError

APPLICATION_ID = 0x4B575354
"""What `file` and SQLite know this kind of database by: KWST."""

TABLES = {
    "meta": "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "rows": "CREATE TABLE rows (kind TEXT NOT NULL, name TEXT NOT NULL, rev INTEGER NOT NULL, "
    "body BLOB NOT NULL, PRIMARY KEY (kind, name))",
}
"""The whole schema. Anything more or less in a file is damage, a view or trigger above all."""

_BUSY_SECONDS = 5.0
"""Our own runs are kept apart by the lock: this is for an incident's commit, and foreign tools."""
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_ADVICE = {
    sqlite3.SQLITE_BUSY: ("another program has it open", "Close that program, and try again"),
    sqlite3.SQLITE_LOCKED: ("another program has it open", "Close that program, and try again"),
    sqlite3.SQLITE_FULL: ("the disk is full", "Make room, and try again"),
    sqlite3.SQLITE_READONLY: ("it may not be written", "Check owner and permissions"),
    sqlite3.SQLITE_PERM: ("it may not be opened", "Check owner and permissions"),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "Check owner and permissions"),
    sqlite3.SQLITE_IOERR: ("the disk or file system failed", "Check the disk, and try again"),
}


@contextmanager
def only_our_errors(path: Path, effect: str = "Nothing was changed") -> Iterator[None]:
    """Let nothing but StateError out: what SQLite or the system says is put into our words."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _explain(error, path, effect) from None
    except OSError as error:
        raise StateError(
            f"the state cannot be used: {error.strerror or type(error).__name__}",
            where=str(error.filename or path),
            effect=effect,
            remedy="Check the folder, its owner and permissions; it must be on a local disk",
        ) from None


def damaged(path: Path, how: str) -> StateDamagedError:
    """Say what is wrong with a file, and what brings the state back."""
    return StateDamagedError(
        how,
        where=str(path),
        effect="Nothing was changed",
        remedy="Restore the state from a backup",
    )


def beside(path: Path, suffix: str) -> Path:
    """Give the path of one of SQLite's own files, such as `-wal`."""
    return path.with_name(path.name + suffix)


def is_plain_file(path: Path) -> bool:
    """Say whether there is a file. StateDamagedError on anything else, a symbolic link above all.

    SQLite itself would follow a link.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(mode):
        raise damaged(path, "this is not a plain file")
    return True


def open_database(
    path: Path, mode: str, *more: str, patience: float = _BUSY_SECONDS
) -> sqlite3.Connection:
    """Open a file that exists, in one of SQLite's modes (ro, rw), without implied transactions.

    `patience` is how many seconds to wait for another program's commit.
    """
    uri = f"{path.absolute().as_uri()}?{'&'.join((f'mode={mode}', *more))}"
    connection = sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def make_folder(folder: Path) -> None:
    """Make a folder and what is missing above it, for our eyes only."""
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    for part in reversed(missing):
        part.mkdir(mode=0o700, exist_ok=True)


def require_vacant(path: Path) -> None:
    """Raise StateError when anything lies at the place of a new state.

    What is left of an earlier one counts: SQLite would play its log into the new state.
    """
    for taken in (path, beside(path, "-wal"), beside(path, "-journal")):
        if os.path.lexists(taken):
            raise state_exists(str(taken))


def make_database(path: Path, meta: StackMeta) -> None:
    """Make a new state, whole or not at all. The caller keeps others from doing the same.

    StateError when anything lies at its place.
    """
    require_vacant(path)
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".new", dir=path.parent)
    os.close(descriptor)
    draft = Path(name)
    try:
        with closing(open_database(draft, "rw")) as connection:
            _fill(connection, meta)
        draft.replace(path)
        sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_durable(connection: sqlite3.Connection) -> None:
    """Have every commit on the disk before it returns."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS reaches the disk in no other way
    connection.execute("PRAGMA checkpoint_fullfsync = ON")


def _fill(connection: sqlite3.Connection, meta: StackMeta) -> None:
    make_durable(connection)
    connection.execute("BEGIN")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    for statement in TABLES.values():
        connection.execute(statement)
    connection.executemany("INSERT INTO meta VALUES (?, ?)", asdict(meta).items())
    connection.execute("COMMIT")


def _explain(error: sqlite3.Error | sqlite3.Warning, path: Path, effect: str) -> StateError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = -1 if code is None else code & 0xFF
    if primary in _DAMAGE:
        return damaged(path, "this is not a whole SQLite database")
    because, remedy = _ADVICE.get(
        primary,
        (f"SQLite says {getattr(error, 'sqlite_errorname', type(error).__name__)}", None),
    )
    return StateError(
        f"the state cannot be used: {because}", where=str(path), effect=effect, remedy=remedy
    )
