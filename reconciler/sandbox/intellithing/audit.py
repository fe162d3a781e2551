"""The audit log of a workspace: every write with its actor; never a secret."""

import sqlite3
from typing import Literal

from reconciler.sandbox.accounts import Account
from reconciler.sandbox.intellithing.calls import Call
from reconciler.sandbox.intellithing.identity import require_keeper
from reconciler.sandbox.intellithing.workspaces import find_workspace

Action = Literal["create", "delete", "toggle", "deploy"]


def note_write(
    db: sqlite3.Connection,
    call: Call,
    actor: Account,
    action: Action,
    *,
    key_id: str | None = None,
    project: str | None = None,
) -> None:
    """Record a write in the transaction that made it."""
    db.execute(
        "INSERT INTO intellithing_audit (workspace, at, actor, action, key_id, project)"
        " VALUES (?,?,?,?,?,?)",
        (call.path("workspace"), call.at, actor.username, action, key_id, project),
    )


def list_writes(call: Call) -> object:
    """List the writes in their order."""
    require_keeper(call)
    with call.parts.database.read() as db:
        workspace = find_workspace(db, call.path("workspace"))
        query = (
            "SELECT at, actor, action, key_id, project FROM intellithing_audit"
            " WHERE workspace = ? ORDER BY seq"
        )
        return [dict(row) for row in db.execute(query, (workspace.id,))]
