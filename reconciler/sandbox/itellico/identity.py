"""Which key is calling, and which account it asks for.

Keys are all that this API knows: the sandbox's users and their roles play no part here.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.calls import Call
from reconciler.sandbox.instants import store_instant
from reconciler.sandbox.itellico.accounts import find_account
from reconciler.sandbox.itellico.answers import inactive, out_of_reach, rate_limited, unauthorized
from reconciler.sandbox.itellico.keys import find_by_secret, mark_used
from reconciler.sandbox.rate_limits import take_turn
from reconciler.sandbox.validation import read_path_id

SYSTEM = "itellico"
_OWN = "me"


@dataclass(frozen=True, slots=True)
class Access:
    """An accepted key, and the account that it may act on in this call."""

    key_id: str
    key_label: str
    account: dict[str, Any]

    @property
    def account_id(self) -> str:
        """Give the id of that account."""
        return str(self.account["id"])


def admit(call: Call) -> Access:
    """Let a key in to the account in the path, or to its own, and note the use of the key."""
    now = store_instant(call.now)
    with call.parts.database.write() as db:
        key = _recognise(db, call, now)
        if seconds := take_turn(db, SYSTEM, key["id"], call.now):
            raise rate_limited(seconds)
        account = _reach(db, call, key["account_id"])
        mark_used(db, key["id"], now)
    return Access(key["id"], key["label"], account)


def _recognise(db: sqlite3.Connection, call: Call, now: str) -> dict[str, Any]:
    secret = call.api_key() or call.bearer()
    if secret is None:
        raise unauthorized("Missing API key")
    key = find_by_secret(db, secret, now)
    if key is None:
        raise unauthorized("Invalid API key")
    call.note_user(key["id"])
    if key["status"] != "active":
        raise unauthorized(f"The API key is {key['status']}")
    return key


def _reach(db: sqlite3.Connection, call: Call, own_id: str) -> dict[str, Any]:
    is_own = call.request.path_params.get("account_id", _OWN) == _OWN
    account = find_account(db, own_id if is_own else read_path_id(call.request, "account_id"))
    if account is None or own_id not in (account["id"], account["parent_account_id"]):
        raise out_of_reach()
    if not account["is_active"]:
        raise inactive()
    return account
