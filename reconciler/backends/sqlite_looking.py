"""How an SQLite file is looked at without leaving a trace beside it.

SQLite would make files of its own, or could not. So a file that is in use is read beside its
writer, one that nobody has open as if it could never change, and what a killed run left through a
private copy. The last two are looked at again if they did change meanwhile.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from reconciler.backends.sqlite_file import beside, is_plain_file, open_database
from reconciler.errors import StateDamagedError, StateError

T = TypeVar("T")
_ATTEMPTS = 5


def look(path: Path, read: Callable[[sqlite3.Connection], T]) -> T:
    """Read as of one moment. StateError when the file keeps changing meanwhile."""
    for left in reversed(range(_ATTEMPTS)):
        writer_side = _open_beside_writer(path)
        if writer_side is not None:
            with closing(writer_side):
                return read(writer_side)
        before = _stamps(path)
        try:
            result = _look_at_rest(path, read, in_full=before["-wal"] is None)
        except (sqlite3.Error, OSError, StateDamagedError):
            if not left or _stamps(path) == before:
                raise
        else:
            if _stamps(path) == before:
                return result
    raise StateError(
        "the state kept changing while it was read",
        where=str(path),
        effect="Nothing was changed",
        remedy="Try again in a moment",
    )


def copy_aside(path: Path, folder: Path) -> Path:
    """Copy a database with its log to a folder of our own."""
    copy = folder / path.name
    for suffix, stamp in _stamps(path).items():
        if stamp is not None:
            shutil.copyfile(beside(path, suffix), beside(copy, suffix))
    return copy


def _look_at_rest(path: Path, read: Callable[[sqlite3.Connection], T], *, in_full: bool) -> T:
    """Read a file that nobody seems to have open; `in_full` says that it needs no log."""
    if in_full:
        with closing(open_database(path, "ro", "immutable=1")) as connection:
            return read(connection)
    with tempfile.TemporaryDirectory(prefix="keywright-state-") as folder:
        copy = copy_aside(path, Path(folder))
        with closing(open_database(copy, "rw")) as connection:
            return read(connection)


def _open_beside_writer(path: Path) -> sqlite3.Connection | None:
    """Open a database that has SQLite's own files beside it already; None where that cannot be."""
    if not all(is_plain_file(beside(path, suffix)) for suffix in ("-wal", "-shm")):
        return None
    connection = open_database(path, "ro")
    try:
        connection.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError:
        # Its shared memory is not for us. If more is wrong, the private copy will tell.
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    return connection


def _stamps(path: Path) -> Mapping[str, tuple[int, int, int] | None]:
    return {suffix: _stamp(beside(path, suffix)) for suffix in ("", "-wal")}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    if not is_plain_file(path):
        return None
    found = path.lstat()
    return found.st_ino, found.st_size, found.st_mtime_ns
