"""The endpoints that show the own account, and that manage subaccounts."""

import sqlite3
from typing import Annotated, Any

from pydantic import StringConstraints
from starlette.responses import JSONResponse, Response

from reconciler.sandbox.calls import Call
from reconciler.sandbox.instants import store_instant
from reconciler.sandbox.itellico.accounts import (
    add_subaccount,
    change_account,
    find_account,
    list_subaccounts,
)
from reconciler.sandbox.itellico.answers import no_deeper, not_found
from reconciler.sandbox.itellico.audit import note_write
from reconciler.sandbox.itellico.identity import Access, admit
from reconciler.sandbox.itellico.pages import Window, show_page
from reconciler.sandbox.validation import Sent, read_json, read_path_id, read_query

_Name = Annotated[str, StringConstraints(min_length=2, max_length=255)]


class _NewAccount(Sent):
    name: _Name


class _AccountChanges(Sent):
    name: _Name = ""
    is_active: bool = True


def show_current(call: Call) -> Response:
    """Show the account of the key that calls."""
    return JSONResponse(admit(call).account)


def list_all(call: Call) -> Response:
    """List the subaccounts of an account."""
    access, window = admit(call), read_query(Window, call.request)
    with call.parts.database.read() as db:
        return JSONResponse(show_page(*list_subaccounts(db, access.account_id, window)))


def get(call: Call) -> Response:
    """Show a subaccount."""
    access = admit(call)
    with call.parts.database.read() as db:
        return JSONResponse(_find(db, access, call))


def create(call: Call) -> Response:
    """Create a subaccount."""
    access, sent = admit(call), read_json(_NewAccount, call.body)
    if access.account["parent_account_id"] is not None:
        raise no_deeper()
    now = store_instant(call.now)
    with call.parts.database.write() as db:
        created = add_subaccount(db, access.account_id, sent.name, now)
        note_write(db, call, access, "account.created", before=None, after=created)
    return JSONResponse(created, 201)


def update(call: Call) -> Response:
    """Change the fields of a subaccount that were sent, and only those."""
    access, sent = admit(call), read_json(_AccountChanges, call.body)
    changes = sent.model_dump(exclude_unset=True)
    with call.parts.database.write() as db:
        before = _find(db, access, call)
        after = change_account(db, before["id"], changes, store_instant(call.now))
        note_write(db, call, access, "account.updated", before=before, after=after)
    return JSONResponse(after)


def _find(db: sqlite3.Connection, access: Access, call: Call) -> dict[str, Any]:
    account = find_account(db, read_path_id(call.request, "subaccount_id"))
    if account is None or account["parent_account_id"] != access.account_id:
        raise not_found("Account")
    return account
