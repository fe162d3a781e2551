"""Signed tokens (JWT): signing claims, and reading back what was signed here.

It must not know what a claim means. Whether a token has expired is for the sandbox's clock to say,
not the machine's, so it is left to the caller.
"""

import secrets
from collections.abc import Mapping
from typing import Any

import jwt

from reconciler.sandbox.database import Database

_ALGORITHM = "HS256"


def sign(database: Database, setting: str, claims: Mapping[str, Any]) -> str:
    """Sign claims with the secret that a setting keeps; `exp` is the end, in epoch seconds."""
    # Without the random part, two tokens of one second would be the same token.
    return jwt.encode(
        {**claims, "jti": secrets.token_hex(8)}, _secret(database, setting), _ALGORITHM
    )


def read_claims(database: Database, setting: str, token: str) -> dict[str, Any] | None:
    """Give the claims of a token that was signed with that secret; None for any other."""
    try:
        return jwt.decode(
            token,
            _secret(database, setting),
            algorithms=[_ALGORITHM],
            options={"verify_exp": False, "require": ["sub", "exp"]},
        )
    except jwt.PyJWTError:
        return None


def _secret(database: Database, setting: str) -> str:
    return database.setting(setting, lambda: secrets.token_hex(32))
