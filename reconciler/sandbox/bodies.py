"""Reading a request's body within a limit, and as JSON or as a form.

What the fields mean is the endpoint's matter.
"""

import json
from typing import Any
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

MOST_BYTES = 1_048_576
_MOST_FIELDS = 20


async def read_body(request: Request) -> bytes:
    """Read a body, refusing one that is too large before it fills the memory."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413)
    return bytes(body)


def decode_object(body: bytes) -> dict[str, Any]:
    """Decode a JSON object, for systems that refuse anything else with 422; no body is empty."""
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise HTTPException(422, "the body is not JSON") from None
    if not isinstance(value, dict):
        raise HTTPException(422, "the body is not a JSON object")
    return value


def decode_form(body: bytes) -> dict[str, str]:
    """Decode a form, the last of equal fields counting, or raise ValueError."""
    fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    return {name: values[-1] for name, values in fields.items()}
