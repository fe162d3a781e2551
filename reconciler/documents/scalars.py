"""What a YAML scalar means in our files, and which characters it may hold.

Plain (unquoted) scalars, close to YAML 1.2:

- `true` and `false` (also True, TRUE, False, FALSE) are booleans; yes, no, on and off are text
- empty, `~`, null, Null and NULL are null
- numbers are written as in JSON: 10, -3, 1.5, 2e3; what begins with a zero or a plus is text, so
  that an account number keeps its zero; hexadecimal, octal and sexagesimal are text
- everything else is text, dates and durations too

Quoted and block scalars are text, and so is every key of a mapping (`on:`, `1:`).
"""

from __future__ import annotations

import re
import unicodedata

from reconciler.documents.places import Data

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
_NUMBER_STARTS = frozenset("-0123456789")
_MAX_DIGITS = 18

_CORE = "tag:yaml.org,2002:"
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class ScalarError(ValueError):
    """A scalar that cannot stand there: the end of a sentence, without what it holds."""


def read_plain(text: str) -> Data:
    """Give the value of an unquoted scalar without a tag."""
    if text[:1] in _NUMBER_STARTS:
        number = _NUMBER.match(text)
        return _number(text, number) if number else text
    return _WORDS.get(text, text)


def _number(text: str, match: re.Match[str]) -> int | float:
    if len(text) > _MAX_DIGITS:
        raise ScalarError("is too long for a number; if it is an identifier, put it in quotes")
    return float(text) if match[1] or match[2] else int(text)


def read_tagged(tag: str, text: str) -> Data:
    """Give the value of a scalar with a tag: `!` and the core ones of YAML only."""
    if tag in ("!", f"{_CORE}str"):
        return text
    value = read_plain(text)
    kinds = {"int": int, "float": float, "bool": bool, "null": type(None)}
    kind = kinds.get(tag.removeprefix(_CORE)) if tag.startswith(_CORE) else None
    if kind is None:
        raise ScalarError("has a YAML tag; write the plain value")
    if type(value) is not kind:
        raise ScalarError("does not fit its YAML tag; write it without the tag")
    return value


def is_core_collection(tag: str) -> bool:
    """Whether a tag on a mapping or list says no more than that it is one."""
    return tag in ("!", f"{_CORE}map", f"{_CORE}seq")


def refuse_characters(text: str) -> None:
    """Refuse what would show as something else: control and text direction characters.

    Costly: ask `isprintable` first, which almost every text is.
    """
    for character in text:
        if character in "\n\t":
            continue
        if unicodedata.category(character) in ("Cc", "Cs") or _DIRECTION.match(character):
            raise ScalarError(f"holds the control character U+{ord(character):04X}; remove it")
