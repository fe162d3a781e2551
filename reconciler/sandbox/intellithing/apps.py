"""Using a deployed app: the place where a key is accepted or rejected."""

import sqlite3
from datetime import datetime, timedelta

from starlette.exceptions import HTTPException

from reconciler.sandbox.instants import load_instant, store_instant
from reconciler.sandbox.intellithing.calls import Call, unauthorized
from reconciler.sandbox.intellithing.deployments import Container, find_frozen_key, look_at
from reconciler.sandbox.intellithing.settings import load_settings
from reconciler.sandbox.intellithing.workspaces import workspace_of
from reconciler.sandbox.secret_hashes import hash_secret

_WINDOW = timedelta(minutes=1)


def show_status(call: Call) -> object:
    """Answer whoever has a key that the running container holds."""
    project = call.path("project")
    with call.parts.database.write() as db:
        workspace = workspace_of(db, project)
        container = look_at(db, project, call.now).container
        if container is None:
            raise HTTPException(404, "The project is not deployed")
        key_id = _recognise(db, call, container, is_on=workspace.is_on)
        _count_call(db, key_id, call.now)
        # A key that was deleted and still runs has no row left, and is accepted all the same.
        query = "UPDATE intellithing_keys SET last_used_at = ? WHERE id = ?"
        db.execute(query, (call.at, key_id))
    return {"project": project, "ok": True}


def _recognise(db: sqlite3.Connection, call: Call, container: Container, *, is_on: bool) -> str:
    secret = call.bearer()
    if secret is None:
        raise unauthorized("Not authenticated")
    if not (is_on and container.keys_enabled):
        raise unauthorized("Security keys are not enabled")
    key_id = find_frozen_key(db, container, hash_secret(secret))
    if key_id is None:
        raise unauthorized("Invalid security key")
    return key_id


def _count_call(db: sqlite3.Connection, key_id: str, now: datetime) -> None:
    """Count a call in the minute that began with its first one, or refuse one too many."""
    query = "SELECT since, calls FROM intellithing_uses WHERE key_id = ?"
    row = db.execute(query, (key_id,)).fetchone()
    since, calls = (load_instant(row["since"]), row["calls"]) if row else (now, 0)
    if not timedelta() <= now - since < _WINDOW:
        since, calls = now, 0
    if calls >= load_settings(db).calls_per_minute:
        wait = -((now - since - _WINDOW) // timedelta(seconds=1))
        raise HTTPException(429, "Too many requests", {"Retry-After": str(wait)})
    counted = (key_id, store_instant(since), calls + 1)
    db.execute("INSERT OR REPLACE INTO intellithing_uses VALUES (?,?,?)", counted)
