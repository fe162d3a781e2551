"""The JWTs of a person: a short access token, the token that renews it, and a lasting one.

It must not know users beyond their id. No token is kept: the signature is enough.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any, Literal

import jwt

from reconciler.sandbox.database import Database

ACCESS_LIFETIME = timedelta(minutes=5)
REFRESH_LIFETIME = timedelta(minutes=30)
# The last second of the year 9999: a sandbox in process has nobody who would log in again.
_LASTING = 253_402_300_799
_ALGORITHM = "HS256"

Purpose = Literal["Bearer", "Refresh"]


def issue_session(database: Database, user_id: str, now: datetime) -> dict[str, Any]:
    """Issue an access token and the token that renews it, as the log-in shows them."""
    return {
        "access_token": _issue(database, user_id, "Bearer", now + ACCESS_LIFETIME),
        "expires_in": int(ACCESS_LIFETIME.total_seconds()),
        "refresh_token": _issue(database, user_id, "Refresh", now + REFRESH_LIFETIME),
        "refresh_expires_in": int(REFRESH_LIFETIME.total_seconds()),
        "token_type": "Bearer",
    }


def derive_lasting_token(database: Database, user_id: str) -> str:
    """Derive the access token that is always the same and does not run out."""
    return _sign(database, {"sub": user_id, "typ": "Bearer", "exp": _LASTING})


def read_token(database: Database, token: str, purpose: Purpose, now: datetime) -> str | None:
    """Give the user id of a valid token; None for junk, another purpose, or an expired one."""
    try:
        claims = jwt.decode(
            token,
            _secret(database),
            algorithms=[_ALGORITHM],
            # The sandbox's clock decides about expiry, not the machine's.
            options={"verify_exp": False, "require": ["sub", "exp", "typ"]},
        )
    except jwt.PyJWTError:
        return None
    is_good = claims["typ"] == purpose and now.timestamp() < claims["exp"]
    return str(claims["sub"]) if is_good else None


def _issue(database: Database, user_id: str, purpose: Purpose, expires: datetime) -> str:
    # Without the random part, two log-ins in one second would share their tokens.
    claims = {"sub": user_id, "typ": purpose, "exp": int(expires.timestamp())}
    return _sign(database, claims | {"jti": secrets.token_hex(8)})


def _sign(database: Database, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, _secret(database), _ALGORITHM)


def _secret(database: Database) -> str:
    return database.setting("intellithing_jwt_secret", lambda: secrets.token_hex(32))
