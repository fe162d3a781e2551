"""The audit log: who wrote what, and when; never a value, so never a secret."""

import sqlite3
from typing import Any, Literal

from reconciler.sandbox.accounts import Account
from reconciler.sandbox.aicontroller.answers import Success
from reconciler.sandbox.aicontroller.calls import Call, list_page
from reconciler.sandbox.aicontroller.identity import require_administrator
from reconciler.sandbox.aicontroller.instants import show_instant
from reconciler.sandbox.instants import store_instant


def note_write(
    db: sqlite3.Connection,
    call: Call,
    actor: Account,
    action: Literal["create", "update", "delete"],
    resource: str,
    resource_id: str,
) -> None:
    """Record a write in the transaction that made it."""
    db.execute(
        "INSERT INTO aic_audit (actor, action, resource, resource_id, at) VALUES (?,?,?,?,?)",
        (actor.username, action, resource, resource_id, store_instant(call.now)),
    )


def list_all(call: Call) -> Success:
    """List the writes, the latest first."""
    require_administrator(call)
    page = call.page()
    with call.parts.database.read() as db:
        total = db.execute("SELECT count(*) FROM aic_audit").fetchone()[0]
        query = "SELECT * FROM aic_audit ORDER BY seq DESC LIMIT ? OFFSET ?"
        rows = db.execute(query, (page.size, page.offset)).fetchall()
    return list_page(page, total, [_show(row) for row in rows])


def _show(row: sqlite3.Row) -> dict[str, Any]:
    attributes = {
        "actor": row["actor"],
        "action": row["action"],
        "resource": row["resource"],
        "resourceId": row["resource_id"],
        "at": show_instant(row["at"]),
    }
    return {"id": str(row["seq"]), "attributes": attributes}
