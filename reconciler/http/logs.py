"""What may be written down of a call: method, path template, status and duration."""

from __future__ import annotations

import logging
from typing import assert_never

from reconciler.http.answers import Answer, NotSent, Result, Unanswered
from reconciler.http.calls import Call

_log = logging.getLogger("keywright.http")


def quiet_libraries() -> None:
    """Keep httpx and httpcore from logging URLs with ids in them, and headers."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log_call(call: Call, result: Result, seconds: float) -> None:
    """Write one line for one exchange."""
    if _log.isEnabledFor(logging.DEBUG):
        _log.debug("%s: %s in %.0f ms", call, _outcome(result), seconds * 1000)


def _outcome(result: Result) -> str:
    match result:
        case Answer():
            return str(result.status)
        case NotSent():
            return f"not sent, {result.reason}"
        case Unanswered():
            return f"unanswered, {result.reason}"
        case _:
            assert_never(result)
