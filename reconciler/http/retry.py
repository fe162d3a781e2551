"""Which results are worth another try, and after how long."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, assert_never

from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt

from reconciler.http.answers import Answer, NotSent, Result, Unanswered, parse_http_date
from reconciler.http.calls import Call
from reconciler.http.limits import Limits, Reset
from reconciler.interfaces.clock import Clock

_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500
_UNAVAILABLE: Final = 503
_PASSING: Final = frozenset({502, _UNAVAILABLE, 504})
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)


def worth_repeating(call: Call, result: Result) -> bool:
    """Whether a call may, and should, be made once more after this result."""
    match result:
        case NotSent():
            return not result.lasting
        case Unanswered():
            return call.idempotent
        case Answer(status=status) if status == _TOO_MANY_REQUESTS:
            return call.idempotent or call.throttled_untouched
        case Answer():
            return call.idempotent and (result.status in _PASSING or _insists(call, result.status))
        case _:
            assert_never(result)


def _insists(call: Call, status: int) -> bool:
    return call.persistent and status >= _SERVER_ERROR


def pause_after(result: Result, attempt: int, limits: Limits, now: datetime) -> float:
    """Say how many seconds to wait: what the server asked for, else twice as long each time."""
    if isinstance(result, Answer):
        asked = _asked_pause(result, now)
        if asked is None and limits.reset and result.status == _TOO_MANY_REQUESTS:
            asked = _time_to_reset(result, limits.reset, now)
        if asked is not None:
            return min(asked, limits.longest_hold)
    return float(min(limits.first_pause * 2 ** (attempt - 1), limits.longest_pause))


def asks_to_slow_down(result: Result) -> bool:
    """Whether the server wants fewer calls from everybody, not only a second try of this one."""
    if not isinstance(result, Answer):
        return False
    overloaded = result.status == _UNAVAILABLE and result.retry_after_header is not None
    return overloaded or result.status == _TOO_MANY_REQUESTS


def _asked_pause(answer: Answer, now: datetime) -> float | None:
    """Read Retry-After, in seconds or as a date; None where it is missing or makes no sense."""
    header = answer.retry_after_header
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    date = parse_http_date(header)
    return max(0.0, (date - now).total_seconds()) if date else None


def _time_to_reset(answer: Answer, reset: Reset, now: datetime) -> float | None:
    """Read the header that the dialect names; a moment that is over says nothing.

    Many APIs send it with every answer, which is why only a 429 is asked for it. An instant is
    measured by the server's own clock, where the answer tells it.
    """
    text = (answer.reset_header or "").strip()
    if not _NUMBER.fullmatch(text):
        return None
    seconds = float(text)
    if reset.unit != "seconds":
        moment = seconds / 1000 if reset.unit == "epoch_ms" else seconds
        seconds = moment - (answer.date or now).timestamp()
    return seconds if seconds > 0 else None


async def repeat(
    attempt: Callable[[Call], Awaitable[Result]], call: Call, clock: Clock, limits: Limits
) -> Result:
    """Make a call until its result is final; when the attempts are used up, the last one counts."""
    again = AsyncRetrying(
        sleep=clock.sleep,
        stop=stop_after_attempt(limits.attempts),
        wait=lambda state: pause_after(_result(state), state.attempt_number, limits, clock.now()),
        retry=retry_if_result(lambda result: worth_repeating(call, result)),
        retry_error_callback=_result,
    )
    return await again(attempt, call)


def _result(state: RetryCallState) -> Result:
    if state.outcome is None:
        raise RuntimeError("tenacity asks only after an attempt")
    result: Result = state.outcome.result()
    return result
