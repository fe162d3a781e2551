"""Keys in the database: listing, finding, writing, and how a key is shown.

It must not know who may do what; every function works inside its caller's transaction. A deleted
key stays, marked; nothing is ever removed.
"""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.aicontroller.calls import Page
from reconciler.sandbox.aicontroller.instants import show_instant
from reconciler.sandbox.aicontroller.key_secrets import hash_secret

_ID = re.compile(r"aic_([1-9][0-9]{4,17})")
# So that the first id has five digits already.
_BEFORE_FIRST = 10_000


@dataclass(frozen=True, slots=True)
class UsableKey:
    """What must be known of a key when it is used."""

    seq: int
    provider_id: int | None
    expiry: str
    is_deleted: bool
    owner_is_active: bool
    owner_name: str

    @property
    def id(self) -> str:
        """Give the id that the API shows."""
        return _show_id(self.seq)


def list_keys(
    db: sqlite3.Connection, owner: int | None, page: Page, *, with_deleted: bool
) -> tuple[int, list[dict[str, Any]]]:
    """Count the keys of everybody, or of one owner, and show one page of them by id."""
    values = {"owner": owner, "with_deleted": with_deleted, "n": page.size, "o": page.offset}
    source = (
        "FROM aic_keys WHERE (:owner IS NULL OR user_number = :owner)"
        " AND (:with_deleted OR NOT is_deleted)"
    )
    total = db.execute("SELECT count(*) " + source, values).fetchone()[0]
    query = "SELECT * " + source + " ORDER BY seq LIMIT :n OFFSET :o"
    return total, [show_key(row) for row in db.execute(query, values)]


def find_key(db: sqlite3.Connection, key_id: str) -> sqlite3.Row | None:
    """Find a key by its id, a deleted one too."""
    found = _ID.fullmatch(key_id)
    if found is None:
        return None
    values = (int(found[1]) - _BEFORE_FIRST,)
    row: sqlite3.Row | None = db.execute("SELECT * FROM aic_keys WHERE seq = ?", values).fetchone()
    return row


def insert_key(db: sqlite3.Connection, fields: Mapping[str, Any], secret: str, now: str) -> str:
    """Add a key and give its id."""
    values = {"providerId": None, **fields, "hash": hash_secret(secret), "now": now}
    added = db.execute(
        "INSERT INTO aic_keys (name, key_hash, user_number, provider_id, expiry, created_at)"
        " VALUES (:name, :hash, :userId, :providerId, :expiry, :now) RETURNING seq",
        values,
    ).fetchall()
    return _show_id(added[0]["seq"])


def update_key(db: sqlite3.Connection, row: sqlite3.Row, changes: Mapping[str, Any]) -> None:
    """Set what was sent, and leave the rest."""
    before = {
        "name": row["name"],
        "userId": row["user_number"],
        "providerId": row["provider_id"],
        "expiry": row["expiry"],
    }
    db.execute(
        "UPDATE aic_keys SET name = :name, user_number = :userId, provider_id = :providerId,"
        " expiry = :expiry WHERE seq = :seq",
        before | dict(changes) | {"seq": row["seq"]},
    )


def mark_deleted(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Delete a key softly: it stays listed for whoever asks for deleted ones too."""
    db.execute("UPDATE aic_keys SET is_deleted = 1 WHERE seq = ?", (row["seq"],))


def find_by_secret(db: sqlite3.Connection, secret: str) -> UsableKey | None:
    """Find the key that a secret belongs to."""
    row = db.execute(
        "SELECT k.seq, k.provider_id, k.expiry, k.is_deleted, u.username, u.is_active"
        " FROM aic_keys k JOIN aic_users n ON n.number = k.user_number"
        " JOIN users u ON u.id = n.account_id WHERE k.key_hash = ?",
        (hash_secret(secret),),
    ).fetchone()
    if row is None:
        return None
    seq, provider_id, expiry, is_deleted, username, is_active = row
    return UsableKey(seq, provider_id, expiry, bool(is_deleted), bool(is_active), username)


def mark_used(db: sqlite3.Connection, key: UsableKey, now: str) -> None:
    """Note that a key was accepted."""
    db.execute("UPDATE aic_keys SET last_used_at = ? WHERE seq = ?", (now, key.seq))


def show_key(row: sqlite3.Row) -> dict[str, Any]:
    """Word a key, without its secret."""
    provider_id = row["provider_id"]
    attributes = {
        "name": row["name"],
        "userId": str(row["user_number"]),
        "providerId": None if provider_id is None else str(provider_id),
        "expiry": row["expiry"],
        "lastUsed": show_instant(row["last_used_at"]),
        "deleted": bool(row["is_deleted"]),
        "created": show_instant(row["created_at"]),
    }
    return {"id": _show_id(row["seq"]), "attributes": attributes}


def _show_id(seq: int) -> str:
    return f"aic_{seq + _BEFORE_FIRST}"
