"""A session that somebody has to be let in for, and that may run out in the middle of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from reconciler.core.secret import Secret
from reconciler.http.answers import Answer, Result
from reconciler.http.calls import Call
from reconciler.providers.dialect.parts import Match
from reconciler.providers.sessions.session import Access, NoAccess, Send
from reconciler.providers.verdicts import Judge

_CHANCES: Final = 3  # the session that is there, a renewed one, and one of a new login


@dataclass(slots=True, eq=False, kw_only=True)
class Entry:
    """One time of being let in. `cookies` are kept for a renewal; `worked` is found out."""

    access: Access
    tenant: str | None = None
    cookies: Mapping[str, Secret] = field(default_factory=dict)
    renewed: bool = False
    worked: bool = False


class Entrance(Protocol):
    """How one is let in."""

    async def enter(self) -> Entry | NoAccess:
        """Log in."""
        ...

    async def renew(self, entry: Entry, /) -> Entry | None:
        """Make an entry last longer without the password; None where that cannot be done."""
        ...


class RenewedSession:
    """One entry, shared by every call of a driver; many refused calls renew it only once."""

    def __init__(
        self, send: Send, entrance: Entrance, judge: Judge, again_on: tuple[Match, ...]
    ) -> None:
        self._send = send
        self._entrance = entrance
        self._judge = judge
        self._again_on = again_on
        self._turn = asyncio.Lock()
        self._entry: Entry | None = None
        self._denied: NoAccess | None = None

    @property
    def tenant(self) -> str | None:
        """Who we are there, once logged in."""
        return self._entry.tenant if self._entry else None

    async def send(self, call: Call) -> Result | NoAccess:
        """Make a call as us. A refused entry is replaced and the call, without effect, redone.

        A login that never worked is not repeated: that would only log in for ever.
        """
        refused: Entry | None = None
        for chance in range(1, _CHANCES + 1):
            entry = await self._enter(refused)
            if isinstance(entry, NoAccess):
                return entry
            result = await self._send(entry.access.add_to(call))
            if not self._refuses_entry(result):
                entry.worked = entry.worked or isinstance(result, Answer)
                return result
            replaceable = refused is None if entry.worked else entry.renewed
            if not replaceable or chance == _CHANCES:
                return result
            refused = entry
        raise RuntimeError("the last chance returns")

    def _refuses_entry(self, result: Result) -> bool:
        if not isinstance(result, Answer):
            return False
        code = self._judge.code(result)
        return any(match.fits(result.status, code) for match in self._again_on)

    async def _enter(self, refused: Entry | None) -> Entry | NoAccess:
        """Give the current entry; a new one where there is none but the refused one."""
        async with self._turn:
            if self._denied is not None:
                return self._denied
            if self._entry is not None and self._entry is not refused:
                return self._entry
            entered = await self._replace(refused)
            if isinstance(entered, Entry):
                self._entry = entered
            elif entered.lasting:  # asking again and again would lock the account
                self._denied = entered
            return entered

    async def _replace(self, refused: Entry | None) -> Entry | NoAccess:
        if refused is not None and refused.worked:
            renewed = await self._entrance.renew(refused)
            if renewed is not None:
                return renewed
        return await self._entrance.enter()
