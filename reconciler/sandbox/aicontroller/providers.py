"""LLM providers and their keys: managed by administrators. A provider's key goes in, never out.

Deleting a provider leaves the API keys that are restricted to it alone: they stop working.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.aicontroller.answers import RefusalError, Success, not_found
from reconciler.sandbox.aicontroller.audit import note_write
from reconciler.sandbox.aicontroller.calls import Call, list_page
from reconciler.sandbox.aicontroller.fields import PROVIDER, read_attributes, read_id
from reconciler.sandbox.aicontroller.identity import require_administrator
from reconciler.sandbox.aicontroller.provider_seal import seal

_RESOURCE = "provider"


def list_all(call: Call) -> Success:
    """List providers by id, all of them or those with a text in their name."""
    require_administrator(call)
    page, name = call.page(), call.request.query_params.get("name", "")
    source = "FROM aic_providers WHERE instr(casefold(name), :name) OR :name = ''"
    values = {"name": name.casefold(), "n": page.size, "o": page.offset}
    with call.parts.database.read() as db:
        total = db.execute("SELECT count(*) " + source, values).fetchone()[0]
        query = "SELECT * " + source + " ORDER BY id LIMIT :n OFFSET :o"
        items = [_show(row) for row in db.execute(query, values)]
    return list_page(page, total, items)


def get(call: Call) -> Success:
    """Show one provider."""
    require_administrator(call)
    with call.parts.database.read() as db:
        return Success(data=_show(find_provider(db, call.path_id())))


def create(call: Call) -> Success:
    """Add a provider, with or without its key."""
    account = require_administrator(call)
    fields = read_attributes(call.attributes(), PROVIDER, required=("name", "url"))
    row = {"authType": "Bearer", "sealed": None} | fields | _seal(call, fields)
    with call.parts.database.write() as db:
        provider_id = str(_insert(db, row))
        note_write(db, call, account, "create", _RESOURCE, provider_id)
        created = _show(find_provider(db, provider_id))
    return Success("Provider created", created, status=201)


def update(call: Call) -> Success:
    """Change the attributes that were sent; a key that is not among them stays."""
    account = require_administrator(call)
    changes = read_attributes(call.attributes(), PROVIDER)
    changes |= _seal(call, changes)
    with call.parts.database.write() as db:
        _update(db, find_provider(db, call.path_id()), changes)
        note_write(db, call, account, "update", _RESOURCE, call.path_id())
        changed = _show(find_provider(db, call.path_id()))
    return Success("Provider updated", changed)


def delete(call: Call) -> Success:
    """Remove a provider and its key for good."""
    account = require_administrator(call)
    with call.parts.database.write() as db:
        row = find_provider(db, call.path_id())
        db.execute("DELETE FROM aic_providers WHERE id = ?", (row["id"],))
        note_write(db, call, account, "delete", _RESOURCE, call.path_id())
    return Success("Provider deleted")


def find_provider(db: sqlite3.Connection, provider_id: str) -> sqlite3.Row:
    """Find a provider by the id in a path."""
    try:
        number = read_id("id", provider_id)
    except RefusalError:
        raise not_found("Provider") from None
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM aic_providers WHERE id = ?", (number,)
    ).fetchone()
    if row is None:
        raise not_found("Provider")
    return row


def is_there(db: sqlite3.Connection, provider_id: int) -> bool:
    """Tell whether there is such a provider."""
    query = "SELECT 1 FROM aic_providers WHERE id = ?"
    return db.execute(query, (provider_id,)).fetchone() is not None


def _seal(call: Call, fields: Mapping[str, Any]) -> dict[str, bytes]:
    # Before the transaction: the identity that seals is a setting, which has one of its own.
    return {"sealed": seal(call.parts.database, fields["apiKey"])} if "apiKey" in fields else {}


def _insert(db: sqlite3.Connection, row: Mapping[str, Any]) -> int:
    try:
        added = db.execute(
            "INSERT INTO aic_providers (name, url, auth_type, sealed_key)"
            " VALUES (:name, :url, :authType, :sealed) RETURNING id",
            row,
        ).fetchall()
    except sqlite3.IntegrityError:
        raise _name_taken() from None
    return int(added[0]["id"])


def _update(db: sqlite3.Connection, row: sqlite3.Row, changes: Mapping[str, Any]) -> None:
    before = {
        "name": row["name"],
        "url": row["url"],
        "authType": row["auth_type"],
        "sealed": row["sealed_key"],
    }
    try:
        db.execute(
            "UPDATE aic_providers SET name = :name, url = :url, auth_type = :authType,"
            " sealed_key = :sealed WHERE id = :id",
            before | dict(changes) | {"id": row["id"]},
        )
    except sqlite3.IntegrityError:
        raise _name_taken() from None


def _name_taken() -> RefusalError:
    return RefusalError(409, "ConflictException", "There is a provider of this name already")


def _show(row: sqlite3.Row) -> dict[str, Any]:
    attributes = {
        "name": row["name"],
        "url": row["url"],
        "authType": row["auth_type"],
        "hasApiKey": row["sealed_key"] is not None,
    }
    return {"id": str(row["id"]), "attributes": attributes}
