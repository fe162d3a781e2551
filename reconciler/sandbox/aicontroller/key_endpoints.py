"""The endpoints that manage keys: administrators have all of them, users their own."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.accounts import Account
from reconciler.sandbox.aicontroller import providers, users
from reconciler.sandbox.aicontroller.answers import Success, forbidden, invalid, not_found
from reconciler.sandbox.aicontroller.audit import note_write
from reconciler.sandbox.aicontroller.calls import Call, list_page
from reconciler.sandbox.aicontroller.fields import KEY, read_attributes
from reconciler.sandbox.aicontroller.identity import require_manager
from reconciler.sandbox.aicontroller.instants import day_of
from reconciler.sandbox.aicontroller.key_secrets import issue_secret
from reconciler.sandbox.aicontroller.keys import (
    find_key,
    insert_key,
    list_keys,
    mark_deleted,
    show_key,
    update_key,
)
from reconciler.sandbox.instants import store_instant

_RESOURCE = "apikey"


def list_all(call: Call) -> Success:
    """List keys, deleted ones only on demand."""
    account = require_manager(call)
    page, with_deleted = call.page(), call.query_flag("includeDeleted")
    with call.parts.database.read() as db:
        owner = None if account.is_superuser else users.find_number(db, account.id)
        total, items = list_keys(db, owner, page, with_deleted=with_deleted)
    return list_page(page, total, items)


def get(call: Call) -> Success:
    """Show one key, a deleted one too."""
    account = require_manager(call)
    with call.parts.database.read() as db:
        return Success(data=show_key(_find_for(db, account, call.path_id())))


def create(call: Call) -> Success:
    """Create a key; its secret is in this answer and in no other."""
    account = require_manager(call)
    fields = read_attributes(call.attributes(), KEY, required=("name", "expiry"))
    if fields["expiry"] < day_of(call.now):
        raise invalid("expiry is over already")
    secret = issue_secret()
    with call.parts.database.write() as db:
        fields = {"userId": users.find_number(db, account.id)} | fields
        _check_references(db, account, fields)
        key_id = insert_key(db, fields, secret, store_instant(call.now))
        note_write(db, call, account, "create", _RESOURCE, key_id)
        created = show_key(_find(db, key_id))
    created["attributes"]["apiKey"] = secret
    return Success("API key created", created, status=201)


def update(call: Call) -> Success:
    """Change the attributes that were sent; an expiry in the past ends the key at once."""
    account = require_manager(call)
    changes = read_attributes(call.attributes(), KEY)
    with call.parts.database.write() as db:
        row = _find_living(db, account, call.path_id())
        _check_references(db, account, changes)
        update_key(db, row, changes)
        note_write(db, call, account, "update", _RESOURCE, call.path_id())
        changed = show_key(_find(db, call.path_id()))
    return Success("API key updated", changed)


def delete(call: Call) -> Success:
    """Delete a key softly."""
    account = require_manager(call)
    with call.parts.database.write() as db:
        mark_deleted(db, _find_living(db, account, call.path_id()))
        note_write(db, call, account, "delete", _RESOURCE, call.path_id())
    return Success("API key deleted")


def _find_living(db: sqlite3.Connection, account: Account, key_id: str) -> sqlite3.Row:
    row = _find_for(db, account, key_id)
    if row["is_deleted"]:
        raise not_found("API key")
    return row


def _find(db: sqlite3.Connection, key_id: str) -> sqlite3.Row:
    row = find_key(db, key_id)
    if row is None:
        raise not_found("API key")
    return row


def _find_for(db: sqlite3.Connection, account: Account, key_id: str) -> sqlite3.Row:
    row = _find(db, key_id)
    # 403 and not 404: whoever may not see a key must not take it for gone.
    if not account.is_superuser and row["user_number"] != users.find_number(db, account.id):
        raise forbidden("This API key belongs to somebody else")
    return row


def _check_references(db: sqlite3.Connection, account: Account, fields: Mapping[str, Any]) -> None:
    owner, provider = fields.get("userId"), fields.get("providerId")
    own = owner is None or owner == users.find_number(db, account.id)
    if not account.is_superuser and not own:
        raise forbidden("Only administrators may manage the API keys of others")
    if owner is not None and not users.is_there(db, owner):
        raise not_found("User")
    if provider is not None and not providers.is_there(db, provider):
        raise not_found("Provider")
