"""PinBridge's keys in the database: listing, finding, writing, and how a key is shown.

It must not know who may do what; every function works inside its caller's transaction.
"""

import json
import secrets
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.instants import show_instant
from reconciler.sandbox.pinbridge.switches import LIST_REVOKED, is_on
from reconciler.sandbox.secret_hashes import hash_secret

KEY_MARK = "pb_live_"

_SHOWN = (
    "id",
    "workspace_id",
    "name",
    "scopes",
    "pinterest_account_ids",
    "source",
    "client_name",
    "authorized_by_email",
    "last_used_at",
    "created_at",
    "revoked_at",
)
_INSTANTS = ("last_used_at", "created_at", "revoked_at")
_CHANGE = {
    "name": "UPDATE pinbridge_keys SET name = ? WHERE id = ?",
    "scopes": "UPDATE pinbridge_keys SET scopes = ? WHERE id = ?",
    "pinterest_account_ids": "UPDATE pinbridge_keys SET pinterest_account_ids = ? WHERE id = ?",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a key comes from: made by hand, or by an OAuth client that somebody let in."""

    source: str = "manual"
    client_name: str | None = None
    authorized_by_email: str | None = None


MANUAL = Origin()


def issue_secret() -> str:
    """Make the secret of a new key."""
    return KEY_MARK + secrets.token_hex(32)


def list_keys(db: sqlite3.Connection, workspace_id: str) -> list[dict[str, Any]]:
    """Show the keys of a workspace, the newest first; revoked ones only if that is switched on."""
    rows = db.execute(
        "SELECT * FROM pinbridge_keys WHERE workspace_id = ? AND (revoked_at IS NULL OR ?)"
        " ORDER BY created_at DESC, seq DESC",
        (workspace_id, is_on(db, LIST_REVOKED)),
    )
    return [_show(row) for row in rows]


def find_active(db: sqlite3.Connection, workspace_id: str, key_id: str) -> dict[str, Any] | None:
    """Show one key of a workspace; None for one that is revoked."""
    row = db.execute(
        "SELECT * FROM pinbridge_keys WHERE workspace_id = ? AND id = ? AND revoked_at IS NULL",
        (workspace_id, key_id),
    ).fetchone()
    return _show(row) if row else None


def find_by_secret(db: sqlite3.Connection, secret: str) -> dict[str, Any] | None:
    """Show the key that a secret belongs to; None for one that is revoked."""
    row = db.execute(
        "SELECT * FROM pinbridge_keys WHERE key_hash = ? AND revoked_at IS NULL",
        (hash_secret(secret),),
    ).fetchone()
    return _show(row) if row else None


def insert_key(
    db: sqlite3.Connection,
    workspace_id: str,
    fields: Mapping[str, Any],
    secret: str,
    now: str,
    origin: Origin = MANUAL,
) -> dict[str, Any]:
    """Add a key and show it."""
    key_id = str(uuid.uuid4())
    db.execute(
        "INSERT INTO pinbridge_keys (id, workspace_id, name, key_hash, scopes,"
        " pinterest_account_ids, source, client_name, authorized_by_email, created_at)"
        " VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            key_id,
            workspace_id,
            fields["name"],
            hash_secret(secret),
            json.dumps(fields["scopes"]),
            _store_ids(fields["pinterest_account_ids"]),
            origin.source,
            origin.client_name,
            origin.authorized_by_email,
            now,
        ),
    )
    return _require(db, key_id)


def change_key(db: sqlite3.Connection, key_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Set the fields that were sent and show the key."""
    for field, value in changes.items():
        stored = value if isinstance(value, str) else json.dumps(value)
        db.execute(_CHANGE[field], (stored, key_id))
    return _require(db, key_id)


def revoke_key(db: sqlite3.Connection, key_id: str, now: str) -> None:
    """Revoke a key for ever."""
    db.execute("UPDATE pinbridge_keys SET revoked_at = ? WHERE id = ?", (now, key_id))


def mark_used(db: sqlite3.Connection, key_id: str, now: str) -> None:
    """Note that a key was accepted."""
    db.execute("UPDATE pinbridge_keys SET last_used_at = ? WHERE id = ?", (now, key_id))


def _require(db: sqlite3.Connection, key_id: str) -> dict[str, Any]:
    return _show(db.execute("SELECT * FROM pinbridge_keys WHERE id = ?", (key_id,)).fetchone())


def _store_ids(ids: Sequence[str] | None) -> str | None:
    return None if ids is None else json.dumps(ids)


def _show(row: sqlite3.Row) -> dict[str, Any]:
    shown = {name: row[name] for name in _SHOWN}
    shown["scopes"] = json.loads(row["scopes"])
    ids = row["pinterest_account_ids"]
    shown["pinterest_account_ids"] = json.loads(ids) if ids else None
    return shown | {name: show_instant(row[name]) for name in _INSTANTS}
