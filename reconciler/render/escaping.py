r"""Untrusted text made harmless: nothing in a name can move a cursor, hide itself, or give orders.

Names and ids come from APIs, files and other people. What cannot be seen, or means something to a
terminal or a CI runner, is shown as its escape (`\x1b`, `\u202e`), so that two names that differ
still look different.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 2000
"""No single text is shown longer than this."""

LONGEST_NAME: Final = 200
"""No name, id or member of a set is shown longer than this."""

_ELLIPSIS = "…"
_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BLANK: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10))))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
"""Counted as printable by Unicode, and yet shown as nothing."""
_STACKED = 3
"""More marks than this on one letter is vandalism, not spelling."""
_ORDERS: Final = re.compile(r"(?:^|(?<= ))::|##(?=[\w-]*\[)")
"""What CI runners obey: `::set-output` at the start of a line, `##[…]` and `##vso[…]` anywhere."""


def clean(text: str, limit: int = LONGEST) -> str:
    """Give a text that can be printed on a terminal or into a CI log, on one line."""
    shown = cut(text, limit)
    if not (shown.isascii() and shown.isprintable()):
        shown = cut(_show_hidden(shown), limit)
    if "::" in shown or "##" in shown:
        shown = _ORDERS.sub(_break_order, shown)
    return shown


def cut(text: str, limit: int) -> str:
    """Shorten a text to so many characters, and show that it was."""
    return text if len(text) <= limit else text[: limit - 1] + _ELLIPSIS


def escape_character(character: str) -> str:
    """Write one character as its escape."""
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 - the last code that two digits can write
        return _NAMED.get(character) or f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits


def is_mark(character: str) -> bool:
    """Whether a character is drawn onto the one before it."""
    return unicodedata.category(character) in {"Mn", "Me"}


def _show_hidden(text: str) -> str:
    shown, marks = [], 0
    for character in text:
        marks = marks + 1 if is_mark(character) else 0
        hidden = not character.isprintable() or character in _BLANK or marks > _STACKED
        shown.append(escape_character(character) if hidden else character)
    return "".join(shown)


def _break_order(found: re.Match[str]) -> str:
    return found[0][0] + escape_character(found[0][1])
