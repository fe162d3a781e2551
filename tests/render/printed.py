"""Looking at what was printed: without colour, by its width, and for what must never be in it."""

from __future__ import annotations

import re
import unicodedata

SGR = re.compile(r"\x1b\[(?:0|1|2|3[1-6]|1;31)m")
ORDER = re.compile(r"^\s*::|##[\w-]*\[", re.MULTILINE)


def without_colour(text: str) -> str:
    return SGR.sub("", text)


def width_of(line: str) -> int:
    """Count cells, in words of its own."""
    return sum(
        0
        if unicodedata.category(c) in {"Mn", "Me"}
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in line
    )


def too_wide(text: str, width: int) -> list[str]:
    """Give the lines that are wider than a terminal, though they could have been broken."""
    return [
        line
        for line in without_colour(text).split("\n")
        if width_of(line) > width and " " in _breakable(line)
    ]


def assert_harmless(text: str) -> None:
    """Fail if a terminal or a CI runner could take any of it for more than text."""
    bare = without_colour(text)
    hidden = {c for c in bare if c != "\n" and not c.isprintable()}
    assert not hidden, hidden
    assert not ORDER.search(bare), ORDER.search(bare)
    bare.encode()


def _breakable(line: str) -> str:
    """Leave out what is never torn from the word after it: symbols, headers, names of fields."""
    line = line.strip()
    line = re.sub(r"^(\+/-|[#~+!*-]) ", "", line)
    return "" if line.startswith(("Plan: ", "Warning: ")) else line
