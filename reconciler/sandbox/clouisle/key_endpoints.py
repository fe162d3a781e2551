"""The endpoints that manage keys: who may do what, in the order in which Clouisle refuses."""

import sqlite3
from typing import Any, Literal

from reconciler.sandbox.accounts import Account
from reconciler.sandbox.clouisle.answers import Refusal, Success, key_not_found, not_permitted
from reconciler.sandbox.clouisle.audit import note_write
from reconciler.sandbox.clouisle.bindings import KINDS, bind, check_resources
from reconciler.sandbox.clouisle.calls import Call, Endpoint, show_page
from reconciler.sandbox.clouisle.fields import (
    decode_json,
    read_changes,
    read_new_key,
    refuse_unstorable,
)
from reconciler.sandbox.clouisle.identity import require_permission
from reconciler.sandbox.clouisle.key_secrets import issue_secret
from reconciler.sandbox.clouisle.keys import (
    KeyFilter,
    count_keys,
    delete_key,
    find_key,
    insert_key,
    list_keys,
    sequence_of,
    update_key,
)
from reconciler.sandbox.instants import store_instant

_KIND = "api_key"


def list_all(call: Call) -> Success:
    """List keys: a superuser's view shows everybody's, any other only the caller's own."""
    account = require_permission(call, "apikey:read")
    page, owners = call.page(), call.query_ids("user_id")
    query = call.request.query_params
    wanted = KeyFilter(
        now=store_instant(call.now),
        owners=owners if account.is_superuser else [account.id],
        statuses=query.getlist("status"),
        search=query.get("search", ""),
    )
    with call.parts.database.read() as db:
        total, items = list_keys(db, wanted, page.size, page.offset)
    return Success(show_page(page, total, items))


def show_stats(call: Call) -> Success:
    """Count the keys that the caller sees."""
    account = require_permission(call, "apikey:read")
    owner = None if account.is_superuser else account.id
    with call.parts.database.read() as db:
        return Success(count_keys(db, store_instant(call.now), owner))


def get(call: Call) -> Success:
    """Show one key."""
    account = require_permission(call, "apikey:read")
    key_id = call.path_id("key_id")
    with call.parts.database.read() as db:
        return Success(_find_for(db, account, key_id))


def create(call: Call) -> Success:
    """Create a key; its secret is in this answer and in no other."""
    body = decode_json(call.body)
    account = require_permission(call, "apikey:create")
    fields = read_new_key(body)
    secret, now = issue_secret(), store_instant(call.now)
    with call.parts.database.write() as db:
        _check_bindings(db, fields)
        refuse_unstorable(fields)
        key_id = insert_key(db, account.id, fields, secret, now)
        _bind(db, key_id, fields)
        created = _find_for(db, account, key_id)
        note_write(db, call, account, "create", _KIND, before=None, after=created)
    return Success(created | {"key": secret}, "api_key_created")


def update(call: Call) -> Success:
    """Change the fields that were sent, and only those."""
    body = decode_json(call.body)
    account = require_permission(call, "apikey:update")
    key_id = call.path_id("key_id")
    changes = read_changes(body)
    with call.parts.database.write() as db:
        before = _find_for(db, account, key_id)
        _check_bindings(db, changes)
        refuse_unstorable(changes)
        update_key(db, key_id, changes, store_instant(call.now))
        _bind(db, key_id, changes)
        after = _find_for(db, account, key_id)
        note_write(db, call, account, "update", _KIND, before=before, after=after)
    return Success(after, "api_key_updated")


def delete(call: Call) -> Success:
    """Remove a key for good and show what it was."""
    account = require_permission(call, "apikey:delete")
    key_id = call.path_id("key_id")
    with call.parts.database.write() as db:
        before = _find_for(db, account, key_id)
        delete_key(db, key_id)
        note_write(db, call, account, "delete", _KIND, before=before, after=None)
    return Success(before, "api_key_deleted")


def switch(verb: Literal["activate", "deactivate"]) -> Endpoint:
    """Make the endpoint that switches a key on or off; doing so twice is refused."""
    target = verb == "activate"

    def endpoint(call: Call) -> Success:
        account = require_permission(call, "apikey:update")
        key_id = call.path_id("key_id")
        with call.parts.database.write() as db:
            before = _find_for(db, account, key_id)
            if before["is_active"] == target:
                raise Refusal(400, 1002, "already_active" if target else "already_inactive")
            update_key(db, key_id, {"is_active": target}, store_instant(call.now))
            after = _find_for(db, account, key_id)
            note_write(db, call, account, verb, _KIND, before=before, after=after)
        return Success(after, f"api_key_{verb}d")

    return endpoint


def _find_for(db: sqlite3.Connection, account: Account, key_id: str) -> dict[str, Any]:
    key = find_key(db, key_id)
    if key is None:
        raise key_not_found()
    if not account.is_superuser and key["user_id"] != account.id:
        raise not_permitted()
    return key


def _check_bindings(db: sqlite3.Connection, fields: dict[str, Any]) -> None:
    for name, kind in KINDS.items():
        check_resources(db, kind, fields.get(name) or [])


def _bind(db: sqlite3.Connection, key_id: str, fields: dict[str, Any]) -> None:
    # An empty list clears the bindings, null leaves them as they are.
    given = {kind: fields[name] for name, kind in KINDS.items() if fields.get(name) is not None}
    for kind, wanted in given.items():
        bind(db, sequence_of(db, key_id), kind, wanted)
