"""Where keys are used, as far as keys need it: Pinterest accounts and pins of one project."""

import json
import uuid
from typing import Annotated, Any
from uuid import UUID

from pydantic import StringConstraints
from starlette.responses import JSONResponse, Response

from reconciler.sandbox.calls import Call
from reconciler.sandbox.instants import show_instant, store_instant
from reconciler.sandbox.pinbridge.activity import note_pin_write
from reconciler.sandbox.pinbridge.answers import account_not_permitted, not_found
from reconciler.sandbox.pinbridge.identity import recognise, require_scope
from reconciler.sandbox.pinbridge.projects import show_accounts
from reconciler.sandbox.validation import Sent, read_json, read_path_id


class _NewPin(Sent):
    account_id: UUID
    board_id: str
    title: Annotated[str, StringConstraints(max_length=100)]
    image_url: str
    idempotency_key: Annotated[str, StringConstraints(max_length=255)]


def list_accounts(call: Call) -> Response:
    """List the Pinterest accounts that the caller reaches; any scope is enough."""
    caller = recognise(call)
    return JSONResponse(show_accounts(caller.project, caller.pinterest_accounts()))


def create_pin(call: Call) -> Response:
    """Queue a pin for one of those accounts."""
    caller = require_scope(call, "write")
    fields = read_json(_NewPin, call.body).model_dump(mode="json")
    account_id, now = fields.pop("account_id"), store_instant(call.now)
    if account_id not in caller.pinterest_accounts():
        raise account_not_permitted()
    pin_id, workspace_id = str(uuid.uuid4()), caller.project.id
    with call.parts.database.write() as db:
        row = (pin_id, workspace_id, account_id, json.dumps(fields), now)
        db.execute("INSERT INTO pinbridge_pins VALUES (?,?,?,?,?)", row)
        note_pin_write(db, call, caller, "created", pin_id)
    shown: dict[str, Any] = {
        "id": pin_id,
        "workspace_id": workspace_id,
        "pinterest_account_id": account_id,
        "status": "queued",
        "media_type": "image",
        **fields,
        "created_at": show_instant(now),
        "updated_at": show_instant(now),
    }
    return JSONResponse(shown, 201)


def delete_pin(call: Call) -> Response:
    """Delete a pin of one of those accounts."""
    caller = require_scope(call, "destructive")
    pin_id = read_path_id(call.request, "pin_id")
    with call.parts.database.write() as db:
        query = "SELECT account_id FROM pinbridge_pins WHERE id = ? AND workspace_id = ?"
        pin = db.execute(query, (pin_id, caller.project.id)).fetchone()
        if pin is None or pin["account_id"] not in caller.pinterest_accounts():
            raise not_found("Pin")
        db.execute("DELETE FROM pinbridge_pins WHERE id = ?", (pin_id,))
        note_pin_write(db, call, caller, "deleted", pin_id)
    return Response(status_code=204)
