"""The activity log of a project: every write, with who made it; never a secret."""

import json
import sqlite3
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.responses import JSONResponse, Response

from reconciler.sandbox.calls import Call
from reconciler.sandbox.instants import show_instant, store_instant
from reconciler.sandbox.pinbridge.identity import Caller, require_key_manager
from reconciler.sandbox.validation import Sent, read_query

Category = Literal["security", "publishing", "billing", "configuration", "integration"]

_SHOWN = (
    "id",
    "actor_type",
    "actor",
    "actor_label",
    "actor_user_id",
    "action",
    "category",
    "resource_type",
    "resource_id",
    "request_id",
)


class _Wanted(Sent):
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    # To whoever calls it is opaque; here it is the row number of the last item that was shown.
    cursor: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] | None = None
    category: Category | None = None


def note_key_write(
    db: sqlite3.Connection, call: Call, caller: Caller, verb: str, key: Mapping[str, Any]
) -> None:
    """Record a write to a key in the transaction that made it."""
    metadata = {name: key[name] for name in ("name", "scopes", "pinterest_account_ids")}
    _note(db, call, caller, ("api_key", verb, "security"), key["id"], metadata)


def note_pin_write(
    db: sqlite3.Connection, call: Call, caller: Caller, verb: str, pin_id: str
) -> None:
    """Record a write to a pin in the transaction that made it."""
    _note(db, call, caller, ("pin", verb, "publishing"), pin_id, {})


def list_activity(call: Call) -> Response:
    """List the writes of the project, the latest first."""
    caller = require_key_manager(call, None)
    wanted = read_query(_Wanted, call.request)
    with call.parts.database.read() as db:
        rows = db.execute(
            "SELECT * FROM pinbridge_activity WHERE workspace_id = :workspace"
            " AND (:cursor IS NULL OR seq < CAST(:cursor AS INTEGER))"
            " AND (:category IS NULL OR category = :category) ORDER BY seq DESC LIMIT :most",
            {
                "workspace": caller.project.id,
                "cursor": wanted.cursor,
                "category": wanted.category,
                "most": wanted.limit + 1,
            },
        ).fetchall()
    shown = rows[: wanted.limit]
    next_cursor = str(shown[-1]["seq"]) if len(rows) > len(shown) else None
    return JSONResponse({"items": [_show(row) for row in shown], "next_cursor": next_cursor})


def _note(
    db: sqlite3.Connection,
    call: Call,
    caller: Caller,
    what: tuple[str, str, Category],
    resource_id: str,
    metadata: Mapping[str, Any],
) -> None:
    kind, verb, category = what
    db.execute(
        "INSERT INTO pinbridge_activity (id, workspace_id, actor_type, actor, actor_label,"
        " actor_user_id, action, category, resource_type, resource_id, metadata, request_id,"
        " created_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            str(uuid.uuid4()),
            caller.project.id,
            "user" if caller.is_person else "api_key",
            caller.name,
            caller.label,
            caller.user_id,
            f"{kind}.{verb}",
            category,
            kind,
            resource_id,
            json.dumps(metadata),
            call.id,
            store_instant(call.now),
        ),
    )


def _show(row: sqlite3.Row) -> dict[str, Any]:
    shown = {name: row[name] for name in _SHOWN}
    message = f"{row['action']} by {row['actor_label']}"
    extra = {"status": "success", "message": message, "metadata": json.loads(row["metadata"])}
    return shown | extra | {"created_at": show_instant(row["created_at"])}
