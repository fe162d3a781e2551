"""One call to AI Controller: reading it, running its endpoint, and answering in the envelope.

Endpoints are plain functions of a call; they must not build a response themselves.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.sandbox.aicontroller.answers import (
    ModelAnswer,
    RefusalError,
    Success,
    broken,
    invalid,
    show_refusal,
    show_success,
)
from reconciler.sandbox.aicontroller.envelope_code import told_code
from reconciler.sandbox.bearer import read_bearer
from reconciler.sandbox.bodies import decode_object, read_body
from reconciler.sandbox.parts import Parts
from reconciler.sandbox.request_log import USER_SCOPE_KEY

PREFIX = "/aic"
_USUAL_PAGE_SIZE = 25
_MOST_PER_PAGE = 100
_NUMBER = re.compile(r"[0-9]{1,9}")
_FLAGS = {"true": True, "false": False}
_EXCEPTIONS = {413: "PayloadTooLargeException", 422: "ValidationException"}

logger = logging.getLogger(__name__)


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

    def cookie(self, name: str) -> str | None:
        """Give a cookie, if it was sent."""
        return self.request.cookies.get(name)

    def bearer(self) -> str | None:
        """Give the bearer token, if one was sent."""
        return read_bearer(self.request)

    def path_id(self) -> str:
        """Give the id in the path, as it was sent."""
        return str(self.request.path_params["id"])

    def note_user(self, username: str) -> None:
        """Tell the request log who called."""
        self.request.scope[USER_SCOPE_KEY] = username

    def json(self) -> dict[str, Any]:
        """Read the body as a JSON object; no body is an empty one."""
        return decode_object(self.body)

    def attributes(self) -> dict[str, Any]:
        """Read the attributes out of the envelope that every write has."""
        data = self.json().get("data")
        attributes = data.get("attributes") if isinstance(data, dict) else None
        if not isinstance(attributes, dict):
            raise invalid("data.attributes is missing")
        return attributes

    def page(self) -> Page:
        """Read which page is wanted; more than the most in one page is refused, not cut."""
        number = self._query_number("page", 1)
        size = self._query_number("pageSize", _USUAL_PAGE_SIZE)
        if number < 1 or not 1 <= size <= _MOST_PER_PAGE:
            raise invalid(f"page is 1 or more, pageSize 1 to {_MOST_PER_PAGE}")
        return Page(number, size)

    def query_flag(self, name: str) -> bool:
        """Read true or false in the query; false where nothing is said."""
        word = self.request.query_params.get(name, "false")
        if word not in _FLAGS:
            raise invalid(f"{name} is true or false")
        return _FLAGS[word]

    def _query_number(self, name: str, otherwise: int) -> int:
        text = self.request.query_params.get(name, str(otherwise))
        if not _NUMBER.fullmatch(text):
            raise invalid(f"{name} is a whole number")
        return int(text)


Endpoint = Callable[[Call], Success | ModelAnswer]


def route(parts: Parts, method: str, path: str, endpoint: Endpoint) -> Route:
    """Bind an endpoint to a method and a path below the system's prefix."""

    async def answer(request: Request) -> Response:
        try:
            body = await read_body(request)
            return _show(endpoint(Call(parts, request, body, parts.clock.now())), parts)
        except RefusalError as refusal:
            return show_refusal(refusal, told_code(parts))
        except HTTPException as problem:
            return show_refusal(_refuse(problem), told_code(parts))
        except Exception:
            logger.exception("the sandbox failed inside")
            return show_refusal(broken(), told_code(parts))

    return Route(PREFIX + path, answer, methods=[method])


def list_page(page: Page, total: int, items: list[dict[str, Any]]) -> Success:
    """Word one page of a list."""
    meta = {"page": page.number, "pageSize": page.size, "total": total}
    return Success(data=items, meta=meta)


def _show(answer: Success | ModelAnswer, parts: Parts) -> Response:
    if isinstance(answer, ModelAnswer):
        return JSONResponse(answer.body)
    return show_success(answer, told_code(parts))


def _refuse(problem: HTTPException) -> RefusalError:
    return RefusalError(problem.status_code, _EXCEPTIONS[problem.status_code], problem.detail)
