"""The SQLite file of a sandbox: opening it safely, transactions, and single settings.

It knows no table but `settings`, and must not know what any system stores.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reconciler.sandbox import SandboxError
from reconciler.sandbox.schema import APPLICATION_ID, VERSION

_BUSY_MS = 10_000


class Database:
    """One guarded connection; other processes may hold the same file open."""

    def __init__(self, location: str, tables: Sequence[str]) -> None:
        if location != ":memory:":
            _prepare_file(Path(location))
        self._guard = threading.RLock()
        self._connection = _connect(location)
        try:
            self._set_up(location, tables)
        except sqlite3.Error as problem:
            self.close()
            raise SandboxError(f"cannot open the sandbox {location}: {problem}") from None
        except SandboxError:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give one consistent view of the data."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give a transaction that is kept when the block ends well, and undone otherwise."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def setting(self, name: str, otherwise: Callable[[], str]) -> str:
        """Give a setting; the first process to ask for it decides its value."""
        found = self._find_setting(name)
        if found is not None:
            return found
        with self.write() as connection:
            connection.execute(
                "INSERT INTO settings VALUES (?, ?) ON CONFLICT DO NOTHING", (name, otherwise())
            )
        return str(self._find_setting(name))

    def change_setting(self, name: str, value: str) -> None:
        """Give a setting another value."""
        with self.write() as connection:
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Close the connection."""
        with self._guard:
            self._connection.close()

    def _find_setting(self, name: str) -> str | None:
        with self.read() as connection:
            query = "SELECT value FROM settings WHERE name = ?"
            row = connection.execute(query, (name,)).fetchone()
        return str(row["value"]) if row else None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._guard:
            self._connection.execute(begin)
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _set_up(self, location: str, tables: Sequence[str]) -> None:
        self._connection.execute("PRAGMA foreign_keys = ON")
        # A sandbox must survive a killed process, which WAL does; not a power cut.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        if self._found_version(location) == VERSION:
            return
        self._connection.execute("PRAGMA journal_mode = WAL")
        with self.write() as connection:
            for statement in "".join(tables).split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")

    def _found_version(self, location: str) -> int:
        # One view of three facts: another process may be creating the tables right now.
        with self.read() as connection:
            read = connection.execute
            found = int(read("PRAGMA user_version").fetchone()[0])
            is_empty = read("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
            is_ours = read("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        if not (is_empty or is_ours):
            raise SandboxError(f"{location} is a database, but not one of a sandbox")
        if found > VERSION:
            raise SandboxError(f"{location} was made by a newer version; remove it or upgrade")
        return found


def _connect(location: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        location, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    connection.create_function("casefold", 1, str.casefold, deterministic=True)
    return connection


def _prepare_file(path: Path) -> None:
    # The file holds the built-in account's password: nobody else may read it, at no moment.
    if path.is_symlink():
        raise SandboxError(f"{path} is a symbolic link; give the file itself")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as problem:
        raise SandboxError(f"cannot open the sandbox {path}: {problem.strerror}") from None
