"""Where the value of a provider key comes from: a slot of a store, or a declared key.

No message repeats what was written where a source belongs: it may be the secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from reconciler.manifest.references import NO_LITERAL, BadReferenceError
from reconciler.manifest.words import (
    ADDRESS_PATTERN,
    FIELD_PATTERN,
    NAME_PATTERN,
    read_slot_path,
)

_HOW: Final = "{store: NAME, path: PATH, field: NAME} or {key: ADDRESS}"
LITERAL_VALUE: Final = f"{NO_LITERAL}; write {_HOW}"
_SHAPE: Final = f"a value is written {_HOW}"


@dataclass(frozen=True, slots=True)
class SlotSource:
    """A slot; without `store` the only one that there is, without `field` the usual one."""

    store: str | None
    path: str
    field: str | None


@dataclass(frozen=True, slots=True)
class KeySource:
    """The slot of a key of the same manifest."""

    address: str


Source: TypeAlias = SlotSource | KeySource


def read_source(value: object) -> Source:
    """Read what the manifest has as the value of a provider key."""
    if not isinstance(value, dict):
        raise BadReferenceError(LITERAL_VALUE)
    names = set(value)
    if names == {"key"}:
        return KeySource(str(_read_word("key", value, ADDRESS_PATTERN, "the address of a key")))
    if "path" not in names or not names <= {"store", "path", "field"}:
        raise BadReferenceError(_SHAPE)
    return SlotSource(
        _read_word("store", value, NAME_PATTERN, "the name of a store"),
        _read_path(value["path"]),
        _read_word("field", value, FIELD_PATTERN, "the name of a field"),
    )


def _read_word(name: str, value: dict[str, object], pattern: str, title: str) -> str | None:
    word = value.get(name)
    if word is None and name not in value:
        return None
    if not isinstance(word, str) or not re.fullmatch(pattern, word):
        raise BadReferenceError(f"`{name}` takes {title}, not a value")
    return word


def _read_path(path: object) -> str:
    if not isinstance(path, str):
        raise BadReferenceError("`path` takes the path of a slot, not a value")
    try:
        return read_slot_path(path)
    except ValueError as error:
        raise BadReferenceError(f"`path` {error}") from None
