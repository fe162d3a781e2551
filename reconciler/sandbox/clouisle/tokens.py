"""Log-in tokens: issuing, reading and revoking a JWT.

It must not know users beyond their id. Only the hash of a revoked token is kept.
"""

import secrets
from datetime import datetime, timedelta

import jwt

from reconciler.sandbox.database import Database
from reconciler.sandbox.secret_hashes import hash_secret

LIFETIME = timedelta(days=30)
_ALGORITHM = "HS256"


def issue_token(database: Database, user_id: str, now: datetime) -> str:
    """Issue a token for a user."""
    expires = int((now + LIFETIME).timestamp())
    # Without the random part, two log-ins in one second would share one token and one log-out.
    claims = {"sub": user_id, "exp": expires, "jti": secrets.token_hex(8)}
    return jwt.encode(claims, _secret(database), _ALGORITHM)


def read_token(database: Database, token: str, now: datetime) -> str | None:
    """Give the user id of a valid token; None for junk and for an expired one."""
    claims = _claims(database, token)
    if claims is None or int(claims["exp"]) <= now.timestamp():
        return None
    return str(claims["sub"])


def revoke_token(database: Database, token: str, now: datetime) -> None:
    """Remember that a token was logged out; junk is ignored."""
    claims = _claims(database, token)
    if claims is None:
        return
    with database.write() as db:
        db.execute("DELETE FROM clouisle_logged_out WHERE expires_at < ?", (now.timestamp(),))
        db.execute(
            "INSERT OR IGNORE INTO clouisle_logged_out VALUES (?, ?)",
            (hash_secret(token), claims["exp"]),
        )


def is_revoked(database: Database, token: str) -> bool:
    """Tell whether a token was logged out."""
    with database.read() as db:
        query = "SELECT 1 FROM clouisle_logged_out WHERE token_hash = ?"
        return db.execute(query, (hash_secret(token),)).fetchone() is not None


def _claims(database: Database, token: str) -> dict[str, int | str] | None:
    # The sandbox's clock decides about expiry, not the machine's.
    try:
        return jwt.decode(
            token,
            _secret(database),
            algorithms=[_ALGORITHM],
            options={"verify_exp": False, "require": ["sub", "exp"]},
        )
    except jwt.PyJWTError:
        return None


def _secret(database: Database) -> str:
    return database.setting("jwt_secret", lambda: secrets.token_hex(32))
