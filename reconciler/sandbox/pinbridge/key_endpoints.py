"""The endpoints that manage keys. There is none for a single key: reading one is listing."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from reconciler.sandbox.calls import Call
from reconciler.sandbox.instants import store_instant
from reconciler.sandbox.pinbridge import keys
from reconciler.sandbox.pinbridge.activity import note_key_write
from reconciler.sandbox.pinbridge.answers import account_not_permitted, not_found
from reconciler.sandbox.pinbridge.fields import KeyChanges, NewKey
from reconciler.sandbox.pinbridge.identity import Caller, require_key_manager
from reconciler.sandbox.validation import read_json, read_path_id

_SHOWN_AT_CREATION = (
    "id",
    "workspace_id",
    "name",
    "api_key",
    "scopes",
    "pinterest_account_ids",
    "created_at",
)


def list_all(call: Call) -> Response:
    """List the keys of the project: a bare array, in one piece."""
    caller = require_key_manager(call, None)
    with call.parts.database.read() as db:
        return JSONResponse(keys.list_keys(db, caller.project.id))


def create(call: Call) -> Response:
    """Create a key; its secret is in this answer and in no other."""
    caller = require_key_manager(call, "write")
    fields = read_json(NewKey, call.body).model_dump(mode="json")
    _check_accounts(caller, fields["pinterest_account_ids"])
    secret, now = keys.issue_secret(), store_instant(call.now)
    with call.parts.database.write() as db:
        created = keys.insert_key(db, caller.project.id, fields, secret, now)
        note_key_write(db, call, caller, "created", created)
    shown = created | {"api_key": secret}
    return JSONResponse({name: shown[name] for name in _SHOWN_AT_CREATION}, 201)


def update(call: Call) -> Response:
    """Change the fields that were sent, and only those."""
    caller = require_key_manager(call, "write")
    key_id = read_path_id(call.request, "key_id")
    changes = read_json(KeyChanges, call.body).model_dump(mode="json", exclude_unset=True)
    with call.parts.database.write() as db:
        _find(db, caller, key_id)
        _check_accounts(caller, changes.get("pinterest_account_ids"))
        changed = keys.change_key(db, key_id, changes)
        note_key_write(db, call, caller, "updated", changed)
    return JSONResponse(changed)


def revoke(call: Call) -> Response:
    """Revoke a key for ever; (ours) doing so twice is refused."""
    caller = require_key_manager(call, "destructive")
    key_id = read_path_id(call.request, "key_id")
    with call.parts.database.write() as db:
        key = _find(db, caller, key_id)
        keys.revoke_key(db, key_id, store_instant(call.now))
        note_key_write(db, call, caller, "revoked", key)
    return Response(status_code=204)


def _find(db: sqlite3.Connection, caller: Caller, key_id: str) -> dict[str, Any]:
    key = keys.find_active(db, caller.project.id, key_id)
    if key is None:
        raise not_found("API key")
    return key


def _check_accounts(caller: Caller, wanted: Sequence[str] | None) -> None:
    if set(wanted or ()) - set(caller.project.pinterest_accounts):
        raise account_not_permitted()
