"""Reading a request's body within a limit. What the bytes mean is the endpoint's matter."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

MOST_BYTES = 1_048_576


async def read_body(request: Request) -> bytes:
    """Read a body, refusing one that is too large before it fills the memory."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413)
    return bytes(body)
