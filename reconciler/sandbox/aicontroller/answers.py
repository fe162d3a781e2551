"""The envelope of AI Controller's answers, and the refusals with their status and exception.

It must not decide when a refusal is due.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response


@dataclass(frozen=True, slots=True)
class Success:
    """What an endpoint gives back when all is well; `cookies` are whole Set-Cookie headers."""

    message: str = "OK"
    data: object = None
    meta: Mapping[str, int] | None = None
    status: int = 200
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What a model endpoint gives back: the body of the model's own API, without the envelope."""

    body: Mapping[str, Any]


class RefusalError(Exception):
    """An answer other than success."""

    def __init__(
        self, status: int, exception: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.exception = exception
        self.message = message
        self.headers = headers


def unauthenticated(message: str) -> RefusalError:
    """Refuse somebody, or a key, that is not known or no longer good."""
    return RefusalError(401, "AuthenticationException", message)


def forbidden(message: str) -> RefusalError:
    """Refuse somebody who is known but may not do this."""
    return RefusalError(403, "ForbiddenException", message)


def not_found(what: str) -> RefusalError:
    """Refuse the id of something that is not there."""
    return RefusalError(404, "NotFoundException", f"{what} not found")


def invalid(message: str) -> RefusalError:
    """Refuse input; the message must not repeat what was sent."""
    return RefusalError(422, "ValidationException", message)


def too_many(seconds: int) -> RefusalError:
    """Refuse a key that was used too often, and say when it may be used again."""
    headers = {"Retry-After": str(seconds)}
    return RefusalError(429, "RateLimitException", "Too many requests", headers)


def broken() -> RefusalError:
    """Answer where we fail inside."""
    return RefusalError(500, "InternalServerException", "Internal server error")


def show_success(answer: Success, told_code: int | None) -> Response:
    """Put a result into the envelope; `told_code` is what it says in place of the status."""
    body = {"code": _code(answer.status, told_code), "message": answer.message}
    more = {"data": answer.data, "meta": answer.meta}
    shown = {name: value for name, value in more.items() if value is not None}
    response = JSONResponse(body | shown, answer.status)
    for cookie in answer.cookies:
        response.headers.append("Set-Cookie", cookie)
    return response


def show_refusal(refusal: RefusalError, told_code: int | None) -> Response:
    """Put a refusal into the envelope."""
    body = {
        "code": _code(refusal.status, told_code),
        "exception": refusal.exception,
        "message": refusal.message,
    }
    return JSONResponse(body, refusal.status, refusal.headers)


def _code(status: int, told_code: int | None) -> int:
    return status if told_code is None else told_code
