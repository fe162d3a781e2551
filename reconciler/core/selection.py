"""Which keys a person means: by name, or all that have an owner, a provider, a label, an age.

Looks at what is declared and at what is recorded, so that it also finds keys which the manifest
dropped, or cannot be read for. Every condition has to hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.desired import Desired, DesiredKey
from reconciler.core.keys import Address
from reconciler.core.recorded import KeyRow, Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was asked for. `older_than` is about the version in use."""

    addresses: tuple[Address, ...] = ()
    owner: str | None = None
    provider: str | None = None
    environment: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    older_than: timedelta | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was asked for, which never means everything."""
        return self == Selection()


@dataclass(frozen=True, slots=True)
class Selected:
    """The keys that are meant, and the names that no key has."""

    addresses: tuple[Address, ...]
    unknown: tuple[Address, ...]


def select(selection: Selection, desired: Desired, recorded: Recorded, now: datetime) -> Selected:
    """Give the keys that fulfil every condition, sorted; none where nothing was asked for."""
    keys = {key.address: key for key in desired.keys}
    rows = {row.address: row for row in recorded.keys}
    known = keys.keys() | rows.keys()
    unknown = tuple(address for address in selection.addresses if address not in known)
    if selection.empty:
        return Selected((), unknown)
    meant = set(selection.addresses) & known if selection.addresses else known
    fitting = (
        address for address in meant if _fits(selection, keys.get(address), rows.get(address), now)
    )
    return Selected(tuple(sorted(fitting)), unknown)


def _fits(selection: Selection, key: DesiredKey | None, row: KeyRow | None, now: datetime) -> bool:
    told: DesiredKey | KeyRow | None = key or row
    if told is None:
        return False
    if selection.owner not in {None, told.owner}:
        return False
    if selection.environment not in {None, told.environment}:
        return False
    if not set(selection.labels) <= set(told.labels):
        return False
    return _there(selection, key, row) and _old(selection, row, now)


def _there(selection: Selection, key: DesiredKey | None, row: KeyRow | None) -> bool:
    if selection.provider is None:
        return True
    where = {version.provider for version in row.living} if row else set[str]()
    return selection.provider in (where or {key.provider if key else ""})


def _old(selection: Selection, row: KeyRow | None, now: datetime) -> bool:
    if selection.older_than is None:
        return True
    current = row.current if row else None
    return current is not None and current.created_at + selection.older_than <= now
