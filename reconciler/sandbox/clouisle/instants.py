"""How Clouisle reads a time: what it accepts, of which UTC is kept."""

import re
from datetime import UTC, datetime, timedelta

from reconciler.sandbox.instants import store_instant

_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[Tt _](?P<time>\d\d:\d\d(?::\d\d)?)(?:[.,](?P<fraction>\d+))?"
    r"(?P<zone>[Zz]|[+-]\d\d:?\d\d)?)?"
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# Above this a number counts milliseconds.
_MOST_SECONDS = 20_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_instant(value: object) -> str:
    """Turn what a caller sent into stored text, or raise ValueError."""
    if isinstance(value, str):
        number = _NUMBER.fullmatch(value.strip())
        at = _from_number(float(value)) if number else _from_text(value.strip())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        at = _from_number(value)
    else:
        raise TypeError("not a time")
    return store_instant(at)


def _from_number(number: float) -> datetime:
    unit = timedelta(seconds=1) if abs(number) <= _MOST_SECONDS else timedelta(milliseconds=1)
    return _EPOCH + number * unit


def _from_text(text: str) -> datetime:
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError("not a time")
    # Longer fractions are cut, not rounded; a time without a zone is UTC.
    fraction = (found["fraction"] or "0")[:6].ljust(6, "0")
    zone = (found["zone"] or "Z").upper().replace("Z", "+00:00")
    return datetime.fromisoformat(f"{found['date']}T{found['time'] or '00:00'}{zone}").replace(
        microsecond=int(fraction)
    )
