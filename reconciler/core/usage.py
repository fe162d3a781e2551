"""What an API's word on last use says, given that we use keys too, to try them out.

Where the two cannot be told apart, a use of the old version counts as a consumer's, and one of the
new version as our own: nobody is cut off on such a doubt.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.core.observed import LiveKey
from reconciler.core.recorded import Version

NOTED_LATE = timedelta(seconds=5)
"""An API may note a use a little later than we saw its answer."""
CLOCKS_APART = timedelta(minutes=5)
"""How far its clock may be from ours, where it does not tell the time."""


def never_used(live: LiveKey, version: Version) -> bool:
    """Whether nobody but we can have used a version: not since consumers were pointed to it."""
    used = live.last_used_at
    return used is None or used <= (version.promoted_at or version.created_at) + NOTED_LATE


def used_by_others(live: LiveKey, version: Version, clock_ahead: timedelta | None) -> bool:
    """Whether consumers have certainly used a version since we used it ourselves.

    `clock_ahead` is how far the API's clock is ahead of ours, None where that is not known.
    """
    used = live.last_used_at
    if used is None:
        return False
    ahead = CLOCKS_APART if clock_ahead is None else max(clock_ahead, timedelta(0))
    return used > _last_own_use(version) + ahead + NOTED_LATE


def _last_own_use(version: Version) -> datetime:
    tries = (proof.at for proof in version.proofs)
    told = (version.verified_at, version.announced_at, *tries)
    return max([version.created_at, *(at for at in told if at is not None)])
