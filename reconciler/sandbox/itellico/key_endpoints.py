"""The endpoints that manage the keys of an account."""

import sqlite3
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, StringConstraints
from pydantic_core import PydanticCustomError
from starlette.responses import JSONResponse, Response

from reconciler.sandbox.calls import Call
from reconciler.sandbox.instants import store_instant
from reconciler.sandbox.itellico import keys
from reconciler.sandbox.itellico.answers import is_expired, not_found
from reconciler.sandbox.itellico.audit import note_write
from reconciler.sandbox.itellico.identity import Access, admit
from reconciler.sandbox.itellico.pages import Window, show_page
from reconciler.sandbox.validation import Sent, read_json, read_path_id, read_query


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("datetime_range", "Input should be a time in UTC") from None


_Label = Annotated[str, StringConstraints(min_length=1, max_length=255)]
# Ours: a time in the past is accepted, and the key is expired from the start.
_Expiry = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class _NewKey(Sent):
    label: _Label
    expires_at: _Expiry | None = None


class _KeyChanges(Sent):
    label: _Label = ""
    expires_at: _Expiry | None = None


class _Wanted(Window):
    status: keys.Status | None = None


def list_all(call: Call) -> Response:
    """List the keys of an account, those of its subaccounts excepted."""
    access, wanted = admit(call), read_query(_Wanted, call.request)
    now = store_instant(call.now)
    with call.parts.database.read() as db:
        page = keys.list_keys(db, access.account_id, wanted.status, wanted, now)
    return JSONResponse(show_page(*page))


def get(call: Call) -> Response:
    """Show one key."""
    access = admit(call)
    with call.parts.database.read() as db:
        return JSONResponse(_find(db, access, call))


def create(call: Call) -> Response:
    """Create a key; its secret is in this answer and in no other."""
    access, sent = admit(call), read_json(_NewKey, call.body)
    fields = _to_columns(sent.model_dump())
    secret, now = keys.issue_secret(), store_instant(call.now)
    with call.parts.database.write() as db:
        created = keys.insert_key(db, access.account_id, fields, secret, now)
        note_write(db, call, access, "api_key.created", before=None, after=created)
    return JSONResponse(created | {"key": secret}, 201)


def update(call: Call) -> Response:
    """Change the fields that were sent, and only those; null clears the expiry."""
    access, sent = admit(call), read_json(_KeyChanges, call.body)
    changes, now = _to_columns(sent.model_dump(exclude_unset=True)), store_instant(call.now)
    with call.parts.database.write() as db:
        before = _find(db, access, call)
        after = keys.change_key(db, before["id"], changes, now)
        note_write(db, call, access, "api_key.updated", before=before, after=after)
    return JSONResponse(after)


def revoke(call: Call) -> Response:
    """Switch a key off, until it is reactivated; one that is off already stays as it is."""
    access, now = admit(call), store_instant(call.now)
    with call.parts.database.write() as db:
        before = after = _find(db, access, call)
        if before["status"] == "expired":
            raise is_expired()
        if before["status"] == "active":
            after = keys.change_key(db, before["id"], {"revoked_at": now}, now)
            note_write(db, call, access, "api_key.revoked", before=before, after=after)
    return JSONResponse(after)


def reactivate(call: Call) -> Response:
    """Switch a key on again; one past its expiry would not come back to life, and is refused."""
    access, now = admit(call), store_instant(call.now)
    with call.parts.database.write() as db:
        before = after = _find(db, access, call)
        if before["status"] != "active":
            after = keys.change_key(db, before["id"], {"revoked_at": None}, now)
            note_write(db, call, access, "api_key.reactivated", before=before, after=after)
        if after["status"] == "expired":
            raise is_expired()
    return JSONResponse(after)


def delete(call: Call) -> Response:
    """Remove a key for good."""
    access = admit(call)
    with call.parts.database.write() as db:
        before = _find(db, access, call)
        keys.delete_key(db, before["id"])
        note_write(db, call, access, "api_key.deleted", before=before, after=None)
    return Response(status_code=204)


def _find(db: sqlite3.Connection, access: Access, call: Call) -> dict[str, Any]:
    key_id = read_path_id(call.request, "key_id")
    key = keys.find_key(db, access.account_id, key_id, store_instant(call.now))
    if key is None:
        raise not_found("API key")
    return key


def _to_columns(fields: dict[str, Any]) -> dict[str, str | None]:
    expiry = fields.get("expires_at")
    return fields if expiry is None else fields | {"expires_at": store_instant(expiry)}
