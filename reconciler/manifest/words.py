"""Names, paths and other words of a manifest: which ones are acceptable, and their exact form.

The readers raise ValueError with the end of a sentence that begins with the field's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from reconciler.core.capabilities import climbs
from reconciler.core.ownership import Mark, mark_name, read_mark
from reconciler.documents.suggestions import quote, suggest
from reconciler.manifest.later import LATER_STORES

NAME_PATTERN: Final = "^[a-z0-9][a-z0-9._-]{0,62}$"
ADDRESS_PATTERN: Final = "^[a-z0-9][a-z0-9._-]{0,127}$"
FIELD_PATTERN: Final = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"
LINE_PATTERN: Final = r"^[^\x00-\x1f\x7f-\x9f\s]([^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s])?$"
RECIPIENT_PATTERN: Final = "^age1[a-z0-9]{8,}$"

PATTERN_HELP: Final = {
    NAME_PATTERN: "must be 1 to 63 lower-case letters, digits, dots, dashes or underscores,"
    " and begin with a letter or digit",
    ADDRESS_PATTERN: "must be 1 to 128 lower-case letters, digits, dots, dashes or underscores,"
    " and begin with a letter or digit",
    FIELD_PATTERN: "must be 1 to 128 letters, digits, dots, dashes or underscores,"
    " and begin with a letter, digit or underscore",
    LINE_PATTERN: "must be one line of text, not empty, without spaces around it",
    RECIPIENT_PATTERN: "must be a public age recipient (age1…)",
}

_SAMPLE_MARK = Mark("0a1b2c", "0a1b2c3d")
_MAX_PATH = 512
_MAX_TENANT = 500


def read_version(value: object) -> object:
    """Let only the number 1 pass: to Python, true and 1.0 are equal to it."""
    if type(value) is not int or value != 1:
        raise ValueError("must be 1, the only version of this format")
    return value


def read_scopes(value: object) -> tuple[str, ...]:
    """Read scopes as a set: sorted, each once."""
    if not isinstance(value, list) or not all(map(_is_word, value)):
        raise ValueError("must be a list of texts, none of them empty")
    return tuple(sorted(set(value)))


def _is_word(item: object) -> bool:
    return isinstance(item, str) and item.isprintable() and bool(item.strip())


def read_option(value: object) -> str | int | bool | tuple[str, ...]:
    """Read an option of a dialect; a list of texts is a set."""
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(sorted(set(value)))
    raise ValueError("must be text, a whole number, true, false, or a list of texts")


def read_tenant_value(value: object) -> str:
    """Read something that identifies a tenant: text, and a number too, since many ids are ones."""
    text = _as_text(value)
    if text is not None and climbs(text):
        raise ValueError("cannot be this: it may go into addresses")
    if text is None or len(text) > _MAX_TENANT or not re.fullmatch(LINE_PATTERN, text):
        quotes = "; put it in quotes" if isinstance(value, (float, bool)) else ""
        raise ValueError(PATTERN_HELP[LINE_PATTERN] + quotes)
    return text


def read_deploy(value: object) -> tuple[str, ...]:
    """Read which projects are deployed: `all` is the empty tuple."""
    if value == "all":
        return ()
    if value == []:
        raise ValueError("must not be empty; leave it out where somebody else deploys")
    projects = [_as_text(each) for each in value] if isinstance(value, list) else [None]
    named = tuple(each for each in projects if _is_word(each) and each is not None)
    if len(named) < len(projects):
        raise ValueError("must be `all`, or a list of projects")
    seen = set[str]()
    for each in named:
        if each in seen:
            raise ValueError(f"names {quote(each)} twice")
        seen.add(each)
    return named


def _as_text(value: object) -> str | None:
    """Give a text, and a whole number as one; None for anything else."""
    if type(value) is int:
        return str(value)
    return value if isinstance(value, str) else None


def read_slot_path(value: str) -> str:
    """Check the path of a record inside a store: it can never lead out of the store."""
    segments = value.split("/")
    if not value.isprintable() or len(value) > _MAX_PATH or "\\" in value:
        raise ValueError(f"must be a path of at most {_MAX_PATH} visible characters")
    if any(segment in ("", ".", "..") for segment in segments):
        raise ValueError("must be a relative path such as crm/agents, without empty parts or `..`")
    if any(segment != segment.strip() for segment in segments):
        raise ValueError("must not have spaces at the ends of its parts")
    return value


def read_template(value: str) -> str:
    """Check how a name and a mark are put together: the mark must be found again."""
    rest = value.replace("{mark}", "", 1).replace("{name}", "", 1)
    if "{mark}" not in value or set(rest) & set("{}"):
        raise ValueError("must hold {mark} once, {name} at most once, and no other braces")
    if not value.isprintable():
        raise ValueError("must not hold control characters")
    if read_mark(mark_name(value, "a", _SAMPLE_MARK, None)) != _SAMPLE_MARK:
        raise ValueError("must keep {mark} apart from letters and digits, as in {name}.{mark}")
    return value


def read_store_type(known: tuple[str, ...]) -> Callable[[object], object]:
    """Make the check that refuses an unknown kind of store before its options are looked at."""

    def check(value: object) -> object:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind in known:
            return value
        if kind in LATER_STORES:
            raise ValueError(f"is not supported by this version yet: {quote(kind)}")
        raise ValueError(f"is unknown: {quote(kind)}{suggest(kind, known)}")

    return check
