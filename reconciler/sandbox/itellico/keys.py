"""itellicoAI's keys in the database: listing, finding, writing, and how a key is shown.

It must not know who may do what; every function works inside its caller's transaction.
"""

import secrets
import sqlite3
import uuid
from collections.abc import Mapping
from typing import Any, Literal

from reconciler.sandbox.instants import show_instant
from reconciler.sandbox.itellico.pages import Window
from reconciler.sandbox.secret_hashes import hash_secret

Status = Literal["active", "revoked", "expired"]

# Ours: a key that is revoked and past its expiry is "revoked".
_KEYS = """
FROM (
  SELECT *, CASE WHEN revoked_at IS NOT NULL THEN 'revoked'
                 WHEN expires_at <= :now THEN 'expired'
                 ELSE 'active' END AS status
  FROM itellico_keys
)
"""
_CHANGE = {
    "label": "UPDATE itellico_keys SET label = ?, modified = ? WHERE id = ?",
    "expires_at": "UPDATE itellico_keys SET expires_at = ?, modified = ? WHERE id = ?",
    "revoked_at": "UPDATE itellico_keys SET revoked_at = ?, modified = ? WHERE id = ?",
}


def issue_secret() -> str:
    """Make the secret of a new key."""
    return f"sk-{secrets.token_hex(4)}.{secrets.token_hex(32)}"


def list_keys(
    db: sqlite3.Connection, account_id: str, status: Status | None, window: Window, now: str
) -> tuple[int, list[dict[str, Any]]]:
    """Count the keys of an account and show one part of them, the newest first."""
    values = {"account": account_id, "status": status, "now": now, **window.values()}
    source = _KEYS + "WHERE account_id = :account AND (:status IS NULL OR status = :status)"
    total = db.execute("SELECT count(*) " + source, values).fetchone()[0]
    # Of two keys made in the same microsecond, the later one comes first: a stable order.
    order = " ORDER BY created DESC, seq DESC LIMIT :limit OFFSET :offset"
    rows = db.execute("SELECT * " + source + order, values)
    return total, [_show(row) for row in rows]


def find_key(
    db: sqlite3.Connection, account_id: str, key_id: str, now: str
) -> dict[str, Any] | None:
    """Show one key of an account."""
    values = {"account": account_id, "id": key_id, "now": now}
    query = "SELECT * " + _KEYS + "WHERE account_id = :account AND id = :id"
    row = db.execute(query, values).fetchone()
    return _show(row) if row else None


def find_by_secret(db: sqlite3.Connection, secret: str, now: str) -> dict[str, Any] | None:
    """Show the key that a secret belongs to."""
    values = {"hash": hash_secret(secret), "now": now}
    query = "SELECT * " + _KEYS + "WHERE key_hash = :hash"
    row = db.execute(query, values).fetchone()
    return _show(row) if row else None


def insert_key(
    db: sqlite3.Connection, account_id: str, fields: Mapping[str, Any], secret: str, now: str
) -> dict[str, Any]:
    """Add a key and show it."""
    key_id = str(uuid.uuid4())
    db.execute(
        "INSERT INTO itellico_keys"
        " (id, account_id, label, prefix, key_hash, expires_at, created, modified)"
        " VALUES (?,?,?,?,?,?,?,?)",
        (
            key_id,
            account_id,
            fields["label"],
            secret.partition(".")[0],
            hash_secret(secret),
            fields["expires_at"],
            now,
            now,
        ),
    )
    return _require(db, key_id, now)


def change_key(
    db: sqlite3.Connection, key_id: str, changes: Mapping[str, str | None], now: str
) -> dict[str, Any]:
    """Set some fields and show the key."""
    for field, value in changes.items():
        db.execute(_CHANGE[field], (value, now, key_id))
    return _require(db, key_id, now)


def delete_key(db: sqlite3.Connection, key_id: str) -> None:
    """Remove a key for good."""
    db.execute("DELETE FROM itellico_keys WHERE id = ?", (key_id,))


def mark_used(db: sqlite3.Connection, key_id: str, now: str) -> None:
    """Note that a key was accepted; this is no change of the key."""
    db.execute("UPDATE itellico_keys SET last_used_at = ? WHERE id = ?", (now, key_id))


def _require(db: sqlite3.Connection, key_id: str, now: str) -> dict[str, Any]:
    values = {"id": key_id, "now": now}
    query = "SELECT * " + _KEYS + "WHERE id = :id"
    return _show(db.execute(query, values).fetchone())


def _show(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "account_id": row["account_id"],
        "label": row["label"],
        "prefix": row["prefix"],
        "status": row["status"],
        "expires_at": show_instant(row["expires_at"]),
        "last_used_at": show_instant(row["last_used_at"]),
        "created": show_instant(row["created"]),
        "modified": show_instant(row["modified"]),
    }
