"""Between an API's values and ours: one decoder and one encoder for each codec of a dialect.

Both raise UnusableValueError for what they cannot take. It carries no text: the standard library's
would quote the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeAlias, assert_never

from reconciler.core.keys import Value
from reconciler.providers.dialect import (
    AnyField,
    BoolField,
    InstantField,
    IntField,
    RateField,
    SetField,
    StringField,
)

Decoder: TypeAlias = Callable[[object], Value]
_WORDS_ONLY: Final = {str}


class UnusableValueError(Exception):
    """A value that is not what its codec says; carries nothing."""


def make_decoder(field: AnyField) -> Decoder:
    """Give the function that reads one field's values."""
    match field:
        case StringField():
            return _read_text
        case BoolField():
            return _read_inverted if field.inverted else _read_bool
        case IntField():
            return _read_int
        case SetField():
            return _read_set
        case RateField():
            return _rate_reader(field.unlimited)
        case InstantField():
            return read_instant
        case _:
            assert_never(field)


def encode(field: AnyField, value: Value) -> object:
    """Give a value as the API's body wants it."""
    match field:
        case StringField():
            return _read_text(value)
        case BoolField():
            return _read_inverted(value) if field.inverted else _read_bool(value)
        case IntField():
            return _read_int(value)
        case SetField():
            return list(_read_set(list(value) if isinstance(value, tuple) else value))
        case RateField():
            return _write_rate(field, value)
        case InstantField():
            return _write_instant(field, value)
        case _:
            assert_never(field)


def read_instant(value: object) -> datetime | None:
    """Read RFC 3339 to an aware time in UTC; null is none; a naive time is UTC."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise UnusableValueError
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is UTC:
            return instant
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise UnusableValueError from None


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise UnusableValueError
    return value


def _read_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise UnusableValueError
    return value


def _read_inverted(value: object) -> bool:
    return not _read_bool(value)


def _read_int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnusableValueError
    return value


def _read_set(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise UnusableValueError
    if not value:
        return ()
    if set(map(type, value)) != _WORDS_ONLY:
        raise UnusableValueError
    return tuple(sorted(set(value)))


def _rate_reader(unlimited: int | None) -> Decoder:
    def read(value: object) -> int | None:
        number = _read_int(value)
        return None if number == unlimited else number

    return read


def _write_rate(field: RateField, value: Value) -> int:
    if value is None and field.unlimited is not None:
        return field.unlimited
    number = _read_int(value)
    if number == field.unlimited:
        raise UnusableValueError  # a limit of nothing must not become no limit
    return number


def _write_instant(field: InstantField, value: Value) -> str | None:
    if value is None and field.clear == "json_null":
        return None
    if not isinstance(value, datetime):
        raise UnusableValueError
    instant = value.astimezone(UTC)
    step = field.step.microseconds or 1_000_000
    cut = instant.replace(microsecond=instant.microsecond // step * step)
    return cut.isoformat().replace("+00:00", "Z")
