"""The audit log of an account: every write with both states; never a secret. All of it is ours."""

import json
import sqlite3
import uuid
from typing import Any

from starlette.responses import JSONResponse, Response

from reconciler.sandbox.calls import Call
from reconciler.sandbox.instants import show_instant, store_instant
from reconciler.sandbox.itellico.identity import Access, admit
from reconciler.sandbox.itellico.pages import Window, show_page
from reconciler.sandbox.validation import read_query

_SHOWN = ("id", "actor_key_id", "actor_label", "action", "resource_type", "resource_id")


def note_write(
    db: sqlite3.Connection,
    call: Call,
    access: Access,
    action: str,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    """Record a write, worded as "api_key.created", in the transaction that made it."""
    subject = after or before or {}
    db.execute(
        "INSERT INTO itellico_audit (id, account_id, created, actor_key_id, actor_label, action,"
        " resource_type, resource_id, before, after) VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            str(uuid.uuid4()),
            access.account_id,
            store_instant(call.now),
            access.key_id,
            access.key_label,
            action,
            action.partition(".")[0],
            subject["id"],
            json.dumps(before),
            json.dumps(after),
        ),
    )


def list_audit_log(call: Call) -> Response:
    """List the writes of an account, the latest first."""
    access, window = admit(call), read_query(Window, call.request)
    values = {"account": access.account_id, **window.values()}
    source = "FROM itellico_audit WHERE account_id = :account"
    with call.parts.database.read() as db:
        total = db.execute("SELECT count(*) " + source, values).fetchone()[0]
        query = "SELECT * " + source + " ORDER BY seq DESC LIMIT :limit OFFSET :offset"
        items = [_show(row) for row in db.execute(query, values)]
    return JSONResponse(show_page(total, items))


def _show(row: sqlite3.Row) -> dict[str, Any]:
    shown = {name: row[name] for name in _SHOWN}
    states = {name: json.loads(row[name]) for name in ("before", "after")}
    return shown | states | {"created": show_instant(row["created"])}
