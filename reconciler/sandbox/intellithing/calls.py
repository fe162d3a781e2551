"""One call to INTELLITHING: reading it, running its endpoint, and answering in JSON.

A refusal is an HTTPException, which the app answers with {"detail": …}, the system's own shape.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.sandbox.bearer import read_bearer
from reconciler.sandbox.bodies import read_body
from reconciler.sandbox.instants import store_instant
from reconciler.sandbox.parts import Parts
from reconciler.sandbox.request_log import USER_SCOPE_KEY

PREFIX = "/intellithing"


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its whole body, and the parts of the sandbox."""

    parts: Parts
    request: Request
    body: bytes
    now: datetime

    @property
    def at(self) -> str:
        """Give the moment of the call as it is stored and shown."""
        return store_instant(self.now)

    def bearer(self) -> str | None:
        """Give the bearer token, if one was sent."""
        return read_bearer(self.request)

    def path(self, name: str) -> str:
        """Give a part of the path."""
        return str(self.request.path_params[name])

    def note_user(self, username: str) -> None:
        """Tell the request log who called."""
        self.request.scope[USER_SCOPE_KEY] = username


Endpoint = Callable[[Call], object]


def route(parts: Parts, method: str, path: str, status: int, endpoint: Endpoint) -> Route:
    """Bind an endpoint to a method and a path below the prefix; `status` is its success."""

    async def answer(request: Request) -> Response:
        shown = endpoint(Call(parts, request, await read_body(request), parts.clock.now()))
        if isinstance(shown, Response):
            return shown
        return Response(status_code=status) if shown is None else JSONResponse(shown, status)

    return Route(PREFIX + path, answer, methods=[method])


def unauthorized(detail: str) -> HTTPException:
    """Refuse whoever is not recognised."""
    return HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})
