"""Tables without frames, aligned by cells; on a narrow terminal columns give way by their rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reconciler.render.cells import cells, fit, pad
from reconciler.render.escaping import LONGEST_NAME, clean
from reconciler.render.lines import Line, Span, Style

_GUTTER = 2


class Column(NamedTuple):
    """One column. The higher its rank, the earlier it gives way; rank 0 never does."""

    title: str
    rank: int = 0
    most: int = LONGEST_NAME


class Layout(NamedTuple):
    """Which columns a table keeps, how wide each is, and the titles of those that gave way."""

    kept: tuple[int, ...]
    widths: tuple[int, ...]
    dropped: tuple[str, ...]

    @property
    def width(self) -> int:
        """How wide the whole table is."""
        return sum(self.widths) + _GUTTER * (len(self.widths) - 1)


def lay_out(columns: Sequence[Column], rows: Sequence[Sequence[Span]], width: int) -> Layout | None:
    """Choose the columns that fit; None where not even those of rank 0 do."""
    widths = [_natural(column, [row[at] for row in rows]) for at, column in enumerate(columns)]
    kept = list(range(len(columns)))
    while sum(widths[at] + _GUTTER for at in kept) - _GUTTER > width:
        last = max(kept, key=lambda at: columns[at].rank)
        if columns[last].rank == 0:
            return None
        kept.remove(last)
    dropped = tuple(column.title for at, column in enumerate(columns) if at not in kept)
    return Layout(tuple(kept), tuple(widths[at] for at in kept), dropped)


def table_lines(
    columns: Sequence[Column], rows: Sequence[Sequence[Span]], layout: Layout, *, indent: int = 0
) -> Iterator[Line]:
    """Draw the titles and the rows."""
    titles = [Span(column.title, Style.FAINT) for column in columns]
    for row in (titles, *rows):
        yield Line(tuple(_padded([row[at] for at in layout.kept], layout.widths)), indent, indent)


def stack_lines(
    columns: Sequence[Column], row: Sequence[Span], *, head: int, indent: int = 0
) -> Iterator[Line]:
    """Draw one row as a small block; its first `head` cells are the heading."""
    yield Line(tuple(_spaced(row[:head])), indent, indent + 2)
    widest = max(cells(column.title) for column in columns)
    for column, cell in zip(columns[head:], row[head:], strict=True):
        title = Span(pad(column.title, widest) + " ", Style.FAINT, solid=True)
        yield Line((title, Span(" "), cell), indent + 2, indent + 4)


def _natural(column: Column, found: Sequence[Span]) -> int:
    widest = max((cells(_text(cell)) for cell in found), default=0)
    return max(cells(column.title), min(widest, column.most))


def _padded(row: Sequence[Span], widths: Sequence[int]) -> Iterator[Span]:
    last = len(row) - 1
    for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
        text = fit(_text(cell), width)
        yield Span(text, cell.style, solid=True)
        if at < last:
            yield Span(" " * (width - cells(text) + _GUTTER), solid=True)


def _spaced(row: Sequence[Span]) -> Iterator[Span]:
    for at, cell in enumerate(row):
        yield Span(f" {cell.text}" if at else cell.text, cell.style)


def _text(cell: Span) -> str:
    return clean(cell.text, LONGEST_NAME)
