"""The bearer token of a request: a person's session or a program's key."""

from starlette.requests import Request


def read_bearer(request: Request) -> str | None:
    """Give the bearer token, if one was sent."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
