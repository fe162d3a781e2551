"""Who is calling: a person with a JWT, or, where keys are used, a program with a key.

It must not look at what is asked for; permissions are by role alone.
"""

from dataclasses import dataclass
from typing import Literal

from reconciler.sandbox.accounts import Account
from reconciler.sandbox.clouisle import tokens
from reconciler.sandbox.clouisle.answers import Refusal, bad_credentials, not_permitted
from reconciler.sandbox.clouisle.calls import Call
from reconciler.sandbox.clouisle.key_secrets import KEY_MARK
from reconciler.sandbox.clouisle.keys import UsableKey, find_by_secret, mark_used
from reconciler.sandbox.instants import store_instant

Permission = Literal["apikey:read", "apikey:create", "apikey:update", "apikey:delete"]

_PERMISSIONS: dict[str, frozenset[str]] = {
    "member": frozenset({"apikey:read", "apikey:create", "apikey:update", "apikey:delete"}),
    "viewer": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who uses an agent, and through which key, if any."""

    account: Account
    key: UsableKey | None


def require_permission(call: Call, permission: Permission) -> Account:
    """Give the person who calls, or refuse one who may not do this."""
    account = _require_person(call)
    if not (account.is_superuser or permission in _PERMISSIONS[account.role]):
        raise not_permitted()
    return account


def require_superuser(call: Call) -> Account:
    """Give the superuser who calls, or refuse anybody else."""
    account = _require_person(call)
    if not account.is_superuser:
        raise not_permitted()
    return account


def recognise_caller(call: Call) -> Caller:
    """Give the person or the program that uses an agent, and note the use of its key."""
    token = call.bearer()
    if token is None:
        raise Refusal(401, 2000, "not_authenticated")
    if not token.startswith(KEY_MARK):
        return Caller(_require_person(call), None)
    return _recognise_key(call, token)


def _require_person(call: Call) -> Account:
    token = call.bearer()
    if token is None:
        raise bad_credentials()
    database = call.parts.database
    if tokens.is_revoked(database, token):
        raise Refusal(401, 2001, "token_revoked")
    user_id = tokens.read_token(database, token, call.now)
    if user_id is None:
        raise bad_credentials()
    account = call.parts.accounts.by_id(user_id)
    if account is None:
        raise Refusal(404, 4001, "user_not_found")
    call.note_user(account.username)
    if not account.is_active:
        raise Refusal(400, 2004, "inactive_user")
    return account


def _recognise_key(call: Call, secret: str) -> Caller:
    now = store_instant(call.now)
    with call.parts.database.write() as db:
        key = find_by_secret(db, secret)
        if key is None or not key.is_active:
            raise Refusal(401, 2001, "invalid_api_key")
        call.note_user(key.owner.username)
        if key.expires_at is not None and key.expires_at < now:
            raise Refusal(401, 2002, "api_key_expired")
        if not key.owner.is_active:
            raise Refusal(401, 2004, "inactive_user")
        mark_used(db, key, now)
    return Caller(key.owner, key)
