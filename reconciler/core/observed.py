"""What is really there: live keys, heads of store slots, spooled secrets. The second input.

Nothing here can hold a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.core.keys import Attributes, KeyId, OpId, Target
from reconciler.core.secret import Fingerprint

REACH_UNTOLD = "(could not be told)"
"""What stands in `ProviderView.reach` where the API does not say what else keys open."""


class LiveStatus(StrEnum):
    """What a live key is worth right now, as its API tells it."""

    ACTIVE = "active"
    DISABLED = "disabled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveKey:
    """One credential as the API shows it. `attributes` holds every field that it tells.

    `marked` is the text in which our mark stands, where that is not the name. `held_by` says that
    somebody else manages it by the API's own word (an OAuth client, say): it is never ours.
    """

    id: KeyId
    name: str
    status: LiveStatus
    attributes: Attributes
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    marked: str | None = None
    held_by: str | None = None

    @property
    def mark_text(self) -> str:
        """Where to look for our mark."""
        return self.name if self.marked is None else self.marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What one project runs: the keys that its container was built with, and the latest deploy.

    `key_ids` and `enabled` are what the running container froze, not what is set now; a project
    that never ran holds none. `stage` is the API's own word for the latest deploy, for people.
    `idle` tells a project of which no deploy was ever begun from one whose first is under way; None
    where the API does not.
    """

    project: str
    stage: str
    running: bool
    failed: bool
    deployed_at: datetime | None
    key_ids: frozenset[KeyId] = frozenset()
    enabled: bool | None = None
    idle: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One upstream of a gateway, as it shows it; its secret can never be read."""

    id: str
    name: str
    attributes: Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderView:
    """One provider as a run saw it.

    Listing is not existence: `keys` has every row of the list, plus recorded ids that the list hid
    and GET still found; `absent` has recorded ids that are confirmed to be gone, `revoked`
    those of them that are still shown, as revoked. With `problem`
    set the read is incomplete: what is missing from `keys` may well exist (promise I7).

    `enabled` is the tenant-wide switch, None where there is none; `deployments` has every project;
    `reach` names what else keys of this tenant open, such as subaccounts. `upstreams` are only read
    where the stack has provider keys, and `upstreams_problem` says why they could not be.
    """

    provider: str
    origin: str
    keys: tuple[LiveKey, ...] = ()
    absent: frozenset[KeyId] = frozenset()
    revoked: frozenset[KeyId] = frozenset()
    tenant: str | None = None
    clock_ahead: timedelta | None = None
    problem: str | None = None
    enabled: bool | None = None
    deployments: tuple[Deployment, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    upstreams_problem: str | None = None
    reach: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether absence from this view means anything."""
        return self.problem is None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """One version of a secret in a store slot, by the mark that we wrote beside it."""

    op: OpId
    key_id: KeyId
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a slot holds, without any value: enough to decide and to compare-and-set.

    `owner` is "stack/address" of whoever wrote it, "" for a slot that exists without a mark, and
    None for an empty slot. `etag` names the exact state of the slot.
    """

    target: Target
    owner: str | None
    etag: str
    current: StoredVersion | None = None
    staged: tuple[StoredVersion, ...] = ()

    def carries(self, op: OpId) -> bool:
        """Whether the secret of this operation has reached the slot."""
        return any(version.op == op for version in (*self.staged, self.current) if version)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreView:
    """One store as a run saw it. With `problem` set nothing is known of its slots.

    `readback` says whether we could read values from it here, if we had to.
    """

    store: str
    heads: tuple[Head, ...] = ()
    readback: bool = True
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolView:
    """Which operations have a secret resting in the spool, and whether we could open it."""

    ops: frozenset[OpId] = frozenset()
    readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything a run saw, sorted by name."""

    providers: tuple[ProviderView, ...]
    stores: tuple[StoreView, ...] = ()
    spool: SpoolView = SpoolView()
