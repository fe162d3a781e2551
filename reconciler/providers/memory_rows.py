"""One row of a key API in memory, and how the API shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.capabilities import Marker
from reconciler.core.keys import ENABLED, EXPIRES_AT, NAME, Attributes, KeyId
from reconciler.core.observed import LiveKey, LiveStatus
from reconciler.core.secret import Fingerprint
from reconciler.providers.memory_traits import Traits


@dataclass(frozen=True, slots=True)
class Row:
    """One key. `attributes` has every field, `mark` what was put into a field of its own."""

    id: KeyId
    attributes: Attributes
    print: Fingerprint
    created_at: datetime
    mark: str
    last_used_at: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        expiry = self.attributes.get(EXPIRES_AT)
        return isinstance(expiry, datetime) and expiry <= now

    def show(self, now: datetime, traits: Traits) -> LiveKey:
        """Show it as an API of this kind does."""
        status = LiveStatus.EXPIRED if self.expired(now) else LiveStatus.ACTIVE
        if self.attributes.get(ENABLED) is False:
            status = LiveStatus.DISABLED
        told = (pair for pair in self.attributes.pairs if pair[0] not in traits.write_only)
        return LiveKey(
            id=self.id,
            name=str(self.attributes.get(NAME) or ""),
            status=status,
            attributes=Attributes(tuple(told)),
            created_at=self.created_at,
            last_used_at=self.last_used_at,
            marked=self.mark if traits.marker is Marker.FIELD else None,
        )
