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
    """One configured connection to one tenant of one live key API, without its credentials."""

    name: str
    dialect: str
    origin: str
    unmanaged: Unmanaged = Unmanaged.WARN
    name_template: str = "{name}.{mark}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """A whole stack as the manifest declares it; keys and providers sorted by name."""

    stack: str
    providers: tuple[DesiredProvider, ...]
    keys: tuple[DesiredKey, ...]
