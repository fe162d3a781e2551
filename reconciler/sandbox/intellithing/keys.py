"""The endpoints of the keys and of their switch. A key has no name and no expiry.

Nothing here reaches a container that runs, but the switch going off; see `deployments`.
"""

import base64
import secrets
import uuid

from starlette.exceptions import HTTPException

from reconciler.sandbox.bodies import decode_object
from reconciler.sandbox.intellithing.audit import note_write
from reconciler.sandbox.intellithing.calls import Call
from reconciler.sandbox.intellithing.identity import require_keeper
from reconciler.sandbox.intellithing.workspaces import find_workspace, set_switch
from reconciler.sandbox.secret_hashes import hash_secret

_SECRET_BYTES = 32


def list_all(call: Call) -> object:
    """List the keys of a workspace in the order in which they were made, and its switch."""
    require_keeper(call)
    with call.parts.database.read() as db:
        workspace = find_workspace(db, call.path("workspace"))
        query = (
            "SELECT id AS key_id, created_at, last_used_at FROM intellithing_keys"
            " WHERE workspace = ? ORDER BY seq"
        )
        keys = [dict(row) for row in db.execute(query, (workspace.id,))]
    return {"enabled": workspace.is_on, "keys": keys}


def create(call: Call) -> object:
    """Create a key; its secret is in this answer and in no other."""
    actor = require_keeper(call)
    # A key has no fields to choose: whatever the object says is ignored.
    decode_object(call.body)
    key_id = str(uuid.uuid4())
    secret = base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    with call.parts.database.write() as db:
        workspace = find_workspace(db, call.path("workspace"))
        db.execute(
            "INSERT INTO intellithing_keys (id, workspace, key_hash, created_at) VALUES (?,?,?,?)",
            (key_id, workspace.id, hash_secret(secret), call.at),
        )
        note_write(db, call, actor, "create", key_id=key_id)
    return {"key_id": key_id, "security_key": secret, "created_at": call.at}


def delete(call: Call) -> None:
    """Remove a key from the workspace; containers that hold it keep it."""
    actor, key_id = require_keeper(call), call.path("key_id")
    with call.parts.database.write() as db:
        workspace = find_workspace(db, call.path("workspace"))
        query = "DELETE FROM intellithing_keys WHERE workspace = ? AND id = ?"
        if db.execute(query, (workspace.id, key_id)).rowcount == 0:
            raise HTTPException(404, "Security key not found")
        note_write(db, call, actor, "delete", key_id=key_id)


def switch(call: Call) -> object:
    """Switch every key of the workspace on or off; on counts from the next deployment on."""
    actor = require_keeper(call)
    is_on = decode_object(call.body).get("enabled")
    if not isinstance(is_on, bool):
        raise HTTPException(422, "enabled must be true or false")
    with call.parts.database.write() as db:
        set_switch(db, find_workspace(db, call.path("workspace")), is_on=is_on)
        note_write(db, call, actor, "toggle")
    return {"enabled": is_on}
