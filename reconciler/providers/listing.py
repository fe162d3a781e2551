"""Reading a whole list, page by page, so that absence from it means something.

Pages by number or offset shift when rows come or go meanwhile: rows are then seen twice or not at
all. Where a total is told, it must be the same on every page and equal the number of rows seen;
pages by offset overlap by one row, which must be the same one; and no row may come twice, however a
list goes on. Whatever does not fit starts it all again, and what does not fit three times is a
problem, as is a list without end or one that goes round in circles.

What this cannot see is one row that goes while another one comes, between two numbered pages; nor,
where not even a total is told, one that goes. That is why recorded keys are also asked for by id.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, Generic, TypeAlias, TypeVar

from reconciler.errors import ProviderError
from reconciler.providers.actions import Action
from reconciler.providers.bodies import place_value
from reconciler.providers.dialect.calls import ListOperation, NoPaging
from reconciler.providers.exchange import NOTHING, Exchange, Extras
from reconciler.providers.paging import Chain, Counted, Place, Seen, lay_out
from reconciler.providers.paths import compile_path
from reconciler.providers.templates import Values
from reconciler.providers.together import Broken, read_each
from reconciler.providers.verdicts import Accepted

T = TypeVar("T")
Progress: TypeAlias = Callable[[int, int], None]
Take: TypeAlias = Callable[[object], tuple[Hashable | None, T]]
_TRIES: Final = 3
_AT_ONCE: Final = 4


def tell_nobody(_seen: int, _total: int) -> None:
    """Ignore the progress of a list."""


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """A whole list. `data` is the first page's answer: what it tells beside its rows.

    No answer is in any repr: some APIs list secrets.
    """

    rows: tuple[T, ...]
    data: object = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page(Generic[T]):
    raw: list[object] = field(repr=False)
    ids: list[Hashable | None]
    rows: list[T]
    data: object = field(repr=False)
    total: int | None
    link: str | None
    url: str

    def continues(self, other: _Page[T]) -> bool:
        """Whether this page begins with the other one's last row."""
        if not self.raw or not other.raw:
            return False
        if self.ids[0] is None:
            return self.raw[0] == other.raw[-1]
        return self.ids[0] == other.ids[-1]

    def without(self, count: int) -> _Page[T]:
        """Leave the first rows out."""
        return replace(self, raw=self.raw[count:], ids=self.ids[count:], rows=self.rows[count:])


@dataclass(slots=True)
class _Walk(Generic[T]):
    """How far a list has been followed."""

    pages: list[_Page[T]] = field(default_factory=list)
    places: set[Place] = field(default_factory=set)
    ids: set[Hashable] = field(default_factory=set)
    seen: int = 0

    def take(self, page: _Page[T]) -> bool:
        """Add a page, and say whether none of its rows was there before."""
        ids = [key for key in page.ids if key is not None]
        before = len(self.ids)
        self.ids.update(ids)
        self.pages.append(page)
        self.seen += len(page.rows)
        return len(self.ids) == before + len(ids)


class Listing(Generic[T]):
    """Reads one list of an API.

    `take` gives each row an identity and a meaning, or raises ProviderError. Rows whose identity is
    None may repeat. A list that need not be `whole`, such as a log, is cut after its last page.
    """

    def __init__(
        self,
        exchange: Exchange,
        action: Action,
        operation: ListOperation,
        take: Take[T],
        *,
        what: str,
        names: tuple[str, ...] = (),
        whole: bool = True,
    ) -> None:
        paging = operation.paging
        total = getattr(paging, "total", None)
        self._exchange = exchange
        self._prepared = exchange.prepare(action, operation, *names)
        self._take = take
        self._what = what
        self._whole = whole
        self._items = compile_path(operation.items)
        self._total = compile_path(total) if total else None
        self._pages = lay_out(paging)
        self._max_pages = 1 if isinstance(paging, NoPaging) else paging.max_pages

    async def read(self, progress: Progress, values: Values = NOTHING) -> Listed[T] | Broken:
        """Read every row, or say why that was not possible."""
        for _ in range(_TRIES):
            listed = await self._read_once(progress, values)
            if not isinstance(listed, Broken) or not listed.changing:
                return listed
        return self._broken(f"the list does not hold still or is not complete ({_TRIES} tries)")

    async def _read_once(self, progress: Progress, values: Values) -> Listed[T] | Broken:
        if isinstance(self._pages, Counted):
            pages = await self._read_counted(self._pages, progress, values)
        else:
            pages = await self._follow(self._pages, progress, values)
        return pages if isinstance(pages, Broken) else self._join(pages)

    def _join(self, pages: list[_Page[T]]) -> Listed[T] | Broken:
        if self._whole and not self._fits_together(pages):
            return self._changed()
        return Listed(tuple(row for page in pages for row in page.rows), pages[0].data)

    def _fits_together(self, pages: list[_Page[T]]) -> bool:
        ids = [key for page in pages for key in page.ids]
        known = [key for key in ids if key is not None]
        totals = {page.total for page in pages}
        return len(set(known)) == len(known) and (self._total is None or totals == {len(ids)})

    async def _read_counted(
        self, pages: Counted, progress: Progress, values: Values
    ) -> list[_Page[T]] | Broken:
        """Read pages at the same time, as soon as the first one has told how many there are."""
        first = await self._read_page(pages.first, values)
        if isinstance(first, Broken):
            return first
        size, total = len(first.rows), first.total or 0
        progress(size, total)
        count, overlap, seen = pages.count(size, total), pages.overlap(size), size
        if count > self._max_pages and self._whole:
            return self._broken(self._too_long())

        async def read(number: int) -> _Page[T] | Broken:
            nonlocal seen
            page = await self._read_page(pages.place(number, size), values)
            if not isinstance(page, Broken):
                seen += max(0, len(page.rows) - overlap)
                progress(seen, total)
            return page

        rest = await read_each(range(1, min(count, self._max_pages)), read, _AT_ONCE)
        return rest if isinstance(rest, Broken) else self._dovetail([first, *rest], overlap)

    def _dovetail(self, pages: list[_Page[T]], overlap: int) -> list[_Page[T]] | Broken:
        """Leave out what each page repeats of the one before, having seen that it does."""
        if not overlap:
            return pages
        if self._whole and not all(page.continues(last) for last, page in pairwise(pages)):
            return self._changed()
        return [pages[0], *(page.without(overlap) for page in pages[1:])]

    async def _follow(
        self, chain: Chain, progress: Progress, values: Values
    ) -> list[_Page[T]] | Broken:
        """Read one page after the other, each from where the one before says."""
        walk = _Walk[T]()
        place: Place | None = chain.first
        while place is not None:
            if place in walk.places:
                return self._broken("the list goes round in circles")
            if len(walk.pages) == self._max_pages:
                return self._broken(self._too_long()) if self._whole else walk.pages
            walk.places.add(place)
            page = await self._read_page(place, values)
            following = page if isinstance(page, Broken) else self._step(chain, walk, page, values)
            if isinstance(following, Broken):
                return following
            place = following
            progress(walk.seen, walk.seen)
        return walk.pages

    def _step(
        self, chain: Chain, walk: _Walk[T], page: _Page[T], values: Values
    ) -> Place | Broken | None:
        """Add a page to the others, and say where the next one is."""
        repeated = chain.overlap if walk.pages else 0
        if repeated and self._whole and not page.continues(walk.pages[-1]):
            return self._changed()
        seen = Seen(
            rows=page.raw,
            data=page.data,
            number=len(walk.pages),
            before=walk.seen,
            link=page.link,
            url=page.url,
            query=self._exchange.query(self._prepared, values),
        )
        try:
            following = chain.after(seen)
        except ProviderError as error:
            return self._broken(error.what)
        is_new = walk.take(page.without(repeated))
        return following if is_new or not self._whole else self._changed()

    async def _read_page(self, place: Place, values: Values) -> _Page[T] | Broken:
        call = self._exchange.write(self._prepared, values, self._extras(place, values))
        verdict = await self._exchange.ask(self._prepared, call)
        if not isinstance(verdict, Accepted):
            return Broken(verdict.reason)
        raw = self._items(verdict.data)
        total = self._total(verdict.data) if self._total else None
        if not isinstance(raw, list) or not (self._total is None or _is_count(total)):
            counted = " and its total" if self._total else ""
            return self._broken(f"answered without a list of {self._what}{counted}")
        try:
            taken = [self._take(row) for row in raw]
        except ProviderError as error:
            return self._broken(error.what)
        return _Page(
            raw=raw,
            ids=[key for key, _ in taken],
            rows=[row for _, row in taken],
            data=verdict.data,
            total=total if isinstance(total, int) else None,
            link=verdict.link,
            url=self._exchange.locate(call),
        )

    def _extras(self, place: Place, values: Values) -> Extras:
        body = None
        if place.body is not None:
            own = self._exchange.body(self._prepared, values)
            body = place_value(own if isinstance(own, dict) else {}, *place.body)
        return Extras(body=body, query=dict(place.query), target=place.target)

    def _too_long(self) -> str:
        return f"the list has more than {self._max_pages} pages"

    def _changed(self) -> Broken:
        return self._broken("the list changed", changing=True)

    def _broken(self, problem: str, *, changing: bool = False) -> Broken:
        return Broken(f"{self._prepared}: {problem}", changing=changing)


def _is_count(total: object) -> bool:
    return isinstance(total, int) and not isinstance(total, bool) and total >= 0
