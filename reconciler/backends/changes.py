"""One write as a value: rows put and rows dropped, each only if its rev is still the recorded one.

Every backend makes a change all or nothing. That rule is here; how a row is kept is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from reconciler.backends.rows import call_row, encode_row, kind_of, name_of
from reconciler.core.recorded import Intent
from reconciler.errors import LockLostError, StateConflictError
from reconciler.interfaces.backend import Row


@dataclass(frozen=True, slots=True)
class Put:
    """Write a row over the one with this rev; 0 means that there must be none."""

    kind: str
    name: str
    rev: int
    body: bytes

    @property
    def new_rev(self) -> int:
        """The rev that the row has afterwards."""
        return self.rev + 1


@dataclass(frozen=True, slots=True)
class Drop:
    """Remove the row with this rev."""

    kind: str
    name: str
    rev: int


@dataclass(frozen=True, slots=True)
class Change:
    """What one caller wants done at once, under the epoch of its lock."""

    epoch: int
    puts: tuple[Put, ...] = ()
    drops: tuple[Drop, ...] = ()


class Rows(Protocol):
    """Where a change lands. Each method says whether the rev was the recorded one."""

    def put(self, put: Put, /) -> bool:
        """Write the row, or touch nothing."""
        ...

    def drop(self, drop: Drop, /) -> bool:
        """Remove the row, or touch nothing."""
        ...


def put_row(row: Row) -> Put:
    """Prepare the writing of a row. StateError when it cannot be written down."""
    body = encode_row(replace(row, rev=row.rev + 1))
    return Put(kind_of(row), name_of(row), row.rev, body)


def change_of(epoch: int, *, puts: tuple[Row, ...] = (), drops: tuple[Row, ...] = ()) -> Change:
    """Prepare a change from rows."""
    return Change(
        epoch,
        tuple(put_row(row) for row in puts),
        tuple(Drop(kind_of(row), name_of(row), row.rev) for row in drops),
    )


def closing(epoch: int, intent: Intent, rows: tuple[Row, ...]) -> Change:
    """Prepare what ends an operation: its rows written, its intent gone."""
    return change_of(epoch, puts=rows, drops=(intent,))


def apply_change(change: Change, rows: Rows, where: str) -> None:
    """Do every part. StateConflictError at the first stale row: the caller then undoes the rest."""
    for put in change.puts:
        if not rows.put(put):
            raise _conflict(put, where)
    for drop in change.drops:
        if not rows.drop(drop):
            raise _conflict(drop, where)


def require_epoch(change: Change, epoch: int, where: str) -> None:
    """Raise LockLostError when somebody took the lock since this change was prepared."""
    if change.epoch != epoch:
        raise LockLostError(
            f"another run took the lock (epoch {epoch}, ours was {change.epoch})",
            where=where,
            effect="This write was not recorded",
            remedy="Wait for the other run, then run `keywright plan`",
        )


def _conflict(part: Put | Drop, where: str) -> StateConflictError:
    return StateConflictError(
        f"{call_row(part.kind, part.name)} changed since it was read",
        where=where,
        effect="This write was not recorded",
        remedy="Run `keywright plan` again",
    )
