"""Who is calling: a person with a session (JWT), or a program with a key.

It must not look at what is asked for; what a caller may do follows from role and scopes alone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from reconciler.sandbox.accounts import Account
from reconciler.sandbox.calls import Call, RefusalError
from reconciler.sandbox.instants import store_instant
from reconciler.sandbox.pinbridge.answers import (
    account_inactive,
    insufficient_scope,
    not_permitted,
    rate_limited,
    unauthorized,
)
from reconciler.sandbox.pinbridge.fields import SCOPES, Scope
from reconciler.sandbox.pinbridge.keys import KEY_MARK, find_by_secret, mark_used
from reconciler.sandbox.pinbridge.projects import PROJECTS, Project
from reconciler.sandbox.rate_limits import take_turn
from reconciler.sandbox.signed_tokens import read_claims, sign

SYSTEM = "pinbridge"
LIFETIME = timedelta(hours=1)
_SETTING = "pinbridge_jwt_secret"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, in which project, and what that allows. A person has a user id, a key has none."""

    project: Project
    name: str
    label: str
    scopes: Collection[str]
    user_id: str | None = None
    allowed_accounts: Collection[str] | None = None

    @property
    def is_person(self) -> bool:
        """Tell whether this is somebody with a session."""
        return self.user_id is not None

    def pinterest_accounts(self) -> list[str]:
        """Give the Pinterest accounts that the caller reaches."""
        return [
            account_id
            for account_id in self.project.pinterest_accounts
            if self.allowed_accounts is None or account_id in self.allowed_accounts
        ]


def may_manage_keys(account: Account) -> bool:
    """Tell whether somebody's role allows to manage keys."""
    return account.role != "viewer"


def issue_session(call: Call, account: Account, project: Project) -> dict[str, str | int]:
    """Give a person a token that acts on one project."""
    expires = int((call.now + LIFETIME).timestamp())
    claims = {"sub": account.id, "project": project.id, "exp": expires}
    token = sign(call.parts.database, _SETTING, claims)
    seconds = int(LIFETIME.total_seconds())
    return {"access_token": token, "token_type": "bearer", "expires_in": seconds}


def require_person(call: Call) -> tuple[Account, Project]:
    """Give the person who calls and the active project; a key is no person."""
    if _key_of(call) is not None:
        recognise(call)
        raise not_permitted("do this with an API key")
    return _recognise_person(call)


def recognise(call: Call) -> Caller:
    """Give the person or the program that calls, and note the use of its key."""
    secret = _key_of(call)
    if secret is not None:
        return _recognise_key(call, secret)
    account, project = _recognise_person(call)
    scopes = SCOPES if may_manage_keys(account) else ("read",)
    return Caller(project, account.username, account.username, scopes, user_id=account.id)


def require_scope(call: Call, scope: Scope) -> Caller:
    """Give the person or the program that calls, or refuse one that may not do this."""
    caller = recognise(call)
    if scope not in caller.scopes:
        raise _lacks(caller, scope)
    return caller


def require_key_manager(call: Call, scope: Scope | None) -> Caller:
    """Give whoever may manage keys: a person by role, and (ours) a key by scope."""
    caller = recognise(call)
    needed = "write" if caller.is_person else scope
    if needed is not None and needed not in caller.scopes:
        raise _lacks(caller, needed)
    return caller


def _lacks(caller: Caller, scope: Scope) -> RefusalError:
    return not_permitted("do this") if caller.is_person else insufficient_scope(scope)


def _key_of(call: Call) -> str | None:
    # A session comes as a bearer token only; a key may come in either header.
    token = call.bearer()
    if token is None:
        return call.api_key()
    return token if token.startswith(KEY_MARK) else None


def _recognise_person(call: Call) -> tuple[Account, Project]:
    claims = read_claims(call.parts.database, _SETTING, call.bearer() or "")
    if claims is None or claims["exp"] <= call.now.timestamp():
        raise unauthorized()
    account = call.parts.accounts.by_id(claims["sub"])
    if account is None:
        raise unauthorized()
    call.note_user(account.username)
    if not account.is_active:
        raise account_inactive()
    return account, PROJECTS[claims["project"]]


def _recognise_key(call: Call, secret: str) -> Caller:
    with call.parts.database.write() as db:
        key = find_by_secret(db, secret)
        if key is None:
            raise unauthorized()
        call.note_user(key["id"])
        if seconds := take_turn(db, SYSTEM, key["id"], call.now):
            raise rate_limited(seconds)
        mark_used(db, key["id"], store_instant(call.now))
    return Caller(
        PROJECTS[key["workspace_id"]],
        key["id"],
        key["name"],
        key["scopes"],
        allowed_accounts=key["pinterest_account_ids"],
    )
