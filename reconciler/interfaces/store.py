"""A secrets manager: what a store must do, and what it declares that it can.

A write that is refused raises StoreRefusedError, one whose outcome is unknown
StoreUnavailableError, one that lost a race StoreConflictError.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from reconciler.core.keys import Target
from reconciler.core.observed import Head, StoredVersion, StoreView
from reconciler.core.secret import Secret


class Verification(StrEnum):
    """What reading a written value back says."""

    VERIFIED = "verified"
    UNVERIFIABLE = "unverifiable"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAbilities:
    """What a store declares. `hidden_staging`: a staged value is not yet what consumers read."""

    hidden_staging: bool
    readback: bool
    max_bytes: int


class StoreReader(Protocol):
    """All that planning may do with a store: look at heads, never at values."""

    async def heads(self, targets: tuple[Target, ...]) -> StoreView:
        """Look at many slots; does not raise, a failure is `StoreView.problem`."""
        ...


class Store(StoreReader, Protocol):
    """A store with its writing side. Every method is idempotent by operation id."""

    @property
    def abilities(self) -> StoreAbilities:
        """What this store can do."""
        ...

    async def preflight(self, target: Target, owner: str, size: int) -> Head:
        """Prove that `owner` ("stack/address") could write `size` bytes here.

        Asked before a key is minted: reachable, allowed, ours or empty, not too large. Raises
        StoreRefusedError otherwise.
        """
        ...

    async def stage(
        self, target: Target, secret: Secret, version: StoredVersion, owner: str, expect: Head
    ) -> None:
        """Write a version, durably, without making it the current one where staging is hidden.

        Writing the same operation again is done. StoreConflictError when the slot is no longer at
        `expect` through somebody else's doing.
        """
        ...

    async def verify(self, target: Target, version: StoredVersion) -> Verification:
        """Read a written version back and compare fingerprints."""
        ...

    async def promote(self, target: Target, version: StoredVersion) -> None:
        """Make a staged version the one that consumers read, atomically and durably."""
        ...

    async def fetch(self, target: Target, version: StoredVersion) -> Secret | None:
        """Read one version's value; None where it is missing or cannot be read by us."""
        ...

    async def read(self, target: Target) -> Secret | None:
        """Read what consumers of a slot read now, whoever wrote it; None where that cannot be."""
        ...

    async def retire(self, target: Target, owner: str, keep: tuple[StoredVersion, ...]) -> None:
        """Remove every version of this owner in a slot but these; an empty slot goes as well.

        Another owner's versions stay, also those of another key of the same stack.
        """
        ...
