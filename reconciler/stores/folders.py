"""Folders that are walked by descriptor, and files that are whole or not there at all.

No path is ever followed through a symbolic link here: every step opens one plain name inside a
folder that is already open, so nobody can swap a part of the path in between. Knows nothing of
secrets, marks or age, and lets OSError out: its callers know what the file was for.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.stores.names import TEMPORARY

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_INNER = _FOLDER | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a FIFO that somebody left under the right name would hang us.
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600

_NO_LOCKS = frozenset({errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS})
"""What file systems answer that cannot lock a folder (NFS wants it open for writing)."""

_ATTEMPTS = 8
"""How often a folder may be removed under our feet, by others who tidy up, before we give up."""

BLOCKED = frozenset({errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
"""What walking says where there is a link, a file, or a name that can be no folder's."""


def make_folders(path: Path) -> None:
    """Make a folder and its missing parents, for this user only."""
    if path.is_dir():
        return
    make_folders(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=_FOLDER_MODE)
    with open_top(path.parent) as parent:
        os.fsync(parent)


@contextmanager
def open_top(path: Path, *, follow: bool = True) -> Iterator[int]:
    """Open the folder that somebody configured; where it leads is their choice."""
    folder = os.open(path, _FOLDER if follow else _INNER)
    try:
        yield folder
    finally:
        os.close(folder)


@contextmanager
def open_below(top: int, parts: Sequence[str]) -> Iterator[int]:
    """Open a folder some plain names below another; FileNotFoundError where it is missing."""
    folder = _descend(top, parts, create=False)
    try:
        yield folder
    finally:
        os.close(folder)


@contextmanager
def open_locked(top: int, parts: Sequence[str], *, create: bool) -> Iterator[int]:
    """Open a folder some plain names below another, as the only writer in it."""
    folder = _enter_locked(top, parts, create=create)
    try:
        yield folder
    finally:
        os.close(folder)  # and the lock goes with it


def _enter_locked(top: int, parts: Sequence[str], *, create: bool) -> int:
    for _ in range(_ATTEMPTS):
        folder = _try_entering(top, parts, create=create)
        if folder is not None:
            return folder
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _try_entering(top: int, parts: Sequence[str], *, create: bool) -> int | None:
    """Give None where somebody removed the folder between our finding and our locking it."""
    try:
        folder = _descend(top, parts, create=create)
    except FileNotFoundError:
        if create:
            return None
        raise
    _lock(folder)
    if os.fstat(folder).st_nlink:
        return folder
    os.close(folder)
    return None


def _lock(folder: int) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
    except OSError as error:
        # The lock on the state keeps two runs of one stack apart; this one is the second belt.
        if error.errno not in _NO_LOCKS:
            os.close(folder)
            raise


def _descend(top: int, parts: Sequence[str], *, create: bool) -> int:
    folder = os.dup(top)
    for part in parts:
        try:
            inner = _enter(folder, part, create=create)
        finally:
            os.close(folder)
        folder = inner
    return folder


def _enter(folder: int, part: str, *, create: bool) -> int:
    try:
        return os.open(part, _INNER, dir_fd=folder)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):
        os.mkdir(part, _FOLDER_MODE, dir_fd=folder)
    os.fsync(folder)
    return os.open(part, _INNER, dir_fd=folder)


def publish(folder: int, name: str, data: bytes) -> None:
    """Put a whole file under a name; the name is durable after the folder's own fsync."""
    temporary = TEMPORARY + name
    remove(folder, temporary)
    file = os.open(temporary, _NEW, _FILE_MODE, dir_fd=folder)
    try:
        _fill(file, data)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        remove(folder, temporary)
        raise


def _fill(file: int, data: bytes) -> None:
    with os.fdopen(file, "wb", buffering=0) as whole:
        rest = memoryview(data)
        while rest:
            rest = rest[whole.write(rest) :]
        os.fsync(file)


def point(folder: int, name: str, at: str) -> None:
    """Make a relative link point at another file, in one step."""
    temporary = TEMPORARY + name
    remove(folder, temporary)
    os.symlink(at, temporary, dir_fd=folder)
    os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def follow_pointer(folder: int, name: str) -> str | None:
    """Say what a link points at; None where there is no link."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.EINVAL}:
            return None
        raise


def read_file(folder: int, name: str, limit: int) -> bytes | None:
    """Read a plain file; None where it is missing, larger than `limit`, or anything else."""
    try:
        file = os.open(name, _OLD, dir_fd=folder)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP, errno.EMLINK, errno.ENXIO}:
            return None
        raise
    try:
        found = os.fstat(file)
        fits = stat.S_ISREG(found.st_mode) and found.st_size <= limit
        return _drain(file, limit) if fits else None
    finally:
        os.close(file)


def _drain(file: int, limit: int) -> bytes | None:
    data = bytearray()
    while chunk := os.read(file, limit + 1 - len(data)):
        data += chunk
    return bytes(data) if len(data) <= limit else None


def list_files(folder: int) -> list[tuple[str, bool]]:
    """Give the names of everything that is no folder, and whether each is a plain file."""
    with os.scandir(folder) as entries:
        return [
            (entry.name, entry.is_file(follow_symlinks=False))
            for entry in entries
            if not entry.is_dir(follow_symlinks=False)
        ]


def exists(folder: int, name: str) -> bool:
    """Whether there is anything under a name, whatever it is."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def remove(folder: int, name: str) -> None:
    """Remove a file; a missing one is done."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def sweep(folder: int) -> None:
    """Remove what an interrupted writer left half-written. Only for whoever holds the lock."""
    for name, _ in list_files(folder):
        if name.startswith(TEMPORARY):
            remove(folder, name)


def prove_writable(folder: int, size: int) -> None:
    """Make and remove a file, and look for room; OSError where writing would fail."""
    probe = f"{TEMPORARY}probe-{os.urandom(8).hex()}"
    os.close(os.open(probe, _NEW, _FILE_MODE, dir_fd=folder))
    remove(folder, probe)
    room = os.fstatvfs(folder)
    # A file system that counts no blocks at all (some network ones) says nothing about room.
    if room.f_blocks and room.f_bavail * room.f_frsize < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def remove_empty(top: int, parts: Sequence[str]) -> None:
    """Remove a folder and the parents that it leaves empty; one that came back would do no harm."""
    for depth in range(len(parts), 0, -1):
        with open_below(top, parts[: depth - 1]) as parent:
            try:
                os.rmdir(parts[depth - 1], dir_fd=parent)
            except OSError:
                return
