"""Every key of a tenant: the list, what poor rows still need, and who is only remembered."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from reconciler.core.keys import KeyId
from reconciler.core.observed import LiveKey
from reconciler.errors import ProviderError
from reconciler.interfaces.driver import Done, Refused, Unknown
from reconciler.providers.actions import Action
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.exchange import Exchange
from reconciler.providers.listing import Listed, Listing, Progress, tell_nobody
from reconciler.providers.rows import DeadRow, LiveRow, Row, RowReader, UnreadableKeyError
from reconciler.providers.together import Broken, read_each
from reconciler.providers.verdicts import Absent, Accepted

_AT_ONCE: Final = 8
_Entry: TypeAlias = Row | KeyId
Found: TypeAlias = Done[Row | None] | Refused | Unknown


class KeyLookup:
    """Asks for one key by its id, where the API has a call for that."""

    def __init__(self, dialect: Dialect, exchange: Exchange, rows: RowReader) -> None:
        get = dialect.operations.get
        self._get = exchange.prepare(Action.GET, get, "id") if get else None
        self._dialect = dialect.dialect
        self._exchange = exchange
        self._rows = rows

    @property
    def possible(self) -> bool:
        """Whether there is such a call."""
        return self._get is not None

    async def ask(self, key_id: KeyId) -> Found:
        """Give the key's row; Done(None) where the API says that there is none."""
        if self._get is None:
            return Refused(f"not sent: {self._dialect} cannot look a key up")
        match await self._exchange.do(self._get, {"id": key_id}):
            case Absent():
                return Done(None)
            case Accepted(data=data):
                return self._read(key_id, data)
            case Refused() | Unknown() as other:
                return other

    def _read(self, key_id: KeyId, data: object) -> Found:
        try:
            row = self._rows.take(data, self._exchange.now)
        except UnreadableKeyError as error:
            return Unknown(f"{self._get} {error.what}")
        found = row.id if isinstance(row, DeadRow) else row.key.id
        if found not in (key_id, None):
            return Unknown(f"{self._get} answered with something else than this key")
        return Done(row)


@dataclass(frozen=True, slots=True)
class KeyRows:
    """What a whole list tells. `absent` are the ids of keys that are only remembered.

    `tenant` is what every row says; `data` is what the list tells beside its rows.
    """

    rows: tuple[LiveRow, ...]
    absent: frozenset[KeyId]
    tenant: str | None
    data: object = field(repr=False)

    @property
    def keys(self) -> tuple[LiveKey, ...]:
        """Every key that lives."""
        return tuple(row.key for row in self.rows)


class KeyList:
    """Reads the list of all keys, and looks up what its rows do not tell."""

    def __init__(
        self, dialect: Dialect, exchange: Exchange, rows: RowReader, lookup: KeyLookup
    ) -> None:
        operation = dialect.operations.list
        takes = {"full": self._take_full, "summary": self._take_summary, "ids": self._take_id}
        if operation.rows != "full" and not lookup.possible:
            raise ProviderError(f"{dialect.dialect} lists {operation.rows} and has no `get`")
        self._poor = operation.rows != "full"
        self._tells_tenant = dialect.tenant.told is not None and dialect.tenant.told.row is not None
        self._place = f"{operation.method} {operation.path}"
        self._exchange = exchange
        self._rows = rows
        self._lookup = lookup
        self._listing = Listing[_Entry](
            exchange, Action.LIST, operation, takes[operation.rows], what="keys"
        )

    def __str__(self) -> str:
        return self._place

    async def read(self, progress: Progress) -> KeyRows | Broken:
        """Read every key, or say why that was not possible."""
        listed = await self._listing.read(tell_nobody if self._poor else progress)
        if isinstance(listed, Broken):
            return listed
        rows = await self._complete(listed, progress)
        return rows if isinstance(rows, Broken) else self._sort(rows, listed.data)

    def _take_full(self, row: object) -> tuple[Hashable, _Entry]:
        taken = self._rows.take(row, self._exchange.now)
        if isinstance(taken, DeadRow):
            return taken.id or object(), taken
        return taken.key.id, taken

    def _take_summary(self, row: object) -> tuple[Hashable, _Entry]:
        key_id = self._rows.identify(row)
        try:
            dead = self._rows.is_dead(row)
        except UnreadableKeyError:  # a summary need not tell
            dead = False
        return key_id, DeadRow(key_id) if dead else key_id

    def _take_id(self, row: object) -> tuple[Hashable, _Entry]:
        key_id = self._rows.identify_bare(row)
        return key_id, key_id

    async def _complete(self, listed: Listed[_Entry], progress: Progress) -> list[Row] | Broken:
        """Look up each row that is no more than an id; what is gone by now is left out."""
        total, seen = len(listed.rows), 0

        async def read(entry: _Entry) -> Row | Broken | None:
            nonlocal seen
            found = await self._find(entry)
            seen += 1
            progress(seen, total)
            return found

        if not self._poor:
            return [row for row in listed.rows if isinstance(row, LiveRow | DeadRow)]
        rows = await read_each(listed.rows, read, _AT_ONCE)
        return rows if isinstance(rows, Broken) else [row for row in rows if row is not None]

    async def _find(self, entry: _Entry) -> Row | Broken | None:
        if isinstance(entry, LiveRow | DeadRow):
            return entry
        match await self._lookup.ask(entry):
            case Done(row):
                return row
            case Refused(reason) | Unknown(reason):
                return Broken(reason)

    def _sort(self, rows: list[Row], data: object) -> KeyRows | Broken:
        live = tuple(row for row in rows if isinstance(row, LiveRow))
        absent = frozenset(row.id for row in rows if isinstance(row, DeadRow) and row.id)
        tenants = sorted({row.tenant or "" for row in live}) if self._tells_tenant else []
        if "" in tenants:
            return Broken(f"{self._place}: answered with a key that does not tell its tenant")
        if len(tenants) > 1:
            named = ", ".join(tenants[:3])
            return Broken(f"{self._place}: answered with keys of several tenants ({named})")
        return KeyRows(live, absent, tenants[0] if tenants else None, data)
