"""The lock of a state on this host: an flock, which the kernel frees when the process dies.

The file is never removed, since a lock on a removed file excludes nobody who comes later.
"""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import Self, final

from reconciler.errors import StateError

_ATTEMPTS = 3


@final
class LockFile:
    """One lock that is held, until `release` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Take the lock; None when somebody else has it.

        StateError when the path is no plain file, OSError when it cannot be opened or locked.
        """
        for _ in range(_ATTEMPTS):
            descriptor = _open(path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            except OSError:
                os.close(descriptor)
                raise
            if is_at(descriptor, path):
                return cls(descriptor)
            os.close(descriptor)
        return None

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)


def _open(path: Path) -> int:
    if path.is_symlink():
        raise StateError(
            "the lock file is a symbolic link", where=str(path), effect="Nothing was changed"
        )
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StateError(
            "the lock file is not a plain file", where=str(path), effect="Nothing was changed"
        )
    return descriptor


def is_at(descriptor: int, path: Path) -> bool:
    """Say whether what we locked is still what others will find at the path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
