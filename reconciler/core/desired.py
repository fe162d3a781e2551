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


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredKey:
    """One declared key, with defaults and environment already merged in.

    `attributes` holds only what the manifest manages, without the name and the expiry: those two
    depend on the version (`ownership.mark_name`, `diff.wanted`).
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredProvider:
    """One configured connection to one tenant of one live key API, without its credentials.

    `keys_enabled` is the tenant-wide switch, None where it is not managed. `deploy` names the
    projects that are deployed, in order, the first one as the canary: () is every one that there
    is, None is that somebody else deploys. `exclusive` says that nobody else makes keys there.
    """

    name: str
    dialect: str
    origin: str
    unmanaged: Unmanaged = Unmanaged.WARN
    name_template: str = "{name}.{mark}"
    keys_enabled: bool | None = None
    deploy: tuple[str, ...] | None = None
    exclusive: bool = False


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
