"""How many cells of a terminal a text takes, and texts made to take a given number of them."""

from __future__ import annotations

import unicodedata

from reconciler.render.escaping import is_mark


def cells(text: str) -> int:
    """Count the cells of an already clean text; East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(map(_cells_of, text))


def fit(text: str, room: int) -> str:
    """Shorten a text to so many cells, and show that it was."""
    if cells(text) <= room:
        return text
    kept, used = [], 1
    for character in text:
        used += _cells_of(character)
        if used > room:
            break
        kept.append(character)
    return "".join((*kept, "…"))


def pad(text: str, room: int) -> str:
    """Fill a text up with spaces to so many cells."""
    return text + " " * (room - cells(text))


def _cells_of(character: str) -> int:
    if is_mark(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
