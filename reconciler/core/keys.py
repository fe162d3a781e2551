"""The words that everything else is said in: addresses, ids, stages and attributes of keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, TypeAlias

Address = NewType("Address", str)
"""A key's name in the manifest: unique in the stack."""

KeyId = NewType("KeyId", str)
"""The id by which the live key API knows one credential."""

OpId = NewType("OpId", str)
"""One attempt at one operation, as 32 hex digits: journal id, mark, and spool name at once."""

Value: TypeAlias = str | int | bool | datetime | tuple[str, ...] | None
"""What an attribute can be. None means explicitly none: never expires, no limit."""


class Stage(StrEnum):
    """Where a version is in its life."""

    PENDING = "pending"
    CURRENT = "current"
    RETIRING = "retiring"
    DISABLED = "disabled"
    GONE = "gone"


class Cause(StrEnum):
    """Why anything has to be done at all."""

    CONFIG = "config"
    DRIFT = "drift"
    CLOCK = "clock"
    RECOVERY = "recovery"


NAME = "name"
SCOPES = "scopes"
EXPIRES_AT = "expires_at"
ENABLED = "enabled"
RATE_LIMIT = "rate_limit"
"""Requests per minute; None is unlimited."""
OPTION_PREFIX = "options."


@dataclass(frozen=True, slots=True)
class Attributes:
    """Field names and values of one key, sorted by name, secret-free by type.

    A field that is missing is not managed (in what is wanted) or not told (in what is live). Sets
    are sorted tuples, times are aware and in UTC, so that equality is plain equality.
    """

    pairs: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def of(cls, fields: Mapping[str, Value]) -> Attributes:
        """Sort a mapping into its one canonical form."""
        return cls(tuple(sorted(fields.items())))

    def mapping(self) -> dict[str, Value]:
        """Give a plain mapping, for looking up and for wording differences."""
        return dict(self.pairs)

    def get(self, name: str) -> Value:
        """Give one value; None both for "none" and for a field that is missing."""
        for field, value in self.pairs:
            if field == name:
                return value
        return None

    def __contains__(self, name: str) -> bool:
        return any(field == name for field, _ in self.pairs)

    def merge(self, fields: Mapping[str, Value]) -> Attributes:
        """Give a copy in which these fields have these values."""
        return Attributes.of({**self.mapping(), **fields})

    def only(self, names: frozenset[str]) -> Attributes:
        """Give a copy that has no other fields than these."""
        return Attributes(tuple(pair for pair in self.pairs if pair[0] in names))


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One slot of a store: where the secret of a key goes."""

    store: str
    path: str
    field: str

    def __str__(self) -> str:
        return f"{self.store}:{self.path}#{self.field}"


@dataclass(frozen=True, slots=True)
class Never:
    """A key that is explicitly without expiry."""


@dataclass(frozen=True, slots=True)
class At:
    """An absolute expiry."""

    instant: datetime


@dataclass(frozen=True, slots=True)
class After:
    """An expiry counted from the creation of each version."""

    span: timedelta


Lifetime: TypeAlias = Never | At | After | None
"""None is a lifetime that the manifest leaves out: not managed."""
