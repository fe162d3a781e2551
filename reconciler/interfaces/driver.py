"""A live key API: what a driver must do, and the classes of outcome that a write can have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeAlias, TypeVar

from reconciler.core.keys import Attributes, KeyId, OpId
from reconciler.core.observed import LiveKey, ProviderView
from reconciler.core.secret import Secret

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The API said yes."""

    value: T


@dataclass(frozen=True, slots=True)
class Refused:
    """The API said a clear no, or was never reached: nothing has changed there."""

    reason: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """No clear answer came: the call may or may not have taken effect. Same path as a crash."""

    reason: str


Outcome: TypeAlias = Done[T] | Refused | Unknown


@dataclass(frozen=True, slots=True)
class Created:
    """A new key and its secret, which the API shows this once. `secret` is not part of any repr."""

    key: LiveKey
    secret: Secret


class Probe(StrEnum):
    """What the API says to a call made with a key."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class KeyReader(Protocol):
    """All that planning may do with a key API."""

    async def survey(self, progress: Callable[[int, int], None]) -> ProviderView:
        """List every key, page by page, telling `progress(seen, total)`.

        Does not raise for a failed or incomplete read: that is `ProviderView.problem`.
        """
        ...

    async def get(self, key_id: KeyId) -> Outcome[LiveKey | None]:
        """Look one key up by id; Done(None) only when the API says that it does not exist."""
        ...


class KeyDriver(KeyReader, Protocol):
    """A key API with its writing side. No write is ever retried blindly in here."""

    async def create(self, op: OpId, wanted: Attributes) -> Outcome[Created]:
        """Create a key; `wanted` has its final, marked name."""
        ...

    async def update(self, key_id: KeyId, changes: Attributes) -> Outcome[LiveKey | None]:
        """Change these fields, `enabled` aside, in place."""
        ...

    async def enable(self, key_id: KeyId) -> Outcome[None]:
        """Switch a key on; on already is done."""
        ...

    async def disable(self, key_id: KeyId) -> Outcome[None]:
        """Switch a key off; off already is done."""
        ...

    async def delete(self, key_id: KeyId) -> Outcome[None]:
        """Delete a key; absent already is done."""
        ...

    async def probe(self, secret: Secret) -> Probe:
        """Use a key once, in a call without effect, to see whether it is accepted."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
