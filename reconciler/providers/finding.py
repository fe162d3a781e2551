"""Finding one key by its id, also where an API can only be asked for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from reconciler.core.keys import KeyId
from reconciler.interfaces.driver import Done, Refused, Unknown
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.key_list import Found, KeyList, KeyLookup
from reconciler.providers.listing import tell_nobody
from reconciler.providers.rows import LiveRow
from reconciler.providers.together import Broken


class SharedList:
    """One listing for everybody who waits for one.

    A request takes the first listing that begins after it came, never one that had begun before: it
    may ask about something that was done meanwhile. Nothing runs on when nobody waits any longer.
    """

    def __init__(self, keys: KeyList) -> None:
        self._keys = keys
        self._turn = asyncio.Lock()
        self._begun = 0
        self._ended = 0
        self._result: Mapping[KeyId, LiveRow] | Broken = {}

    async def ask(self) -> Mapping[KeyId, LiveRow] | Broken:
        """Give every key that lives, by its id."""
        wanted = self._begun + 1
        async with self._turn:
            if self._ended < wanted:
                await asyncio.sleep(0)  # let whoever asks at this moment come along
                self._begun += 1
                number = self._begun
                read = await self._keys.read(tell_nobody)
                found = read if isinstance(read, Broken) else {r.key.id: r for r in read.rows}
                self._result, self._ended = found, number
            return self._result


class KeyFinder:
    """Finds keys by their ids."""

    def __init__(self, dialect: Dialect, keys: KeyList, lookup: KeyLookup) -> None:
        self._dialect = dialect.dialect
        self._complete = dialect.operations.list.complete
        self._lookup = lookup
        self._shared = SharedList(keys)

    async def find(self, key_id: KeyId) -> Done[LiveRow | None] | Refused | Unknown:
        """Give a key; Done(None) only where it is certain that it does not live."""
        if not self._lookup.possible:
            return await self._find_listed(key_id)
        found: Found = await self._lookup.ask(key_id)
        if isinstance(found, Done):
            return Done(found.value if isinstance(found.value, LiveRow) else None)
        return found

    async def _find_listed(self, key_id: KeyId) -> Done[LiveRow | None] | Refused | Unknown:
        if not self._complete:
            return Refused(f"not sent: {self._dialect} cannot look a key up")
        rows = await self._shared.ask()
        if isinstance(rows, Broken):
            return Unknown(rows.problem)
        return Done(rows.get(key_id))
