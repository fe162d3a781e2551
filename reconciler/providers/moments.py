"""Times between an API and us: RFC 3339, dates, seconds and milliseconds since 1970, and spans."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Final, assert_never

from reconciler.providers.dialect.fields import SpanFormat, TimeFormat

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SECOND: Final = time(0, tzinfo=UTC)
_LAST_SECOND: Final = time(23, 59, 59, tzinfo=UTC)


class UnusableValueError(Exception):
    """A value that is not what its codec says; carries nothing."""


def read_moment(value: object, form: TimeFormat) -> datetime | None:
    """Read a time to an aware one in UTC; null is none, a naive time is UTC."""
    if value is None:
        return None
    try:
        match form:
            case "rfc3339":
                return _read_text(value)
            case "date":
                return _day(value, _LAST_SECOND)
            case "date_start":
                return _day(value, _FIRST_SECOND)
            case "epoch_s":
                return _EPOCH + timedelta(seconds=_read_number(value))
            case "epoch_ms":
                return _EPOCH + timedelta(milliseconds=_read_number(value))
            case _:
                assert_never(form)
    except (ValueError, OverflowError):
        raise UnusableValueError from None


def write_moment(
    value: datetime, form: TimeFormat | SpanFormat, step: timedelta, now: datetime
) -> str | int:
    """Give a time in a form; a span is counted from `now`, and never becomes nothing."""
    instant = value.astimezone(UTC)
    match form:
        case "rfc3339":
            return _cut(instant, step).isoformat().replace("+00:00", "Z")
        case "date" | "date_start":
            return instant.date().isoformat()
        case "epoch_s":
            return int((_cut(instant, step) - _EPOCH).total_seconds())
        case "epoch_ms":
            return (_cut(instant, step) - _EPOCH) // timedelta(milliseconds=1)
        case "ttl_s":
            return _span(instant - now, timedelta(seconds=1))
        case "ttl_minutes":
            return _span(instant - now, timedelta(minutes=1))
        case "ttl_days":
            return _span(instant - now, timedelta(days=1))
        case "duration":
            return f"{_span(instant - now, timedelta(seconds=1))}s"
        case _:
            assert_never(form)


def _read_text(value: object) -> datetime:
    if not isinstance(value, str):
        raise UnusableValueError
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is UTC:
        return instant
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _day(value: object, moment: time) -> datetime:
    """A date is over with its last second in UTC, as one in the manifest is, or with its first."""
    if not isinstance(value, str):
        raise UnusableValueError
    return datetime.combine(date.fromisoformat(value), moment)


def _read_number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise UnusableValueError
    return value


def _cut(instant: datetime, step: timedelta) -> datetime:
    return instant - (instant - _EPOCH) % step


def _span(left: timedelta, unit: timedelta) -> int:
    if left <= timedelta(0):
        raise UnusableValueError  # it would be dead at once, or live for ever
    return ceil(left / unit)
