"""Who a token says that we are. It is read, not verified: the API itself gave it to us."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

from reconciler.core.secret import Secret

_PARTS = 3


def read_claim(token: Secret, claim: str) -> str | None:
    """Give one claim of a JWT; None where there is none, or the token is no JWT."""
    parts = token.reveal().split(".")
    if len(parts) != _PARTS:
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    value = claims.get(claim) if isinstance(claims, dict) else None
    return value if isinstance(value, str) and value else None
