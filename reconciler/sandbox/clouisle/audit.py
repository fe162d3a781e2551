"""The audit log: every write with its actor and the state before and after; never a secret."""

import json
import sqlite3
import uuid
from typing import Any

from reconciler.sandbox.accounts import Account
from reconciler.sandbox.clouisle.answers import Success, invalid
from reconciler.sandbox.clouisle.calls import Call, show_page
from reconciler.sandbox.clouisle.identity import require_superuser
from reconciler.sandbox.instants import show_instant, store_instant

_MOST_PER_PAGE = 100
_OPERATIONS = {"create": "create", "delete": "delete"}


def note_write(
    db: sqlite3.Connection,
    call: Call,
    actor: Account,
    verb: str,
    kind: str,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    """Record a write in the transaction that made it."""
    subject = after or before or {}
    db.execute(
        "INSERT INTO clouisle_audit (id, created_at, user_id, username, action, operation,"
        " resource_type, resource_id, resource_name, changes) VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            str(uuid.uuid4()),
            store_instant(call.now),
            actor.id,
            actor.username,
            f"{verb}_{kind}",
            _OPERATIONS.get(verb, "update"),
            kind,
            subject["id"],
            subject["name"],
            json.dumps({"before": before, "after": after}),
        ),
    )


def list_audit_logs(call: Call) -> Success:
    """List the writes, the latest first."""
    require_superuser(call)
    page = call.page()
    if not (page.number >= 1 and 1 <= page.size <= _MOST_PER_PAGE):
        raise invalid(["query.page_size" if page.number >= 1 else "query.page"])
    conditions, values = _conditions(call)
    with call.parts.database.read() as db:
        source = f"FROM clouisle_audit WHERE {conditions}"
        total = db.execute(f"SELECT count(*) {source}", values).fetchone()[0]
        query = f"SELECT * {source} ORDER BY seq DESC LIMIT ? OFFSET ?"
        rows = db.execute(query, [*values, page.size, page.offset]).fetchall()
    pages = -(-total // page.size)
    return Success(show_page(page, total, [_show(row) for row in rows]) | {"total_pages": pages})


def _conditions(call: Call) -> tuple[str, list[str]]:
    conditions, values = ["1"], []
    query = call.request.query_params
    for column in ("resource_type", "resource_id", "user_id", "action"):
        wanted = query.getlist(column)
        if wanted:
            conditions.append(f"{column} IN (SELECT value FROM json_each(?))")  # noqa: S608 - our columns
            values.append(json.dumps(wanted))
    return " AND ".join(conditions), values


def _show(row: sqlite3.Row) -> dict[str, Any]:
    shown = {name: row[name] for name in row.keys() if name != "seq"}  # noqa: SIM118 - a Row
    shown["created_at"] = show_instant(row["created_at"])
    shown["changes"] = json.loads(row["changes"])
    return shown | {"status": "success"}
