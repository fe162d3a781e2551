"""Values as people read them: times, spans, rates, sets and names."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Final, assert_never

from reconciler.core.keys import EXPIRES_AT, RATE_LIMIT, After, At, Lifetime, Never, Value
from reconciler.render.escaping import LONGEST_NAME, cut

UNKNOWN: Final = "(unknown)"
SECRET: Final = "(secret value)"  # noqa: S105 - what is shown instead of one
_MOST_MEMBERS = 20
_MOST_HOURS = 72
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def quote(text: str) -> str:
    """Put a name between quotation marks; what would end them early is escaped."""
    return json.dumps(cut(text, LONGEST_NAME), ensure_ascii=False)


def as_utc(instant: datetime) -> datetime:
    """Give an instant in UTC; one without a zone is taken to be in UTC already."""
    try:
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except OverflowError:
        return instant.replace(tzinfo=UTC)


_MINUTE = timedelta(minutes=1)
_FEW_DAYS = 3


def word_time(instant: datetime) -> str:
    """Write an instant to the minute, and to the second only where it has one."""
    moment = as_utc(instant)
    day = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    seconds = f":{moment.second:02}" if moment.second else ""
    return f"{day} {moment.hour:02}:{moment.minute:02}{seconds} UTC"


def word_span(span: timedelta) -> str:
    """Write a span exactly, as the manifest would: `120d`, `1d12h`."""
    left, parts = abs(int(span.total_seconds())), []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def word_overlap(span: timedelta) -> str:
    """Write a span exactly, one of a few whole hours in hours alone: `48h`, `36h`, `7d`."""
    hours, rest = divmod(int(span.total_seconds()), 3600)
    return f"{hours}h" if not rest and 0 < hours <= _MOST_HOURS else word_span(span)


def word_age(span: timedelta) -> str:
    """Write a span roughly, in its largest unit: `3d`, `5h`."""
    total = abs(int(span.total_seconds()))
    return next((f"{total // size}{unit}" for unit, size in _UNITS if total >= size), "0s")


def since(instant: datetime, now: datetime) -> timedelta:
    """Give the span from an instant until now; negative for one that is still to come."""
    return as_utc(now) - as_utc(instant)


def word_due(instant: datetime, now: datetime) -> str:
    """Write how far off an instant is: `in 41d`, `3d ago`."""
    span = since(instant, now)
    if span >= timedelta():
        return f"{word_age(span)} ago"
    # A key made for 30 days a second ago runs out "in 30d", not in 29.
    rest = _MINUTE if -span > _MINUTE * 60 else timedelta()
    return f"in {word_age(rest - span)}"


def word_soon(instant: datetime, now: datetime) -> str:
    """Write how far off an instant is, the next few days to the hour: `in 1d 23h`, `in 41d`."""
    rest = _MINUTE - since(instant, now)
    if not timedelta(days=1) <= rest < timedelta(days=_FEW_DAYS):
        return word_due(instant, now)
    hours = rest.seconds // 3600
    return f"in {rest.days}d {hours}h" if hours else f"in {rest.days}d"


def word_lifetime(lifetime: Lifetime) -> str | None:
    """Write a declared expiry; None where the manifest leaves it out."""
    match lifetime:
        case None:
            return None
        case Never():
            return "never"
        case At(instant):
            return word_time(instant)
        case After(span):
            return f"in {word_span(span)}"
        case _:
            assert_never(lifetime)


def word_value(field: str, value: Value) -> str:
    """Write the value of one attribute."""
    match value:
        case None:
            return _word_none(field)
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value}/min" if field == RATE_LIMIT else str(value)
        case datetime():
            return word_time(value)
        case tuple():
            return word_set(value)
        case str():
            return quote(value)
        case _:
            assert_never(value)


def word_set(members: tuple[str, ...]) -> str:
    """Write a set as a sorted list; a long one is cut, and says so."""
    shown = [quote(member) for member in sorted(members)[:_MOST_MEMBERS]]
    hidden = len(members) - len(shown)
    return f"[{', '.join([*shown, f'… {hidden} more'] if hidden else shown)}]"


def word_order(members: tuple[str, ...]) -> str:
    """Write a list whose order counts."""
    return ", then ".join(quote(member) for member in members)


def word_membership(added: tuple[str, ...], removed: tuple[str, ...]) -> str | None:
    """Write which members of a set come and go: `(+ agent:read, - chat)`."""
    moves = [*(f"+ {member}" for member in added), *(f"- {member}" for member in removed)]
    shown = [cut(move, LONGEST_NAME) for move in moves[:_MOST_MEMBERS]]
    hidden = [f"… {len(moves) - len(shown)} more"] if len(moves) > len(shown) else []
    return f"({', '.join([*shown, *hidden])})" if moves else None


def plural(count: int, noun: str) -> str:
    """Write a number of things: `1 key`, `2 keys`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _word_none(field: str) -> str:
    return {EXPIRES_AT: "never", RATE_LIMIT: "unlimited"}.get(field, "none")
