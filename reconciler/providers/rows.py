"""From an API's rows to live keys, by a dialect's field map."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from reconciler.core.capabilities import climbs
from reconciler.core.keys import ENABLED, EXPIRES_AT, NAME, Attributes, KeyId, Value
from reconciler.core.observed import LiveKey, LiveStatus
from reconciler.errors import ProviderError
from reconciler.providers.codecs import Decoder, UnusableValueError, make_decoder
from reconciler.providers.dialect.fields import AnyField
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.moments import read_moment
from reconciler.providers.paths import MISSING, Reader, compile_path

_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:~@=+|-]{0,199}")
_WORD: Final = re.compile(r"[^\x00-\x1f\x7f]{1,500}")
_Field: TypeAlias = tuple[str, Reader, Decoder, bool]


class UnreadableKeyError(ProviderError):
    """A row of an answer is not a key as the dialect describes it."""


@dataclass(frozen=True, slots=True)
class LiveRow:
    """A key that lives. `mark` is where our mark stands, as the API has it."""

    key: LiveKey
    mark: object
    tenant: str | None


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A row that only remembers a key. Nothing else of it counts, and its id may be unusable."""

    id: KeyId | None


Row: TypeAlias = LiveRow | DeadRow


def is_key_id(text: object) -> bool:
    """Whether this can be an id: it goes into paths, state and output, so no slash and no dots."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


class RowReader:
    """Reads rows of one dialect. Compiled once: listings have rows by the thousand."""

    def __init__(self, dialect: Dialect) -> None:
        identity = dialect.identity
        self._id = compile_path(identity.id)
        self._created = _compile(identity.created_at)
        self._used = _compile(identity.last_used_at)
        self._dead = _compile(identity.dead)
        self._held = _compile(identity.held_by)
        self._status = _compile(identity.status)
        self._statuses = identity.statuses
        self._times = identity.times
        self._mark = _compile(dialect.marker.read) if dialect.marker else None
        self._tenant = _compile(dialect.tenant.told.row) if dialect.tenant.told else None
        self._fields = FieldReader(dialect.fields, "a key")

    def take(self, row: object, now: datetime) -> Row:
        """Give one listed row: whether it is dead is asked before anything else."""
        if self.is_dead(row):
            try:
                return DeadRow(self.identify(row))
            except UnreadableKeyError:
                return DeadRow(None)
        key = self.read(row, now)
        mark = self._mark(row) if self._mark else None
        tenant = read_word(self._tenant(row)) if self._tenant else None
        return LiveRow(key, mark, tenant)

    def identify(self, row: object) -> KeyId:
        """Give the id of a row, whatever else is in it."""
        return read_id(self._id(row))

    def identify_bare(self, row: object) -> KeyId:
        """Give the id of a row that may be nothing but an id."""
        return self.identify(row) if isinstance(row, dict) else read_id(row)

    def is_dead(self, row: object) -> bool:
        """Whether a row only remembers a key; UnreadableKeyError where it does not tell."""
        if self._dead is not None and self._dead(row) is True:
            return True
        return self._status is not None and self._word(row) == "dead"

    def read(self, row: object, now: datetime) -> LiveKey:
        """Give one row as a live key; UnreadableKeyError names the field that is wrong."""
        key_id, attributes = self.identify(row), self._fields.read(row)
        return LiveKey(
            id=key_id,
            name=str(attributes.get(NAME) or ""),
            status=self._stand(row, attributes, now),
            attributes=Attributes(tuple(attributes.items())),
            created_at=self._read_time(self._created, row, "its creation"),
            last_used_at=self._read_time(self._used, row, "its last use"),
            marked=_read_mark_text(self._mark(row)) if self._mark else None,
            held_by=_read_holder(self._held(row)) if self._held else None,
        )

    def _word(self, row: object) -> str:
        """Give the standing that the API's own word means; a new word may mean anything."""
        word = self._status(row) if self._status else MISSING
        meaning = self._statuses.get(word) if isinstance(word, str) else None
        if meaning is None:
            raise UnreadableKeyError("answered with a key whose status is unknown to the dialect")
        return meaning

    def _stand(self, row: object, attributes: dict[str, Value], now: datetime) -> LiveStatus:
        told = self._word(row) if self._status else ""
        if attributes.get(ENABLED) is False or told == "disabled":
            return LiveStatus.DISABLED
        expiry = attributes.get(EXPIRES_AT)
        over = told == "expired" or (isinstance(expiry, datetime) and expiry <= now)
        return LiveStatus.EXPIRED if over else LiveStatus.ACTIVE

    def _read_time(self, reader: Reader | None, row: object, what: str) -> datetime | None:
        value = MISSING if reader is None else reader(row)
        if value is MISSING:
            return None
        try:
            return read_moment(value, self._times)
        except UnusableValueError:
            problem = f"answered with a key whose time of {what} is unusable"
            raise UnreadableKeyError(problem) from None


def read_id(value: object) -> KeyId:
    """Take an id as it stands in an answer; a number is written as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not is_key_id(value):
        raise UnreadableKeyError("answered with a key that has no usable id")
    return KeyId(value)


class FieldReader:
    """Reads the attributes of one kind of thing; `what` names it in complaints."""

    def __init__(self, fields: Mapping[str, AnyField], what: str) -> None:
        self._what = what
        self._fields: list[_Field] = [
            (name, compile_path(field.read), make_decoder(field), field.optional)
            for name, field in sorted(fields.items())
            if field.read is not None
        ]

    def read(self, row: object) -> dict[str, Value]:
        """Give the attributes of one row, sorted by name."""
        attributes: dict[str, Value] = {}
        for name, reader, decode, optional in self._fields:
            value = reader(row)
            if value is MISSING:
                if optional:
                    continue
                problem = f"answered with {self._what} that does not tell its {name}"
                raise UnreadableKeyError(problem)
            try:
                attributes[name] = decode(value)
            except UnusableValueError:
                problem = f"answered with {self._what} whose {name} is unusable"
                raise UnreadableKeyError(problem) from None
        return attributes


def is_word(text: str) -> bool:
    """Whether this can be an id or a name of something other than a key; it may go into paths."""
    return _WORD.fullmatch(text) is not None and not climbs(text)


def read_word(value: object) -> str | None:
    """Take such a word out of an answer; a number is written as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and is_word(value) else None


def _compile(path: str | None) -> Reader | None:
    return compile_path(path) if path else None


def _read_mark_text(value: object) -> str:
    """Give the text, or the tags, in which our mark may stand."""
    if isinstance(value, list):
        return " ".join(each for each in value if isinstance(each, str))
    return value if isinstance(value, str) else ""


def _read_holder(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
