"""Reading a whole list, page by page, so that absence from it means something.

Pages by number shift when keys come or go meanwhile: rows are then seen twice or not at all. So the
total must be the same on every page and equal the number of ids seen, or it all starts again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final, TypeAlias

from reconciler.core.observed import LiveKey
from reconciler.http.calls import Call
from reconciler.providers.actions import Action
from reconciler.providers.dialect.calls import KeyListOperation, PagePaging
from reconciler.providers.paths import compile_path
from reconciler.providers.rows import RowReader, UnreadableKeyError
from reconciler.providers.verdicts import Accepted, Verdict

_TRIES: Final = 3
_AT_ONCE: Final = 4
Progress: TypeAlias = Callable[[int, int], None]
Ask: TypeAlias = Callable[[Action, KeyListOperation, Call], Awaitable[Verdict]]


@dataclass(frozen=True, slots=True)
class Broken:
    """The list could not be read; one sentence says why. `changing`: it may go better now."""

    problem: str
    changing: bool = False


@dataclass(frozen=True, slots=True)
class _Page:
    keys: list[LiveKey]
    total: int


class Listing:
    """Reads one API's list of keys."""

    def __init__(
        self, operation: KeyListOperation, rows: RowReader, ask: Ask, now: Callable[[], datetime]
    ) -> None:
        paging = operation.paging
        if not isinstance(paging, PagePaging) or paging.total is None or paging.size is None:
            raise TypeError("numbered pages only")
        self._operation = operation
        self._paging, self._size, total = paging, paging.size, paging.total
        self._rows = rows
        self._ask = ask
        self._now = now
        self._items = compile_path(operation.items)
        self._total = compile_path(total)

    async def read(self, progress: Progress) -> tuple[LiveKey, ...] | Broken:
        """Read every key, or say why that was not possible."""
        for _ in range(_TRIES):
            keys = await self._read_once(progress)
            if not isinstance(keys, Broken) or not keys.changing:
                return keys
        return self._broken(f"the list does not hold still or is not complete ({_TRIES} tries)")

    async def _read_once(self, progress: Progress) -> tuple[LiveKey, ...] | Broken:
        first = await self._read_page(self._paging.first)
        if isinstance(first, Broken):
            return first
        progress(len(first.keys), first.total)
        count = ceil(first.total / len(first.keys)) if first.keys else 1
        if count > self._paging.max_pages:
            return self._broken(f"the list has more than {self._paging.max_pages} pages")
        pages = await self._read_rest(first, count, progress)
        return pages if isinstance(pages, Broken) else self._join(pages)

    async def _read_rest(
        self, first: _Page, count: int, progress: Progress
    ) -> list[_Page] | Broken:
        pages, problems = [first], list[Broken]()
        start = self._paging.first

        async def work(numbers: Iterator[int]) -> None:
            for number in numbers:
                page = await self._read_page(number)
                if isinstance(page, Broken):
                    problems.append(page)
                if problems:
                    return
                if isinstance(page, _Page):
                    pages.append(page)
                    progress(sum(len(each.keys) for each in pages), first.total)

        numbers = iter(range(start + 1, start + count))
        await asyncio.gather(*(work(numbers) for _ in range(min(_AT_ONCE, count - 1))))
        return problems[0] if problems else pages

    def _join(self, pages: list[_Page]) -> tuple[LiveKey, ...] | Broken:
        by_id = {key.id: key for page in pages for key in page.keys}
        totals = {page.total for page in pages}
        if totals != {len(by_id)} or len(by_id) != sum(len(page.keys) for page in pages):
            return self._broken("the list changed", changing=True)
        return tuple(by_id.values())

    async def _read_page(self, number: int) -> _Page | Broken:
        paging = self._paging
        query = {**self._operation.query, paging.page: number, self._size: paging.page_size}
        call = Call(
            method=self._operation.method,
            template=self._operation.path,
            query=query,
            idempotent=True,
        )
        verdict = await self._ask(Action.LIST, self._operation, call)
        return self._take(verdict.data) if isinstance(verdict, Accepted) else Broken(verdict.reason)

    def _take(self, data: object) -> _Page | Broken:
        items, total = self._items(data), self._total(data)
        if not isinstance(items, list) or not isinstance(total, int) or total < 0:
            return self._broken("answered without a list of keys and its total")
        now = self._now()
        try:
            return _Page([self._rows.read(item, now) for item in items], total)
        except UnreadableKeyError as error:
            return self._broken(error.what)

    def _broken(self, problem: str, *, changing: bool = False) -> Broken:
        call = f"{self._operation.method} {self._operation.path}"
        return Broken(f"{call}: {problem}", changing=changing)
