"""Reading a state out of an SQLite file: no lock, no write, and no trust in what it says."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from reconciler.backends.migrations import Migration, steps_from
from reconciler.backends.refusals import no_state
from reconciler.backends.rows import (
    Kind,
    Stored,
    assemble,
    assemble_incidents,
    decode_holder,
)
from reconciler.backends.sqlite_file import (
    APPLICATION_ID,
    TABLES,
    damaged,
    is_plain_file,
    only_our_errors,
)
from reconciler.backends.sqlite_looking import look
from reconciler.core.recorded import Incident, Recorded, StackMeta
from reconciler.errors import StateDamagedError, StateError
from reconciler.interfaces.backend import Holder

T = TypeVar("T")
HIGHEST = 2**53
"""No rev, serial or epoch gets there by counting: above is damage, and would overflow one day."""


def read_file(path: Path, stack: str) -> Recorded:
    """Read everything. StateMissingError, StateDamagedError, StateTooNewError; else StateError."""
    return _look(path, stack, lambda connection: load(connection, path, stack))


def read_file_meta(path: Path, stack: str) -> StackMeta:
    """Read only what the stack is; the same errors as `read_file`, damage to rows aside."""
    return _look(path, stack, lambda connection: load_meta(connection, path, stack))


def read_file_incidents(path: Path, stack: str) -> tuple[Incident, ...]:
    """Read only the incidents; the same errors as `read_file`, damage to other rows aside."""
    return _look(path, stack, lambda connection: load_incidents(connection, path, stack))


def read_holder(path: Path) -> Holder | None:
    """Say who holds the lock, or None where that cannot be told. Raises nothing."""
    try:
        with only_our_errors(path):
            value = look(path, _settings).get("holder")
    except StateError:
        return None
    return decode_holder(value) if isinstance(value, bytes) else None


def load(connection: sqlite3.Connection, path: Path, stack: str) -> Recorded:
    """Read everything from an open database, as of one moment."""
    connection.execute("BEGIN")
    try:
        steps = check_identity(connection, path, stack)
        check_whole(connection, path)
        meta = _decode_meta(_settings(connection), path)
        return assemble(meta, _rows(connection, path), steps, str(path))
    finally:
        connection.execute("ROLLBACK")


def load_meta(connection: sqlite3.Connection, path: Path, stack: str) -> StackMeta:
    """Read what the stack is from an open database."""
    check_identity(connection, path, stack)
    return _decode_meta(_settings(connection), path)


def load_incidents(connection: sqlite3.Connection, path: Path, stack: str) -> tuple[Incident, ...]:
    """Read only the incidents from an open database, as of one moment.

    The pages are not checked: this is asked before every promotion, and has to stay cheap.
    """
    connection.execute("BEGIN")
    try:
        steps = check_identity(connection, path, stack)
        return assemble_incidents(_rows(connection, path, Kind.INCIDENT), steps, str(path))
    finally:
        connection.execute("ROLLBACK")


def check_identity(connection: sqlite3.Connection, path: Path, stack: str) -> tuple[Migration, ...]:
    """Say which migrations lead to our format, once this is a state of this stack."""
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise damaged(path, "this is not a Keywright state")
    steps = steps_from(int(str(_pragma(connection, "user_version"))), str(path))
    tables = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    if tables != TABLES:
        raise damaged(path, "its tables are not those of a Keywright state")
    found = _settings(connection).get("stack")
    if found != stack:
        raise StateDamagedError(
            f"this is the state of the stack {found!r}, not of {stack!r}",
            where=str(path),
            effect="Nothing was changed",
            remedy=f"Write `stack: {found}` again, or give the new stack a `state.path` of its own",
        )
    return steps


def check_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StateDamagedError when the pages of the database do not fit together."""
    if _pragma(connection, "integrity_check(1)") != "ok":
        raise damaged(path, "parts of it are damaged")


def read_count(settings: Mapping[object, object], name: str, path: Path) -> int:
    """Read a number that only ever rises. StateDamagedError when it is none."""
    count = _expect(int, settings, name, path)
    if not 0 <= count <= HIGHEST:
        raise damaged(path, f"its entry {name!r} is no count")
    return count


def _look(path: Path, stack: str, read: Callable[[sqlite3.Connection], T]) -> T:
    with only_our_errors(path):
        if not is_plain_file(path):
            raise no_state(stack, str(path))
        return look(path, read)


def _pragma(connection: sqlite3.Connection, name: str) -> object:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return value


def _settings(connection: sqlite3.Connection) -> dict[object, object]:
    return dict(connection.execute("SELECT name, value FROM meta").fetchall())


def _decode_meta(settings: Mapping[object, object], path: Path) -> StackMeta:
    recipient = settings.get("recipient")
    return StackMeta(
        stack=_expect(str, settings, "stack", path),
        lineage=_expect(str, settings, "lineage", path),
        salt=_expect(bytes, settings, "salt", path),
        recipient=None if recipient is None else _expect(str, settings, "recipient", path),
        serial=read_count(settings, "serial", path),
        epoch=read_count(settings, "epoch", path),
    )


def _expect(kind: type[T], settings: Mapping[object, object], name: str, path: Path) -> T:
    value = settings.get(name)
    if not isinstance(value, kind):
        raise damaged(path, f"its entry {name!r} is missing or of the wrong type")
    return value


def _rows(connection: sqlite3.Connection, path: Path, kind: Kind | None = None) -> Iterator[Stored]:
    """Give every row, or every one of a kind."""
    select = "SELECT kind, name, rev, CAST(body AS BLOB) FROM rows"
    try:
        if kind is None:
            rows = connection.execute(select).fetchall()
        else:
            rows = connection.execute(f"{select} WHERE kind = ?", (kind,)).fetchall()
    except sqlite3.OperationalError as error:
        if "UTF-8" in str(error):
            raise damaged(path, "the name of a row is not Unicode") from None
        raise
    return (_stored(row, path) for row in rows)


def _stored(row: tuple[object, ...], path: Path) -> Stored:
    match row:
        case (str(kind), str(name), int(rev), bytes(body)) if 1 <= rev <= HIGHEST:
            return Stored(kind, name, rev, body)
        case _:
            raise damaged(path, "a row is not made as Keywright makes them")
