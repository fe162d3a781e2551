"""Breaking lines at spaces. A word that alone is wider than the terminal stays whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from reconciler.render.cells import cells

_GAPS_AND_WORDS: Final = re.compile(r" +|[^ ]+")


class Piece(NamedTuple):
    """Clean text that is not broken where `solid`; `origin` says which span it is from."""

    text: str
    solid: bool
    origin: int


class Word(NamedTuple):
    """Pieces that stay together, and the spaces before them."""

    gap: int
    pieces: tuple[Piece, ...]


def wrap(
    pieces: Iterable[Piece], width: int, indent: int, hang: int
) -> Iterator[tuple[int, list[Piece]]]:
    """Give rows that fit a width, each with the column at which it begins."""
    column, used, row = indent, indent, list[Piece]()
    for word in _words(pieces):
        size = sum(cells(piece.text) for piece in word.pieces)
        gap = word.gap
        if row and used + gap + size > width:
            yield column, _stripped(row)
            column, used, row, gap = hang, hang, [], 0
        if gap:
            row.append(Piece(" " * gap, solid=True, origin=word.pieces[0].origin))
        row.extend(word.pieces)
        used += gap + size
    yield column, _stripped(row)


def _stripped(row: list[Piece]) -> list[Piece]:
    """Leave out the spaces that nothing follows."""
    return [*row[:-1], row[-1]._replace(text=row[-1].text.rstrip(" "))] if row else row


def _words(pieces: Iterable[Piece]) -> Iterator[Word]:
    gap, word = 0, list[Piece]()
    for piece in pieces:
        for text in (piece.text,) if piece.solid else _GAPS_AND_WORDS.findall(piece.text):
            if text.isspace():
                if word:
                    yield Word(gap, tuple(word))
                    gap, word = 0, []
                gap += len(text)
            elif text:
                word.append(Piece(text, piece.solid, piece.origin))
    if word:
        yield Word(gap, tuple(word))
