"""A key as a block of attributes, aligned on their equal signs, the way Terraform draws one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reconciler.render.cells import cells, pad
from reconciler.render.escaping import LONGEST_NAME, clean
from reconciler.render.lines import Line, Span, Style, say
from reconciler.render.values import quote

_WIDEST_NAME = 30


class Mark(NamedTuple):
    """The symbol in front of a line, in its colour."""

    symbol: str = " "
    style: Style = Style.PLAIN


PLAIN = Mark()


class Row(NamedTuple):
    """One attribute of a block."""

    name: str
    value: tuple[Span, ...]
    mark: Mark = PLAIN


def row(name: str, value: str, mark: Mark = PLAIN) -> Row:
    """Make a row whose value is one plain text."""
    return Row(name, (Span(value),), mark)


def block(head: str, mark: Mark, rows: Sequence[Row], indent: int) -> Iterator[Line]:
    """Draw a block; one without attributes is a single line."""
    title = (Span(f"{mark.symbol} {head}", mark.style, solid=True), Span(" {" if rows else ""))
    yield Line(title, head_column(mark, indent), indent + 4)
    names = [clean(each.name, LONGEST_NAME) for each in rows]
    widest = min(max(map(cells, names), default=0), _WIDEST_NAME)
    for name, each in zip(names, rows, strict=True):
        spans = (
            Span(f"{each.mark.symbol} ", each.mark.style, solid=True),
            Span(f"{pad(name, widest)} =", solid=True),
            Span(" "),
            *each.value,
        )
        yield Line(spans, indent + 4, indent + 4 + 2 + widest + 3)
    if rows:
        yield say("  }", indent=indent)


def head_column(mark: Mark, indent: int) -> int:
    """Give where a line begins whose symbol is to end in the same column as a narrow one."""
    return max(0, indent + 1 - cells(mark.symbol))


def key_head(address: str) -> str:
    """Name a key at the head of its block."""
    return f"key {quote(address)}"
