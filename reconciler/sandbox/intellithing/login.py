"""The token endpoint of the realm: an OpenID Connect log-in, refused in OAuth's own words.

A client's service account is the person named after it, whose password is the client's secret.
"""

from starlette.responses import JSONResponse

from reconciler.sandbox.accounts import Account, LoginRefusal, Refused
from reconciler.sandbox.bodies import decode_form
from reconciler.sandbox.intellithing.calls import Call
from reconciler.sandbox.intellithing.tokens import issue_session, read_token

LOGIN_PATH = "/realms/intellithing_main/protocol/openid-connect/token"
CLIENT = "cli"
SERVICE_ACCOUNT = f"service-account-{CLIENT}"

_BAD_CLIENT = "Invalid client or Invalid client credentials"


class _GrantError(Exception):
    """A log-in that is refused."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error


def give_tokens(call: Call) -> object:
    """Give tokens for a password, a client's secret, or a refresh token."""
    try:
        account = _recognise(call)
    except _GrantError as problem:
        return JSONResponse(
            {"error": problem.error, "error_description": str(problem)}, problem.status
        )
    call.note_user(account.username)
    return issue_session(call.parts.database, account.id, call.now)


def _recognise(call: Call) -> Account:
    try:
        form = decode_form(call.body)
    except ValueError:
        raise _GrantError(400, "invalid_request", "The form cannot be read") from None
    if form.get("client_id") != CLIENT:
        raise _GrantError(401, "invalid_client", _BAD_CLIENT)
    match form.get("grant_type"):
        case "password":
            return _log_in(call, form.get("username", ""), form.get("password", ""))
        case "client_credentials":
            return _log_in_client(call, form.get("client_secret", ""))
        case "refresh_token":
            return _refresh(call, form.get("refresh_token", ""))
        case None:
            raise _GrantError(400, "invalid_request", "Missing form parameter: grant_type")
        case _:
            raise _GrantError(400, "unsupported_grant_type", "Unsupported grant_type")


def _log_in(call: Call, username: str, password: str) -> Account:
    outcome = call.parts.accounts.log_in(username, password)
    if not isinstance(outcome, LoginRefusal):
        return outcome
    if outcome.why is Refused.INACTIVE:
        raise _GrantError(400, "invalid_grant", "Account disabled")
    # Whether the name is unknown, the password wrong or the account locked is not told.
    raise _GrantError(401, "invalid_grant", "Invalid user credentials")


def _log_in_client(call: Call, secret: str) -> Account:
    outcome = call.parts.accounts.log_in(SERVICE_ACCOUNT, secret)
    if isinstance(outcome, LoginRefusal):
        raise _GrantError(401, "unauthorized_client", _BAD_CLIENT)
    return outcome


def _refresh(call: Call, token: str) -> Account:
    user_id = read_token(call.parts.database, token, "Refresh", call.now)
    account = call.parts.accounts.by_id(user_id) if user_id else None
    if account is None or not account.is_active:
        raise _GrantError(400, "invalid_grant", "Invalid refresh token")
    return account
