"""One call to Clouisle: reading it, running its endpoint, and answering in the envelope.

Endpoints are plain functions of a call; they must not build a response themselves.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reconciler.sandbox.bearer import read_bearer
from reconciler.sandbox.bodies import read_body
from reconciler.sandbox.clouisle.answers import (
    Refusal,
    Success,
    broken,
    invalid,
    show_refusal,
    show_success,
)
from reconciler.sandbox.clouisle.fields import read_integer, read_uuid
from reconciler.sandbox.clouisle.messages import choose_language
from reconciler.sandbox.parts import Parts
from reconciler.sandbox.request_log import USER_SCOPE_KEY

PREFIX = "/clouisle/api/v1"
_MOST_OFFSET = 2**63 - 1

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """The part of a list that was asked for."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """Count the rows before this page."""
        return (self.number - 1) * self.size


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its whole body, and the parts of the sandbox."""

    parts: Parts
    request: Request
    body: bytes
    now: datetime

    def bearer(self) -> str | None:
        """Give the bearer token, if one was sent."""
        return read_bearer(self.request)

    def note_user(self, username: str) -> None:
        """Tell the request log who called."""
        self.request.scope[USER_SCOPE_KEY] = username

    def path_id(self, name: str) -> str:
        """Read an id in the path."""
        try:
            return read_uuid(self.request.path_params[name])
        except ValueError:
            raise invalid([f"path.{name}"]) from None

    def query_integer(self, name: str, otherwise: int) -> int:
        """Read a whole number in the query."""
        value = self.request.query_params.get(name)
        try:
            return otherwise if value is None else read_integer(value)
        except ValueError:
            raise invalid([f"query.{name}"]) from None

    def query_ids(self, name: str) -> list[str]:
        """Read a repeatable id in the query."""
        try:
            return [read_uuid(value) for value in self.request.query_params.getlist(name)]
        except ValueError:
            raise invalid([f"query.{name}.0"]) from None

    def page(self) -> Page:
        """Read which page is wanted; the backend breaks where SQL would."""
        page = Page(self.query_integer("page", 1), self.query_integer("page_size", 20))
        if not (0 <= page.offset <= _MOST_OFFSET and 0 <= page.size <= _MOST_OFFSET):
            raise broken()
        return page


Endpoint = Callable[[Call], Success]


def route(parts: Parts, method: str, path: str, endpoint: Endpoint) -> Route:
    """Bind an endpoint to a method and a path below the system's prefix."""

    async def answer(request: Request) -> Response:
        body = await read_body(request)
        wish = request.headers.get("X-Language") or request.headers.get("Accept-Language")
        language = choose_language(wish)
        try:
            success = endpoint(Call(parts, request, body, parts.clock.now()))
        except Refusal as refusal:
            return show_refusal(refusal, language)
        except Exception:  # noqa: BLE001 - whatever breaks inside is a 500 in the envelope
            _log.exception("the sandbox failed inside")
            return show_refusal(broken(), language)
        return show_success(success, language)

    return Route(PREFIX + path, answer, methods=[method])


def show_page(page: Page, total: int, items: list[dict[str, Any]]) -> dict[str, Any]:
    """Word one page of a list."""
    return {"items": items, "total": total, "page": page.number, "page_size": page.size}
