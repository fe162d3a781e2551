"""Telling consumers that there is a new version of a key, so that they fetch its secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.core.keys import Address, KeyId, OpId, Target
from reconciler.interfaces.driver import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What consumers are told: where the new secret is, and never the secret.

    `op` is the same for every attempt at telling of one version. `replaces` is the number of the
    version before it, and `overlap_seconds` how long that one works on at least from now.
    """

    stack: str
    address: Address
    op: OpId
    number: int
    key_id: KeyId
    target: Target
    promoted_at: datetime
    owner: str | None
    service: str | None
    environment: str | None
    replaces: int | None
    overlap_seconds: int


class Notifier(Protocol):
    """Tells consumers in the way that the manifest says for each key."""

    async def announce(self, news: News) -> Outcome[None]:
        """Tell; Done once the consumers' side took it. Telling twice is harmless."""
        ...
