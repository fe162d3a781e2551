"""What the manifest says should exist: the first of the planner's three inputs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from reconciler.core.keys import Address, Attributes, Lifetime, Target


class Unmanaged(StrEnum):
    """What to do about live keys that nobody declared."""

    IGNORE = "ignore"
    WARN = "warn"
    FAIL = "fail"


class OnExternalDisable(StrEnum):
    """What to do about a key that somebody else switched off. It may be an incident."""

    HOLD = "hold"
    ROTATE = "rotate"
    REACTIVATE = "reactivate"


class OnUnused(StrEnum):
    """What to do about a key that nobody has used for `unused_after`."""

    REPORT = "report"
    DISABLE = "disable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """How versions of a key follow each other.

    A version is due `every` so long after its own creation, and `before_expiry` ahead of the end
    that its API granted; None is never. `overlap` is how long the old one works beside the new one
    at least. Where the API tells last use, the old one has to be unused for `idle` besides; it is
    waited for no longer than `hold_at_most` beyond the overlap, None is for ever.
    """

    every: timedelta | None = None
    before_expiry: timedelta | None = None
    overlap: timedelta = timedelta(hours=48)
    idle: timedelta = timedelta(hours=24)
    hold_at_most: timedelta | None = None

    @property
    def due_some_day(self) -> bool:
        """Whether time alone makes a rotation due."""
        return self.every is not None or self.before_expiry is not None


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """One read-only call with a key, such as GET /admin/audit-logs."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """What a new key must be able to do, and must be refused, beside the dialect's own probe."""

    allowed: tuple[Call, ...] = ()
    denied: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredKey:
    """One declared key, with defaults and environment already merged in.

    `attributes` holds only what the manifest manages, without the name and the expiry: those two
    depend on the version (`ownership.mark_name`, `diff.wanted`). `on_promoted` words how consumers
    are told about a new version, None where nobody tells them.
    """

    address: Address
    provider: str
    name: str
    attributes: Attributes
    lifetime: Lifetime
    target: Target
    delete_after: timedelta
    place: str
    owner: str | None = None
    service: str | None = None
    environment: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    protect: bool = False
    rotation: Rotation = Rotation()
    verify: Verify = Verify()
    on_promoted: str | None = None
    on_external_disable: OnExternalDisable = OnExternalDisable.HOLD
    unused_after: timedelta | None = None
    on_unused: OnUnused = OnUnused.REPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredProvider:
    """One configured connection to one tenant of one live key API, without its credentials.

    `keys_enabled` is the tenant-wide switch, None where it is not managed. `deploy` names the
    projects that are deployed, in order, the first one as the canary: () is every one that there
    is, None is that somebody else deploys. `exclusive` says that nobody else makes keys there.
    `max_rotations` bounds how many keys the clock rotates there in one run, None is no bound.
    """

    name: str
    dialect: str
    origin: str
    unmanaged: Unmanaged = Unmanaged.WARN
    name_template: str = "{name}.{mark}"
    keys_enabled: bool | None = None
    deploy: tuple[str, ...] | None = None
    exclusive: bool = False
    max_rotations: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredProviderKey:
    """One secret that goes INTO a gateway: the key by which it calls an upstream.

    The value is what slot `source` holds; `of_key` names the declared key whose slot that is, where
    it is one. `fields` say how the upstream is made where the gateway has none of that name;
    `adopt` allows replacing a value that we did not write.
    """

    address: Address
    provider: str
    upstream: str
    source: Target
    of_key: Address | None
    fields: Attributes
    adopt: bool
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """A whole stack as the manifest declares it; each part sorted by name."""

    stack: str
    providers: tuple[DesiredProvider, ...]
    keys: tuple[DesiredKey, ...]
    provider_keys: tuple[DesiredProviderKey, ...] = ()
