"""Logging in with a name and a password, and logging out."""

from typing import assert_never

from reconciler.sandbox.accounts import LoginRefusal, Refused
from reconciler.sandbox.bodies import decode_form
from reconciler.sandbox.clouisle.answers import Refusal, Success, invalid
from reconciler.sandbox.clouisle.calls import Call
from reconciler.sandbox.clouisle.tokens import issue_token, revoke_token


def log_in(call: Call) -> Success:
    """Give a token for a name and a password, sent as a form."""
    username, password = _read_form(call.body)
    outcome = call.parts.accounts.log_in(username, password)
    if isinstance(outcome, LoginRefusal):
        raise _refuse(outcome)
    call.note_user(outcome.username)
    token = issue_token(call.parts.database, outcome.id, call.now)
    return Success({"access_token": token, "token_type": "bearer"}, "login_successful")


def log_out(call: Call) -> Success:
    """Revoke the token of this call; one that is no good needs no revoking."""
    token = call.bearer()
    if token is not None:
        revoke_token(call.parts.database, token, call.now)
    return Success(None, "logout_successful")


def _read_form(body: bytes) -> tuple[str, str]:
    try:
        form = decode_form(body)
    except ValueError:
        raise invalid(["unknown"]) from None
    missing = [name for name in ("username", "password") if not form.get(name)]
    if missing:
        raise invalid(missing)
    return form["username"], form["password"]


def _refuse(refusal: LoginRefusal) -> Refusal:
    match refusal.why:
        case Refused.UNKNOWN:
            return Refusal(400, 2003, "bad_login")
        case Refused.WRONG:
            return Refusal(400, 2003, "bad_login", {"remaining_attempts": refusal.tries_left})
        case Refused.LOCKED:
            return Refusal(400, 5300, "account_locked", {"remaining_seconds": refusal.seconds_left})
        case Refused.INACTIVE:
            return Refusal(400, 2004, "inactive_user")
        case _:
            assert_never(refusal.why)
