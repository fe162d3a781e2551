"""Who is calling: a person with an access token, and whether the role allows it.

It must not look at what is asked for; permissions are by role alone, in every workspace.
"""

from starlette.exceptions import HTTPException

from reconciler.sandbox.accounts import Account
from reconciler.sandbox.intellithing.calls import Call, unauthorized
from reconciler.sandbox.intellithing.tokens import read_token

# The owner and the moderators; a viewer is a regular user, who has nothing to do with keys.
_KEEPERS_OF_KEYS = ("superuser", "member")


def require_person(call: Call) -> Account:
    """Give the person who calls, or refuse one without a valid access token."""
    token = call.bearer()
    if token is None:
        raise unauthorized("Not authenticated")
    user_id = read_token(call.parts.database, token, "Bearer", call.now)
    account = call.parts.accounts.by_id(user_id) if user_id else None
    if account is None or not account.is_active:
        raise unauthorized("Invalid or expired token")
    call.note_user(account.username)
    return account


def require_keeper(call: Call) -> Account:
    """Give the person who calls, or refuse one who may neither see nor manage keys."""
    account = require_person(call)
    if account.role not in _KEEPERS_OF_KEYS:
        raise HTTPException(403, "Security keys need the role admin, owner or moderator")
    return account
