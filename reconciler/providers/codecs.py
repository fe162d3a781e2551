"""Between an API's values and ours: one decoder and one encoder for each codec of a dialect.

Both raise UnusableValueError for what they cannot take. It carries no text: the standard library's
would quote the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Final, TypeAlias, assert_never

from reconciler.core.capabilities import plain_amount
from reconciler.core.keys import Value
from reconciler.providers.dialect.fields import (
    AnyField,
    BoolField,
    EnumField,
    InstantField,
    IntField,
    RateField,
    SetField,
    StringField,
)
from reconciler.providers.moments import UnusableValueError, read_moment, write_moment

Decoder: TypeAlias = Callable[[object], Value]
_WORDS_ONLY: Final = {str}
_PER_MINUTE: Final = {"second": (60, 1), "minute": (1, 1), "hour": (1, 60)}

__all__ = ["Decoder", "UnusableValueError", "encode", "make_decoder"]


def make_decoder(field: AnyField) -> Decoder:
    """Give the function that reads one field's values; null is none where answers may lack it."""
    read = _make_decoder(field)
    if not field.optional or isinstance(field, SetField | RateField | InstantField):
        return read
    return lambda value: None if value is None else read(value)


def _make_decoder(field: AnyField) -> Decoder:
    match field:
        case StringField():
            return _read_number_as_text if field.as_number else _read_text
        case EnumField():
            return _enum_reader(field.values)
        case BoolField():
            return _read_inverted if field.inverted else _read_bool
        case IntField():
            return _read_int
        case SetField():
            return _read_set_or_null if field.null_is_empty else _read_set
        case RateField():
            return _rate_reader(field)
        case InstantField():
            form = field.format
            return lambda value: read_moment(value, form)
        case _:
            assert_never(field)


def encode(field: AnyField, value: Value, now: datetime) -> object:
    """Give a value as the API's body wants it; `now` is where a span begins."""
    if field.clear is not None and value in (None, ()):
        return field.clear.value
    match field:
        case StringField():
            return _write_text(field, value)
        case EnumField():
            return _write_word(field, value)
        case BoolField():
            return _read_inverted(value) if field.inverted else _read_bool(value)
        case IntField():
            return _read_int(value)
        case SetField():
            return _write_set(field, value)
        case RateField():
            return _write_rate(field, value)
        case InstantField():
            return _write_instant(field, value, now)
        case _:
            assert_never(field)


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise UnusableValueError
    return value


def _read_number_as_text(value: object) -> str:
    """Give a number's plain text: JSON tells neither 50 from 50.0 nor 0.0000001 from 1e-07."""
    if not isinstance(value, float):
        return str(_read_int(value))
    if not isfinite(value):
        raise UnusableValueError
    return format(Decimal(repr(value)).normalize(), "f")


def _write_text(field: StringField, value: Value) -> str | int | float:
    text = _read_text(value)
    if not field.as_number:
        return text
    if plain_amount(text) is None:
        raise UnusableValueError
    return float(text) if "." in text else int(text)


def _enum_reader(values: dict[str, str | int | bool]) -> Decoder:
    ours = {(type(theirs), theirs): word for word, theirs in values.items()}

    def read(value: object) -> Value:
        if not isinstance(value, str | int):
            raise UnusableValueError
        word = ours.get((type(value), value))
        if word is None:
            raise UnusableValueError
        return word

    return read


def _write_word(field: EnumField, value: Value) -> str | int | bool:
    if not isinstance(value, str) or value not in field.values:
        raise UnusableValueError
    return field.values[value]


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


def _read_set_or_null(value: object) -> tuple[str, ...]:
    return () if value is None else _read_set(value)


def _write_set(field: SetField, value: Value) -> list[str]:
    words = _read_set(list(value) if isinstance(value, tuple) else value)
    if not words and field.null_is_empty:
        raise UnusableValueError  # there is no way to say none but by leaving it out
    return list(words)


def _rate_reader(field: RateField) -> Decoder:
    times, by = _PER_MINUTE[field.per]

    def read(value: object) -> int | None:
        if value is None and field.unlimited_is_null:
            return None
        number = _read_int(value)
        return None if number == field.unlimited else number * times // by

    return read


def _write_rate(field: RateField, value: Value) -> int | None:
    if value is None:
        if field.unlimited is None and not field.unlimited_is_null:
            raise UnusableValueError
        return field.unlimited
    times, by = _PER_MINUTE[field.per]
    number, rest = divmod(_read_int(value) * by, times)
    if rest or number == field.unlimited:
        raise UnusableValueError  # a limit of nothing must not become no limit
    return number


def _write_instant(field: InstantField, value: Value, now: datetime) -> str | int:
    if not isinstance(value, datetime):
        raise UnusableValueError
    return write_moment(value, field.writes or field.format, field.step, now)
