"""Sessions: the short access token and the longer refresh token, and the cookies they travel in.

It must not know users beyond their id. Neither cookie tells its own end: a client notices the end
of the access token by a 401, as the documentation has it.
"""

from datetime import datetime, timedelta
from typing import Literal

from reconciler.sandbox.aicontroller.calls import PREFIX
from reconciler.sandbox.database import Database
from reconciler.sandbox.signed_tokens import read_claims, sign

Kind = Literal["access", "refresh"]

ACCESS_COOKIE = "AICUserCookie"
REFRESH_COOKIE = "AICAuthCookie"
LIFETIMES: dict[Kind, timedelta] = {
    "access": timedelta(minutes=15),
    "refresh": timedelta(hours=12),
}
_SETTING = "aic_jwt_secret"
_ATTRIBUTES = "HttpOnly; Secure; SameSite=Strict"


def open_session(database: Database, user_id: str, now: datetime) -> tuple[str, str]:
    """Issue both tokens to a user, as Set-Cookie headers."""
    access = _issue(database, "access", user_id, now)
    refresh = _issue(database, "refresh", user_id, now)
    return (
        f"{ACCESS_COOKIE}={access}; Path=/; {_ATTRIBUTES}",
        # Only the log-in endpoints ever get to see the longer one.
        f"{REFRESH_COOKIE}={refresh}; Path={PREFIX}/auth; {_ATTRIBUTES}",
    )


def read_session(database: Database, kind: Kind, token: str, now: datetime) -> str | None:
    """Give the user id of a good token; None for junk, for the other kind, and after its end."""
    claims = read_claims(database, _SETTING, token)
    if claims is None or claims.get("kind") != kind or claims["exp"] <= now.timestamp():
        return None
    return str(claims["sub"])


def _issue(database: Database, kind: Kind, user_id: str, now: datetime) -> str:
    expires = int((now + LIFETIMES[kind]).timestamp())
    return sign(database, _SETTING, {"sub": user_id, "exp": expires, "kind": kind})
