"""One call to a spoken system, for the systems that answer with a status and plain JSON.

Endpoints are plain functions of a call. What a refusal looks like is each system's own matter.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.sandbox.bearer import read_bearer
from reconciler.sandbox.bodies import read_body
from reconciler.sandbox.parts import Parts
from reconciler.sandbox.request_log import USER_SCOPE_KEY
from reconciler.sandbox.validation import InputError, Problem


class RefusalError(Exception):
    """An answer other than success."""

    def __init__(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its whole body, and the parts of the sandbox."""

    parts: Parts
    request: Request
    body: bytes
    now: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def bearer(self) -> str | None:
        """Give the bearer token, if one was sent."""
        return read_bearer(self.request)

    def api_key(self) -> str | None:
        """Give the key in X-API-Key, if one was sent."""
        return self.request.headers.get("X-API-Key")

    def note_user(self, name: str) -> None:
        """Tell the request log who called."""
        self.request.scope[USER_SCOPE_KEY] = name


Endpoint = Callable[[Call], Response]
RefuseInput = Callable[[list[Problem]], RefusalError]


def route(
    parts: Parts, method: str, path: str, endpoint: Endpoint, refuse_input: RefuseInput
) -> Route:
    """Bind an endpoint to a method and a path."""

    async def answer(request: Request) -> Response:
        body = await read_body(request)
        call = Call(parts, request, body, parts.clock.now())
        try:
            response = endpoint(call)
        except InputError as error:
            response = _show(refuse_input(error.problems))
        except RefusalError as refusal:
            response = _show(refusal)
        response.headers["X-Request-ID"] = call.id
        return response

    return Route(path, answer, methods=[method])


def _show(refusal: RefusalError) -> Response:
    return JSONResponse(refusal.body, refusal.status, refusal.headers)
