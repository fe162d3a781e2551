"""Who is calling: a person with a session. Permissions are by role alone.

It must not look at what is asked for.
"""

from reconciler.sandbox.accounts import Account
from reconciler.sandbox.aicontroller.answers import forbidden, unauthenticated
from reconciler.sandbox.aicontroller.calls import Call
from reconciler.sandbox.aicontroller.sessions import ACCESS_COOKIE, Kind, read_session


def require_manager(call: Call) -> Account:
    """Give the person who calls, or refuse one who may not even manage keys of their own."""
    account = find_person(call, "access", call.cookie(ACCESS_COOKIE))
    if account.role == "viewer":
        raise forbidden("Your role may not manage API keys")
    return account


def require_administrator(call: Call) -> Account:
    """Give the administrator who calls, or refuse anybody else."""
    account = find_person(call, "access", call.cookie(ACCESS_COOKIE))
    if not account.is_superuser:
        raise forbidden("Only administrators may do this")
    return account


def find_person(call: Call, kind: Kind, token: str | None) -> Account:
    """Give whom a token belongs to, or refuse; somebody switched off is nobody here."""
    user_id = token and read_session(call.parts.database, kind, token, call.now)
    account = call.parts.accounts.by_id(user_id) if user_id else None
    if account is None or not account.is_active:
        raise unauthenticated("The session is missing, invalid or expired")
    call.note_user(account.username)
    return account
