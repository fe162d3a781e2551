"""A live key API: what a driver must do, and the classes of outcome that a write can have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeAlias, TypeVar

from reconciler.core.desired import Call
from reconciler.core.keys import Attributes, KeyId, OpId
from reconciler.core.observed import Deployment, LiveKey, ProviderView, Upstream
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One entry of an API's own log about a key, as far as it tells."""

    at: datetime | None
    actor: str | None
    action: str
    request_id: str | None = None


class Probe(StrEnum):
    """What the API says to a call made with a key."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class Said(StrEnum):
    """What the API says to a call of the manifest's own that was made with a key."""

    ALLOWED = "allowed"
    DENIED = "denied"
    """The key is known, and may not do this."""
    REJECTED = "rejected"
    """The key itself is refused."""
    UNKNOWN = "unknown"


class KeyReader(Protocol):
    """All that planning may do with a key API."""

    async def survey(self, progress: Callable[[int, int], None]) -> ProviderView:
        """List every key, page by page, telling `progress(seen, total)`.

        Does not raise for a failed or incomplete read: that is `ProviderView.problem`.
        """
        ...

    async def get(self, key_id: KeyId) -> Outcome[LiveKey | None]:
        """Look one key up by id; Done(None) only when the API says that it does not exist.

        Where an API has no look-up by id, its whole list is asked, once for many that wait.
        """
        ...

    async def upstreams(self) -> Outcome[tuple[Upstream, ...]]:
        """List the upstreams of a gateway."""
        ...

    async def deployment(self, project: str) -> Outcome[Deployment]:
        """Look at what one project runs."""
        ...


class KeyDriver(KeyReader, Protocol):
    """A key API with its writing side. No write is ever retried blindly in here."""

    async def create(self, op: OpId, wanted: Attributes, mark: str) -> Outcome[Created]:
        """Create a key. `wanted` has its final name; `mark` is for a field of its own, if any."""
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

    async def ask(self, secret: Secret, call: Call) -> Said:
        """Make one read-only call with a key, where keys are used; retried like any read."""
        ...

    async def switch_all(self, *, on: bool) -> Outcome[None]:
        """Set the tenant-wide switch; so already is done."""
        ...

    async def deploy(self, project: str) -> Outcome[None]:
        """Start a deploy; one that is running already is Refused with its status."""
        ...

    async def put_upstream(
        self, upstream_id: str | None, name: str, fields: Attributes, secret: Secret
    ) -> Outcome[Upstream]:
        """Set the secret of an upstream, or make the upstream where `upstream_id` is None."""
        ...

    async def audit(self, key_id: KeyId) -> Outcome[tuple[AuditRecord, ...]]:
        """Read the API's own log about one key, the newest entry first."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
