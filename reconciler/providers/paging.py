"""How a list goes on: which page is the first, and where a page says that the next one is.

It only decides; `listing` asks. Whatever cannot be read raises ProviderError: it must never be
taken for the end of a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final, Protocol, TypeAlias, assert_never
from urllib.parse import parse_qsl, urlencode

from reconciler.errors import ProviderError
from reconciler.http.links import next_target, read_next_link
from reconciler.providers.dialect.calls import (
    CursorPaging,
    LastIdPaging,
    LinkPaging,
    NextUrlPaging,
    NoPaging,
    OffsetPaging,
    PagePaging,
    Paging,
)
from reconciler.providers.paths import MISSING, compile_path

Text: TypeAlias = str | int
_LONGEST: Final = 4096
_NO_END: Final = "does not tell whether the list goes on"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is: what is asked for beside the operation's own query and body."""

    query: tuple[tuple[str, Text], ...] = ()
    body: tuple[str, Text] | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page as far as paging looks at it. `before` is how many rows came with earlier pages.

    `url` is where it was, and `query` what is asked for on every page.
    """

    rows: Sequence[object] = field(repr=False)
    data: object = field(repr=False)
    number: int
    before: int
    link: str | None
    url: str
    query: Mapping[str, str | int | bool]


class Chain(Protocol):
    """Pages of which each one is only known by the one before.

    `overlap` is how many rows of the page before each one repeats.
    """

    overlap: int

    @property
    def first(self) -> Place:
        """Where the list begins."""
        ...

    def after(self, page: Seen) -> Place | None:
        """Give the next page's place; None at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Counted:
    """Pages that are all known from the first one on, since the total is told.

    `size` is how many rows the first one really had: some APIs have smaller pages than asked for.
    """

    paging: PagePaging | OffsetPaging

    @property
    def first(self) -> Place:
        """Where the list begins."""
        return self.place(0, 0)

    def overlap(self, size: int) -> int:
        """Say how many rows of the page before each page repeats."""
        return 1 if isinstance(self.paging, OffsetPaging) and size > 1 else 0

    def count(self, size: int, total: int) -> int:
        """Say how many pages there are."""
        if size == 0 or total <= size:
            return 1
        return 1 + ceil((total - size) / (size - self.overlap(size)))

    def place(self, number: int, size: int) -> Place:
        """Give one page's place; the first one is number 0."""
        match self.paging:
            case PagePaging():
                return _numbered(self.paging, number)
            case OffsetPaging():
                return _from_row(self.paging, number * (size - self.overlap(size)))
            case _:
                assert_never(self.paging)


def lay_out(paging: Paging) -> Counted | Chain:
    """Say how the pages of a list hang together."""
    match paging:
        case PagePaging() | OffsetPaging() if paging.total is not None:
            return Counted(paging)
        case NoPaging():
            return _Single()
        case PagePaging():
            return _Numbered(paging)
        case OffsetPaging():
            return _Overlapping(paging)
        case CursorPaging():
            return _Cursors(paging)
        case LastIdPaging():
            return _LastIds(paging)
        case NextUrlPaging() | LinkPaging():
            return _Links(paging)
        case _:
            assert_never(paging)


def _numbered(paging: PagePaging, number: int) -> Place:
    size = ((paging.size, paging.page_size),) if paging.size else ()
    return Place(((paging.page, paging.first + number), *size))


def _from_row(paging: OffsetPaging, row: int) -> Place:
    limit = ((paging.limit, paging.page_size),) if paging.limit else ()
    return Place(((paging.offset, row), *limit))


class _Single:
    overlap = 0
    first = Place()

    def after(self, _: Seen) -> None:
        """There is only one."""


class _Numbered:
    """Ends with a page that is not full."""

    overlap = 0

    def __init__(self, paging: PagePaging) -> None:
        self._paging = paging
        self.first = _numbered(paging, 0)

    def after(self, page: Seen) -> Place | None:
        if len(page.rows) < self._paging.page_size:
            return None
        return _numbered(self._paging, page.number + 1)


class _Overlapping:
    """Ends with a page that is not full; each page begins with the last row of the one before.

    Rows that came or went meanwhile shift the others, and then it is another row.
    """

    overlap = 1

    def __init__(self, paging: OffsetPaging) -> None:
        if paging.page_size <= self.overlap:
            raise ProviderError("pages that overlap need at least two rows")
        self._paging = paging
        self.first = _from_row(paging, 0)

    def after(self, page: Seen) -> Place | None:
        if len(page.rows) < self._paging.page_size:
            return None
        new = len(page.rows) - (self.overlap if page.number else 0)
        return _from_row(self._paging, page.before + new - self.overlap)


class _Cursors:
    overlap = 0
    first = Place()

    def __init__(self, paging: CursorPaging) -> None:
        self._paging = paging
        self._next = compile_path(paging.next)
        self._more = compile_path(paging.more) if paging.more else None

    def after(self, page: Seen) -> Place | None:
        cursor = self._next(page.data)
        more = MISSING if self._more is None else self._more(page.data)
        if more is False:
            return None
        if cursor is MISSING or cursor is None or cursor == "":
            if more is True:
                raise ProviderError("says that the list goes on, and not where")
            if self._more is not None:
                raise ProviderError(_NO_END)
            return None
        return self._at(_check_text(cursor))

    def _at(self, cursor: Text) -> Place:
        if self._paging.place == "body":
            return Place(body=(self._paging.cursor, cursor))
        return Place(((self._paging.cursor, cursor),))


class _LastIds:
    """`id` is looked for in the answer, then in its last row."""

    overlap = 0
    first = Place()

    def __init__(self, paging: LastIdPaging) -> None:
        self._paging = paging
        self._id = compile_path(paging.id)
        self._more = compile_path(paging.more)

    def after(self, page: Seen) -> Place | None:
        more = self._more(page.data)
        if more is False:
            return None
        if more is not True:
            raise ProviderError(_NO_END)
        last = self._id(page.data)
        if last is MISSING and page.rows:
            last = self._id(page.rows[-1])
        return Place(((self._paging.after, _check_text(last)),))


class _Links:
    overlap = 0
    first = Place()

    def __init__(self, paging: NextUrlPaging | LinkPaging) -> None:
        self._next = compile_path(paging.next) if isinstance(paging, NextUrlPaging) else None

    def after(self, page: Seen) -> Place | None:
        link = read_next_link(page.link) if self._next is None else self._next(page.data)
        if link is MISSING or link is None or link == "":
            return None
        if not isinstance(link, str):
            raise ProviderError(_NO_END)
        return Place(target=_ask_also(next_target(page.url, link), page.query))


def _ask_also(target: str, query: Mapping[str, str | int | bool]) -> str:
    """Give a link with what has to be asked for on every page, where the API left it out."""
    _, mark, text = target.partition("?")
    there = {name for name, _ in parse_qsl(text, keep_blank_values=True)}
    pairs = {name: value for name, value in query.items() if name not in there}
    if not pairs:
        return target
    words = {n: str(v).lower() if isinstance(v, bool) else str(v) for n, v in pairs.items()}
    return f"{target}{'&' if mark else '?'}{urlencode(words)}"


def _check_text(value: object) -> Text:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ProviderError(_NO_END)
    if isinstance(value, str) and len(value) > _LONGEST:
        raise ProviderError("the next page's name is too long")
    return value
