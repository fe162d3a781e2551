"""Log-in tokens: issuing, reading and revoking a JWT.

It must not know users beyond their id. Only the hash of a revoked token is kept.
"""

from datetime import datetime, timedelta

from reconciler.sandbox.database import Database
from reconciler.sandbox.secret_hashes import hash_secret
from reconciler.sandbox.signed_tokens import read_claims, sign

LIFETIME = timedelta(days=30)
_SETTING = "jwt_secret"


def issue_token(database: Database, user_id: str, now: datetime) -> str:
    """Issue a token for a user."""
    claims = {"sub": user_id, "exp": int((now + LIFETIME).timestamp())}
    return sign(database, _SETTING, claims)


def read_token(database: Database, token: str, now: datetime) -> str | None:
    """Give the user id of a valid token; None for junk and for an expired one."""
    claims = read_claims(database, _SETTING, token)
    if claims is None or int(claims["exp"]) <= now.timestamp():
        return None
    return str(claims["sub"])


def revoke_token(database: Database, token: str, now: datetime) -> None:
    """Remember that a token was logged out; junk is ignored."""
    claims = read_claims(database, _SETTING, token)
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
