"""One look at everything that a provider has: its keys, and what hangs on them, all at once.

What cannot be read is the view's problem. Without its keys, or with those of another tenant, a view
has none at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from reconciler.core.observed import REACH_UNTOLD, ProviderView
from reconciler.errors import ProviderError
from reconciler.providers.actions import Action
from reconciler.providers.deploys import Deploys
from reconciler.providers.dialect.effects import Reach
from reconciler.providers.exchange import Exchange
from reconciler.providers.key_list import KeyList, KeyRows
from reconciler.providers.listing import Listing, Progress, tell_nobody
from reconciler.providers.paths import Reader, compile_path
from reconciler.providers.rows import read_word
from reconciler.providers.sessions.session import Session
from reconciler.providers.tenancy import Tenancy
from reconciler.providers.together import Broken

T = TypeVar("T")


class Reaching:
    """What else keys of this tenant open, by name."""

    def __init__(self, reach: Reach, exchange: Exchange) -> None:
        self._name = compile_path(reach.name)
        self._listing = Listing[str](exchange, Action.REACH, reach.list, self._take, what="names")

    async def read(self) -> tuple[str, ...] | Broken:
        """List the names."""
        listed = await self._listing.read(tell_nobody)
        return listed if isinstance(listed, Broken) else tuple(sorted(set(listed.rows)))

    def _take(self, row: object) -> tuple[None, str]:
        name = read_word(self._name(row))
        if name is None:
            raise ProviderError("answered with something that has no name")
        return None, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Looks at one provider; what its dialect does not have is None."""

    provider: str
    origin: str
    exchange: Exchange
    session: Session
    keys: KeyList
    tenancy: Tenancy
    switch: Reader | None = None
    deploys: Deploys | None = None
    reaching: Reaching | None = None

    async def look(self, progress: Progress) -> ProviderView:
        """See everything in one pass."""
        self.exchange.clock_ahead = None
        keys, told, deployments, reach = await asyncio.gather(
            self.keys.read(progress),
            self.tenancy.ask(),
            self.deploys.read_all() if self.deploys else _nothing(),
            self.reaching.read() if self.reaching else _nothing(),
        )
        enabled = self._read_switch(keys)
        tenant = self._tenant(keys, told)
        complaint = self.tenancy.complain(tenant)
        seen = (keys, told, deployments, enabled)
        problems = [complaint] if complaint else list(_problems(*seen))
        listed = None if complaint or isinstance(keys, Broken) else keys
        return ProviderView(
            provider=self.provider,
            origin=self.origin,
            keys=listed.keys if listed else (),
            absent=listed.absent if listed else frozenset(),
            revoked=listed.absent if listed else frozenset(),
            tenant=tenant,
            clock_ahead=self.exchange.clock_ahead,
            problem="; ".join(dict.fromkeys(problems)) or None,
            enabled=enabled if isinstance(enabled, bool) else None,
            deployments=() if complaint else _seen(deployments),
            # Only told to people: whoever may not ask for it can manage keys all the same.
            reach=(REACH_UNTOLD,) if isinstance(reach, Broken) else reach,
        )

    def _tenant(self, keys: KeyRows | Broken, told: str | Broken | None) -> str | None:
        listed = None if isinstance(keys, Broken) else keys.tenant
        return self.session.tenant or listed or (None if isinstance(told, Broken) else told)

    def _read_switch(self, keys: KeyRows | Broken) -> bool | Broken | None:
        if self.switch is None or isinstance(keys, Broken):
            return None
        enabled = self.switch(keys.data)
        if isinstance(enabled, bool):
            return enabled
        return Broken(f"{self.keys}: the switch for all is not told")


async def _nothing() -> tuple[()]:
    return ()


def _seen(part: tuple[T, ...] | Broken) -> tuple[T, ...]:
    return () if isinstance(part, Broken) else part


def _problems(*parts: object) -> Iterator[str]:
    return (part.problem for part in parts if isinstance(part, Broken))
