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
    read_instant,
)
from reconciler.providers.dialect import Dialect
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
        self._created = compile_path(identity.created_at) if identity.created_at else None
        self._used = compile_path(identity.last_used_at) if identity.last_used_at else None
        self._fields: list[_Field] = [
            (name, compile_path(field.read), make_decoder(field), field.optional)
            for name, field in sorted(dialect.fields.items())
        ]

    def read(self, row: object, now: datetime) -> LiveKey:
        """Give one row as a live key; UnreadableKeyError names the field that is wrong."""
        key_id = self._id(row)
        if not is_key_id(key_id):
            raise UnreadableKeyError("answered with a key that has no usable id")
        attributes = self._read_fields(row)
        return LiveKey(
            id=KeyId(str(key_id)),
            name=str(attributes.get(NAME) or ""),
            status=_status(attributes, now),
            attributes=Attributes(tuple(attributes.items())),
            created_at=_read_time(self._created, row, "its creation"),
            last_used_at=_read_time(self._used, row, "its last use"),
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


def _status(attributes: dict[str, Value], now: datetime) -> LiveStatus:
    if attributes.get(ENABLED) is False:
        return LiveStatus.DISABLED
    expiry = attributes.get(EXPIRES_AT)
    expired = isinstance(expiry, datetime) and expiry <= now
    return LiveStatus.EXPIRED if expired else LiveStatus.ACTIVE


def _read_time(reader: Reader | None, row: object, what: str) -> datetime | None:
    value = MISSING if reader is None else reader(row)
    if value is MISSING:
        return None
    try:
        return read_instant(value)
    except UnusableValueError:
        raise UnreadableKeyError(f"answered with a key whose time of {what} is unusable") from None


def write_body(
    dialect: Dialect, attributes: Attributes, purpose: Literal["create", "update"]
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
            _place(body, path.split("."), encode(field, value))
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
