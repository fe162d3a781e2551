"""Lines of styled text, and the one door through which they become a string.

Whatever is printed is a `Line` of `Span`s, and `paint` cleans every span: no text reaches a
terminal around it. Styles are meanings; colour is added at the very end or not at all, so that both
forms hold the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final, NamedTuple

from reconciler.render.cells import cells
from reconciler.render.escaping import clean
from reconciler.render.wrapping import Piece, wrap

NARROWEST: Final = 20
"""Narrower terminals than this are written to as if they were this wide."""

_LEAST_ROOM = 24
"""A line whose continuation would have less room than this goes on further to the left."""

_RESET = "\x1b[0m"


class Style(Enum):
    """What a piece of text means, each with its ANSI SGR codes."""

    PLAIN = ""
    HEAD = "\x1b[1m"
    FAINT = "\x1b[2m"
    ADD = "\x1b[32m"
    CHANGE = "\x1b[33m"
    REMOVE = "\x1b[31m"
    WAIT = "\x1b[36m"
    LOUD = "\x1b[1;31m"


class Span(NamedTuple):
    """A piece of text in one style. A `solid` one is not broken at its spaces."""

    text: str
    style: Style = Style.PLAIN
    solid: bool = False


class Line(NamedTuple):
    """One line before wrapping: where it begins, and at which column it would go on."""

    spans: tuple[Span, ...]
    indent: int = 0
    hang: int = 0


BLANK: Final = Line(())


def say(text: str, style: Style = Style.PLAIN, *, indent: int = 0, hang: int | None = None) -> Line:
    """Make a line of one text; it goes on two columns further in, unless said otherwise."""
    return Line((Span(text, style),), indent, indent + 2 if hang is None else hang)


def paint(lines: Iterable[Line], *, width: int, color: bool) -> str:
    """Turn lines into a string: cleaned, wrapped to a width, coloured if asked to."""
    room = max(width, NARROWEST)
    return "\n".join(row for line in lines for row in _rows(line, room, color=color))


def _rows(line: Line, width: int, *, color: bool) -> Iterator[str]:
    spans = [Span(clean(text), style, solid) for text, style, solid in line.spans]
    if line.indent + sum(cells(span.text) for span in spans) <= width:
        yield " " * line.indent + "".join(_colour(*span[:2], color=color) for span in spans)
        return
    pieces = [Piece(span.text, span.solid, number) for number, span in enumerate(spans)]
    hang = line.hang if width - line.hang >= _LEAST_ROOM else min(line.indent + 4, width // 2)
    for column, row in wrap(pieces, width, line.indent, hang):
        yield " " * column + "".join(
            _colour(text, spans[origin].style, color=color) for text, _, origin in row
        )


def _colour(text: str, style: Style, *, color: bool) -> str:
    if not color or style is Style.PLAIN or not text:
        return text
    return f"{style.value}{text}{_RESET}"
