"""How a call can end. Nothing here shows a body or a header: an answer may hold a secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TypeAlias

from reconciler.core.secret import Secret


class Content(Enum):
    """What an answer carries; the value is the complaint of somebody who wanted JSON."""

    JSON = ""
    EMPTY = "answered with nothing, not JSON"
    HTML = "answered with HTML, not JSON: is this the API's base URL? perhaps a login page or proxy"
    OTHER = "answered with something that is not JSON"
    TOO_LARGE = "answered with more than the size limit allows"
    TOO_DEEP = "answered with JSON that is nested too deeply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer with a status. `data` is the parsed JSON, and None for any other content.

    `reset_header` is the one that the limits name. `cookies` are only those set for this host.
    """

    status: int
    content: Content
    data: object = field(default=None, repr=False)
    date_header: str | None = None
    retry_after_header: str | None = None
    reset_header: str | None = None
    link_header: str | None = field(default=None, repr=False)
    cookies: tuple[tuple[str, Secret], ...] = field(default=(), repr=False, compare=False)

    @property
    def date(self) -> datetime | None:
        """The server's clock, to the second, where the answer tells it."""
        return parse_http_date(self.date_header)


@dataclass(frozen=True, slots=True)
class NotSent:
    """No connection was ever made, so nothing has happened there.

    `lasting`: the same call would fail again, such as for a certificate that is not trusted.
    """

    reason: str
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The connection was made and no complete answer came: the call may have taken effect."""

    reason: str


Result: TypeAlias = Answer | NotSent | Unanswered


def parse_http_date(header: str | None) -> datetime | None:
    """Read an HTTP date as an instant; None for anything else."""
    if header is None:
        return None
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
