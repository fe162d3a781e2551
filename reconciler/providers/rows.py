"""From an API's rows to live keys, and from attributes to its bodies, by a dialect's field map."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, Literal, TypeAlias

from reconciler.core.keys import ENABLED, EXPIRES_AT, NAME, Attributes, KeyId, Value
from reconciler.core.observed import LiveKey, LiveStatus
from reconciler.errors import ProviderError
from reconciler.providers.codecs import (
    Decoder,
    UnusableValueError,
    encode,
    make_decoder,
)
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.moments import read_moment
from reconciler.providers.paths import MISSING, Reader, compile_path

_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:~@=+|-]{0,199}")
_Field: TypeAlias = tuple[str, Reader, Decoder, bool]


class UnreadableKeyError(ProviderError):
    """A row of an answer is not a key as the dialect describes it."""


class UnwritableKeyError(ProviderError):
    """An attribute cannot be said in this dialect."""


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
        self._fields: list[_Field] = [
            (name, compile_path(field.read), make_decoder(field), field.optional)
            for name, field in sorted(dialect.fields.items())
            if field.read is not None
        ]

    def identify(self, row: object) -> KeyId:
        """Give the id of a row, whatever else is in it."""
        key_id = self._id(row)
        if isinstance(key_id, int) and not isinstance(key_id, bool):
            key_id = str(key_id)
        if not is_key_id(key_id):
            raise UnreadableKeyError("answered with a key that has no usable id")
        return KeyId(str(key_id))

    def is_dead(self, row: object) -> bool:
        """Whether a row only remembers a key; UnreadableKeyError where it does not tell."""
        if self._dead is not None and self._dead(row) is True:
            return True
        return self._status is not None and self._word(row) == "dead"

    def read(self, row: object, now: datetime) -> LiveKey:
        """Give one row as a live key; UnreadableKeyError names the field that is wrong."""
        key_id, attributes = self.identify(row), self._read_fields(row)
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

    def _read_fields(self, row: object) -> dict[str, Value]:
        attributes: dict[str, Value] = {}
        for name, reader, decode, optional in self._fields:
            value = reader(row)
            if value is MISSING:
                if optional:
                    continue
                raise UnreadableKeyError(f"answered with a key that does not tell its {name}")
            try:
                attributes[name] = decode(value)
            except UnusableValueError:
                raise UnreadableKeyError(f"answered with a key whose {name} is unusable") from None
        return attributes

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


def _compile(path: str | None) -> Reader | None:
    return compile_path(path) if path else None


def _read_mark_text(value: object) -> str:
    """Give the text, or the tags, in which our mark may stand."""
    if isinstance(value, list):
        return " ".join(each for each in value if isinstance(each, str))
    return value if isinstance(value, str) else ""


def _read_holder(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def write_body(
    dialect: Dialect, attributes: Attributes, purpose: Literal["create", "update"], now: datetime
) -> dict[str, object]:
    """Give attributes as a request's body, `enabled` aside: that has operations of its own."""
    body: dict[str, object] = {}
    for name, value in attributes.pairs:
        if name == ENABLED:
            continue
        field = dialect.fields.get(name)
        path = getattr(field, purpose, None)
        if field is None or path is None:
            raise UnwritableKeyError(f"{dialect.dialect} cannot {purpose} {name}")
        try:
            _place(body, path.split("."), encode(field, value, now))
        except UnusableValueError:
            raise UnwritableKeyError(f"{dialect.dialect} has no such {name}") from None
    return body


def _place(body: dict[str, object], names: list[str], value: object) -> None:
    *outer, last = names
    for name in outer:
        inner = body.setdefault(name, {})
        if not isinstance(inner, dict):
            raise UnusableValueError  # two fields of the dialect collide
        body = inner
    body[last] = value
