"""Where the state lives: rows with compare-and-swap, durable before a write returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from reconciler.core.recorded import (
    Incident,
    Intent,
    KeyRow,
    ProviderKeyRow,
    ProviderRow,
    Recorded,
    RetiredOp,
    StackMeta,
)

Row: TypeAlias = KeyRow | Intent | RetiredOp | ProviderRow | ProviderKeyRow | Incident
"""A row is found by its kind and its name: address, op, op, provider name, address, id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock, for the person who finds it held."""

    who: str
    host: str
    pid: int
    command: str
    job_url: str | None
    since: datetime


class StateReader(Protocol):
    """All that planning may do with the state. Takes no lock."""

    async def read(self) -> Recorded:
        """Read everything. StateMissingError, StateDamagedError, StateTooNewError."""
        ...

    async def read_meta(self) -> StackMeta:
        """Read only what the stack is; the same errors as `read`."""
        ...

    async def incidents(self) -> tuple[Incident, ...]:
        """Read only the incidents, as they are at this moment; the same errors as `read`."""
        ...


class Backend(StateReader, Protocol):
    """A state with its writing side. Every write carries the epoch of our lock."""

    async def initialise(self, meta: StackMeta) -> None:
        """Make a new, empty state; StateError when there is one already."""
        ...

    async def lock(self, holder: Holder) -> int:
        """Take the stack's lock and give the new epoch. StateLockedError names the holder."""
        ...

    async def unlock(self) -> None:
        """Give the lock back; harmless when it is not held."""
        ...

    async def write_row(self, row: Row) -> int:
        """Write one row if its `rev` is still the recorded one, and give the new rev.

        Durable when it returns. StateConflictError when the row changed; LockLostError when our
        epoch is over.
        """
        ...

    async def write_incident(self, incident: Incident) -> int:
        """Write an incident if its `rev` is still the recorded one, and give the new rev.

        The one write that needs no lock: it is for the moment in which another run holds it.
        Durable when it returns. StateConflictError when the row changed.
        """
        ...

    async def close_intent(self, intent: Intent, *rows: Row) -> None:
        """Write these rows and remove the intent, in one transaction, durably."""
        ...

    async def drop_row(self, row: Row) -> None:
        """Remove one row, durably."""
        ...

    async def close(self) -> None:
        """Give files and connections back."""
        ...
