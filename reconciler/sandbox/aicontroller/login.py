"""Logging in with a password, and keeping a session alive with a token."""

from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.accounts import Account, LoginRefusal, Refused
from reconciler.sandbox.aicontroller.answers import Success, invalid, unauthenticated
from reconciler.sandbox.aicontroller.calls import Call
from reconciler.sandbox.aicontroller.fields import Reader, read_attributes, read_text
from reconciler.sandbox.aicontroller.identity import find_person
from reconciler.sandbox.aicontroller.sessions import REFRESH_COOKIE, open_session
from reconciler.sandbox.aicontroller.users import number_everyone

_PASSWORD: Mapping[str, Reader] = dict.fromkeys(("userName", "password"), read_text)


def log_in(call: Call) -> Success:
    """Open a session for a name and a password."""
    attributes = call.attributes()
    if attributes.get("grantType") != "password":
        raise invalid("grantType is password")
    given = read_attributes(attributes, _PASSWORD, required=tuple(_PASSWORD))
    outcome = call.parts.accounts.log_in(given["userName"], given["password"])
    if isinstance(outcome, LoginRefusal):
        raise unauthenticated(_word(outcome))
    call.note_user(outcome.username)
    return _open_for(call, outcome, "Login successful")


def use_token(call: Call) -> Success:
    """Renew a session by its refresh token, from the cookie or the body; or check an access token.

    A body with a token is the documented way; without one, the cookie speaks for the caller.
    """
    attributes = call.attributes() if call.json() else {}
    if "grantType" not in attributes:
        return _refresh(call, call.cookie(REFRESH_COOKIE))
    if attributes["grantType"] != "Bearer":
        raise invalid("grantType is Bearer")
    match attributes.get("tokenType"):
        case "refreshToken":
            return _refresh(call, _token_in(attributes, "refreshToken"))
        case "accessToken":
            find_person(call, "access", _token_in(attributes, "accessToken"))
            return Success("Token is valid")
        case _:
            raise invalid("tokenType is accessToken or refreshToken")


def _refresh(call: Call, token: str | None) -> Success:
    return _open_for(call, find_person(call, "refresh", token), "Token refreshed")


def _open_for(call: Call, account: Account, message: str) -> Success:
    # Whoever calls later is numbered by then, so that a look at one's own keys need not write.
    with call.parts.database.write() as db:
        number_everyone(db)
    return Success(message, cookies=open_session(call.parts.database, account.id, call.now))


def _token_in(attributes: dict[str, Any], name: str) -> str:
    token: str = read_attributes(attributes, {name: read_text}, required=(name,))[name]
    return token


def _word(refusal: LoginRefusal) -> str:
    if refusal.why is Refused.LOCKED:
        return f"The account is locked for {refusal.seconds_left} seconds"
    return "Invalid user name or password"
