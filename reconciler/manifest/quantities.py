"""Spans, rates and expiries as people write them, into exact values.

Every function raises ValueError with the end of a sentence that begins with the field's name.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from reconciler.core.keys import After, At, Lifetime, Never

MAX_SPAN: Final = timedelta(days=36_525)
"""A hundred years: whatever is longer is a slip."""

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
DURATION_PATTERN: Final = (
    r"^(?=[0-9])([0-9]{1,6}w)?([0-9]{1,6}d)?([0-9]{1,8}h)?([0-9]{1,9}m)?([0-9]{1,11}s)?$"
)
_DURATION = re.compile(DURATION_PATTERN.removesuffix("$") + r"\Z")
_DURATION_HELP = "must be a duration such as 90d, 48h, 30m or 1d12h"
_NOTHING = "must be longer than nothing"

RATE_PATTERN: Final = r"^[1-9][0-9]{0,11}/(s|min|h)$"
_RATE = re.compile(r"([1-9][0-9]{0,11})/(s|min|h)\Z")
_PER_MINUTE = {"s": (60, 1), "min": (1, 1), "h": (1, 60)}

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?\Z"
)
_LIFETIME_HELP = (
    "must be `{after: 120d}`, a date such as 2027-05-02, a time such as 2027-05-02T12:00:00Z,"
    " or `never`"
)


def read_duration(value: object) -> timedelta:
    """Read `90d`, `48h`, `30m`, `10s`, `2w` or a sum such as `1d12h`; not above 100 years."""
    if not isinstance(value, str):
        raise ValueError(_DURATION_HELP)  # noqa: TRY004 - pydantic passes only ValueError on
    return _span(value)


@lru_cache(maxsize=256)
def _span(text: str) -> timedelta:
    match = _DURATION.match(text)
    if not match:
        raise ValueError(_DURATION_HELP)
    seconds = sum(int(part[:-1]) * _UNITS[part[-1]] for part in match.groups() if part is not None)
    if seconds > MAX_SPAN.total_seconds():
        raise ValueError("must not be longer than 100 years")
    return timedelta(seconds=seconds)


def read_optional_duration(value: object) -> timedelta | None:
    """Read a duration, or `never` as None."""
    if value == "never":
        return None
    try:
        return read_duration(value)
    except ValueError as error:
        if str(error) == _DURATION_HELP:
            raise ValueError(f"{error}, or `never`") from None
        raise


def read_span(value: object) -> timedelta | None:
    """Read a duration that is longer than nothing, or `never` as None."""
    span = read_optional_duration(value)
    if span is not None and not span:
        raise ValueError(_NOTHING)
    return span


def read_rate(value: object) -> int:
    """Read `600/min`, `10/s` or `120/h` as a whole number per minute."""
    if not isinstance(value, str):
        raise ValueError("must be a rate such as 600/min or 10/s")  # noqa: TRY004 - as above
    return _rate(value)


@lru_cache(maxsize=256)
def _rate(text: str) -> int:
    match = _RATE.match(text)
    if not match:
        raise ValueError("must be a rate such as 600/min or 10/s")
    times, by = _PER_MINUTE[match[2]]
    rate, rest = divmod(int(match[1]) * times, by)
    if rest:
        raise ValueError("must come to a whole number per minute")
    return rate


def read_rate_limit(value: object) -> int | None:
    """Read the rate limit of a key: requests per minute, None for `unlimited`."""
    if value == "unlimited":
        return None
    try:
        return read_rate(value)
    except ValueError as error:
        if str(error).startswith("must be"):
            raise ValueError(f"{error}, or `unlimited`") from None
        raise


def read_lifetime(value: object) -> Lifetime:
    """Read the expiry of a key: `{after: 120d}`, a date, a time, or `never`."""
    if isinstance(value, str):
        return Never() if value == "never" else At(_instant(value))
    if not isinstance(value, dict) or set(value) != {"after"}:
        raise ValueError(_LIFETIME_HELP)
    span = read_duration(value["after"])
    if not span:
        raise ValueError(_NOTHING)
    return After(span)


def _instant(text: str) -> datetime:
    """Read a date as its last second in UTC, and a time without a zone as UTC."""
    if _DATE.match(text):
        text = f"{text}T23:59:59Z"
    if not _TIME.match(text):
        raise ValueError(_LIFETIME_HELP)
    try:
        moment = datetime.fromisoformat(text.upper())
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return zoned.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is a day or a time that does not exist") from None
