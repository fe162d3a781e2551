"""Agents and workflows, as far as keys need them: made, listed and deleted by superusers.

Deleting one empties the bindings to it without a word, as measured; a key that was bound to
nothing else then reaches everything.
"""

import sqlite3
import uuid
from typing import Any

from reconciler.sandbox.clouisle.answers import Success, invalid, resource_not_found
from reconciler.sandbox.clouisle.audit import note_write
from reconciler.sandbox.clouisle.calls import Call, Endpoint, show_page
from reconciler.sandbox.clouisle.fields import decode_json
from reconciler.sandbox.clouisle.identity import require_superuser
from reconciler.sandbox.instants import show_instant, store_instant

KINDS = ("agent", "workflow")


def create(kind: str) -> Endpoint:
    """Make the endpoint that adds one."""

    def endpoint(call: Call) -> Success:
        body = decode_json(call.body)
        account = require_superuser(call)
        name, icon = _read(body)
        row = (str(uuid.uuid4()), kind, name, icon, store_instant(call.now))
        with call.parts.database.write() as db:
            db.execute("INSERT INTO clouisle_resources VALUES (?,?,?,?,?)", row)
            created = _find(db, kind, row[0])
            note_write(db, call, account, "create", kind, before=None, after=created)
        return Success(created)

    return endpoint


def list_all(kind: str) -> Endpoint:
    """Make the endpoint that lists them, the newest first."""

    def endpoint(call: Call) -> Success:
        require_superuser(call)
        page = call.page()
        source = "FROM clouisle_resources WHERE kind = ?"
        query = f"SELECT * {source} ORDER BY created_at DESC, id LIMIT ? OFFSET ?"
        with call.parts.database.read() as db:
            total = db.execute(f"SELECT count(*) {source}", (kind,)).fetchone()[0]
            rows = db.execute(query, (kind, page.size, page.offset)).fetchall()
        return Success(show_page(page, total, [_show(row) for row in rows]))

    return endpoint


def get(kind: str) -> Endpoint:
    """Make the endpoint that shows one."""

    def endpoint(call: Call) -> Success:
        require_superuser(call)
        with call.parts.database.read() as db:
            return Success(_find(db, kind, call.path_id("resource_id")))

    return endpoint


def delete(kind: str) -> Endpoint:
    """Make the endpoint that removes one, and with it the bindings to it."""

    def endpoint(call: Call) -> Success:
        account = require_superuser(call)
        with call.parts.database.write() as db:
            before = _find(db, kind, call.path_id("resource_id"))
            db.execute("DELETE FROM clouisle_resources WHERE id = ?", (before["id"],))
            note_write(db, call, account, "delete", kind, before=before, after=None)
        return Success(before)

    return endpoint


def is_there(db: sqlite3.Connection, kind: str, resource_id: str) -> bool:
    """Tell whether there is such an agent or workflow."""
    query = "SELECT 1 FROM clouisle_resources WHERE kind = ? AND id = ?"
    return db.execute(query, (kind, resource_id)).fetchone() is not None


def _find(db: sqlite3.Connection, kind: str, resource_id: str) -> dict[str, Any]:
    query = "SELECT * FROM clouisle_resources WHERE kind = ? AND id = ?"
    row = db.execute(query, (kind, resource_id)).fetchone()
    if row is None:
        raise resource_not_found(kind)
    return _show(row)


def _show(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "icon": row["icon"],
        "created_at": show_instant(row["created_at"]),
    }


def _read(body: object) -> tuple[str, str | None]:
    if not isinstance(body, dict):
        raise invalid(["unknown"])
    name, icon = body.get("name"), body.get("icon")
    if not isinstance(name, str) or not name:
        raise invalid(["name"])
    if icon is not None and not isinstance(icon, str):
        raise invalid(["icon"])
    return name, icon
