"""The bounds of one client: how long, how much, how deep, how often, how fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reset:
    """The header that says when to go on, in an API without Retry-After."""

    header: str
    unit: Literal["seconds", "epoch_s", "epoch_ms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds, bytes and counts. `rate` is requests per second; None leaves it to the server.

    `keep_alive` is shorter than the idle time-outs of common servers (gunicorn 2 s, uvicorn 5 s):
    a request on a connection that the server is just closing has an unknown outcome.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 120.0
    keep_alive: float = 1.5
    max_bytes: int = 64 * _MEBIBYTE
    max_depth: int = 64
    attempts: int = 4
    first_pause: float = 0.5
    longest_pause: float = 8.0
    longest_hold: float = 60.0
    concurrency: int = 8
    rate: float | None = None
    reset: Reset | None = None
