"""The encrypted resting place of a secret between the API's answer and the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reconciler.core.keys import KeyId, OpId
from reconciler.core.observed import SpoolView
from reconciler.core.secret import Secret


@dataclass(frozen=True, slots=True)
class Spooled:
    """One secret at rest, with the id of the key that it opens."""

    key_id: KeyId
    secret: Secret


class SpoolReader(Protocol):
    """All that planning may do with the spool."""

    async def view(self) -> SpoolView:
        """List the operations that have an entry."""
        ...


class Spool(SpoolReader, Protocol):
    """A spool with its writing side. Failures raise SpoolError."""

    @property
    def lasting(self) -> bool:
        """Whether entries outlive the process, so that a failed store can wait for the next run."""
        ...

    async def put(self, op: OpId, key_id: KeyId, secret: Secret) -> None:
        """Lay a secret down, encrypted and durable."""
        ...

    async def take(self, op: OpId) -> Spooled | None:
        """Take a secret up; None where there is no entry or we cannot open it. The entry stays."""
        ...

    async def drop(self, op: OpId) -> None:
        """Shred an entry; a missing one is done."""
        ...
