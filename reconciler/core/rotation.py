"""When time alone makes a new version due: by its age, or ahead of the end that its API granted.

Counted from the live version's own creation and its real expiry, so that late runs make nothing
slip, and a rotation that was just done makes nothing due. Keys that were made in one moment are
spread by a hash of their address, earlier only, so that what was promised is never exceeded.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import Address, At
from reconciler.core.recorded import Version
from reconciler.core.steps import Reason

SPREAD = 0.1
"""A rotation may be due earlier than declared by up to this share of the time until then."""
LARGEST_MARGIN = 3
"""`before_expiry` counts for one part in so many of the lifetime that was granted, at most."""
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Due:
    """The moment from which a new version is due, and what makes it so."""

    at: datetime
    reason: Reason


def due(key: DesiredKey, version: Version, expires_at: datetime | None, stack: str) -> Due | None:
    """Say when a version has to be replaced; None where time never makes it so.

    `expires_at` is the end that the API granted. A date that the manifest names itself makes
    nothing due: each new version would end on it as well.
    """
    found = [*_by_age(key, version), *_by_expiry(key, version, expires_at)]
    if not found:
        return None
    first = min(found, key=lambda each: each.at)
    return Due(_earlier(first.at, version.created_at, spread(stack, key.address)), first.reason)


@lru_cache(maxsize=1_000)
def spread(stack: str, address: Address) -> float:
    """Give the share of the spread that falls to a key: from 0 to 1, always the same for it."""
    digest = hashlib.sha256(f"{stack}/{address}".encode()).hexdigest()[:_DIGITS]
    return int(digest, 16) / float(16**_DIGITS)


def _by_age(key: DesiredKey, version: Version) -> list[Due]:
    every = key.rotation.every
    return [] if every is None else [Due(version.created_at + every, Reason.TOO_OLD)]


def _by_expiry(key: DesiredKey, version: Version, expires_at: datetime | None) -> list[Due]:
    before = key.rotation.before_expiry
    if before is None or expires_at is None or isinstance(key.lifetime, At):
        return []
    margin = min(before, (expires_at - version.created_at) / LARGEST_MARGIN)
    return [Due(expires_at - margin, Reason.EXPIRING)]


def _earlier(at: datetime, since: datetime, share: float) -> datetime:
    """Take whole seconds off, so that a moment stays one that people can name."""
    span = max((at - since).total_seconds(), 0)
    return at - timedelta(seconds=int(span * SPREAD * share))
