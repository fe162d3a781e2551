"""Rows and counters inside one open transaction of an SQLite state, whoever began it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import final

from reconciler.backends.changes import Drop, Put
from reconciler.backends.sqlite_reading import read_count


@final
class SqliteRows:
    """Where a change lands: the rows of an open transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, put: Put, /) -> bool:
        """Write one row, if its rev is the recorded one."""
        if put.rev == 0:
            cursor = self._connection.execute(
                "INSERT OR IGNORE INTO rows (kind, name, rev, body) VALUES (?, ?, ?, ?)",
                (put.kind, put.name, put.new_rev, put.body),
            )
        else:
            cursor = self._connection.execute(
                "UPDATE rows SET rev = ?, body = ? WHERE kind = ? AND name = ? AND rev = ?",
                (put.new_rev, put.body, put.kind, put.name, put.rev),
            )
        return cursor.rowcount == 1

    def drop(self, drop: Drop, /) -> bool:
        """Remove one row, if its rev is the recorded one."""
        cursor = self._connection.execute(
            "DELETE FROM rows WHERE kind = ? AND name = ? AND rev = ?",
            (drop.kind, drop.name, drop.rev),
        )
        return cursor.rowcount == 1


def read_entry(connection: sqlite3.Connection, name: str, path: Path) -> int:
    """Read a counter of the state. StateDamagedError when it is none."""
    found = connection.execute("SELECT name, value FROM meta WHERE name = ?", (name,)).fetchone()
    return read_count(dict([found] if found else []), name, path)


def count_up(connection: sqlite3.Connection, name: str, path: Path) -> int:
    """Raise a counter of the state by one, and give what it is now."""
    count = read_entry(connection, name, path) + 1
    set_entry(connection, name, count)
    return count


def set_entry(connection: sqlite3.Connection, name: str, value: int | bytes) -> None:
    """Write what the state says of itself under a name."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
