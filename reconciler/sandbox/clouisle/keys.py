"""Keys in the database: listing, finding, writing, and how a key is shown.

It must not know who may do what; every function works inside its caller's transaction.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.accounts import Account
from reconciler.sandbox.clouisle.bindings import bindings_of
from reconciler.sandbox.clouisle.instants import show_instant
from reconciler.sandbox.clouisle.key_secrets import prefix_of
from reconciler.sandbox.secret_hashes import hash_secret

# LEFT JOIN keeps the keys as the outer loop, so that their index gives the order.
_SELECT = """
SELECT k.seq, k.id, k.name, k.key_prefix, k.user_id, u.username, k.scopes, k.rate_limit,
       k.is_active, k.expires_at, k.last_used_at, k.created_at, k.updated_at
FROM clouisle_keys k LEFT JOIN users u ON u.id = k.user_id
"""
_STATUSES = {
    "active": "(k.is_active AND (k.expires_at IS NULL OR k.expires_at > :now))",
    "inactive": "(NOT k.is_active)",
    "expired": "(k.expires_at < :now)",
}
_COLUMNS = ("name", "scopes", "rate_limit", "is_active", "expires_at")


@dataclass(frozen=True, slots=True)
class KeyFilter:
    """Which keys a list shows."""

    now: str
    owners: Sequence[str] = ()
    statuses: Sequence[str] = ()
    search: str = ""

    def where(self) -> str:
        """Word the condition; every value is a named parameter."""
        conditions = ["1"]
        if self.owners:
            conditions.append("k.user_id IN (SELECT value FROM json_each(:owners))")
        known = [_STATUSES[status] for status in self.statuses if status in _STATUSES]
        if known:
            conditions.append(f"({' OR '.join(known)})")
        if self.search:
            conditions.append("(instr(casefold(k.name), :search) OR instr(k.key_prefix, :search))")
        return " AND ".join(conditions)

    def values(self) -> dict[str, Any]:
        """Give the values of the condition."""
        search = self.search.casefold()
        return {"now": self.now, "owners": json.dumps(list(self.owners)), "search": search}


@dataclass(frozen=True, slots=True)
class UsableKey:
    """What must be known of a key when it is used."""

    seq: int
    is_active: bool
    expires_at: str | None
    owner: Account


def list_keys(
    db: sqlite3.Connection, wanted: KeyFilter, limit: int, offset: int
) -> tuple[int, list[dict[str, Any]]]:
    """Count the keys and show one part of them, the newest first."""
    where, values = wanted.where(), wanted.values()
    count = f"SELECT count(*) FROM clouisle_keys k WHERE {where}"  # noqa: S608 - fixed fragments
    total = db.execute(count, values).fetchone()[0]
    # Of two keys made in the same microsecond, the later one comes first: a stable order.
    query = f"{_SELECT} WHERE {where} ORDER BY k.created_at DESC, k.seq DESC LIMIT :n OFFSET :o"
    rows = db.execute(query, values | {"n": limit, "o": offset}).fetchall()
    return total, _show_keys(db, rows)


def count_keys(db: sqlite3.Connection, now: str, owner: str | None) -> dict[str, int]:
    """Count the keys of everybody, or of one owner, by status."""
    query = (
        f"SELECT count(*) AS total, count(*) FILTER (WHERE {_STATUSES['active']}) AS active,"  # noqa: S608 - fixed fragments
        f" count(*) FILTER (WHERE {_STATUSES['inactive']}) AS inactive,"
        f" count(*) FILTER (WHERE {_STATUSES['expired']}) AS expired"
        " FROM clouisle_keys k WHERE :owner IS NULL OR k.user_id = :owner"
    )
    return dict(db.execute(query, {"now": now, "owner": owner}).fetchone())


def find_key(db: sqlite3.Connection, key_id: str) -> dict[str, Any] | None:
    """Show one key."""
    rows = db.execute(_SELECT + "WHERE k.id = ?", (key_id,)).fetchall()
    return _show_keys(db, rows)[0] if rows else None


def sequence_of(db: sqlite3.Connection, key_id: str) -> int:
    """Give the row number of a key that is there."""
    row = db.execute("SELECT seq FROM clouisle_keys WHERE id = ?", (key_id,)).fetchone()
    return int(row["seq"])


def insert_key(
    db: sqlite3.Connection, owner: str, fields: Mapping[str, Any], secret: str, now: str
) -> str:
    """Add an active key and give its id."""
    key_id = str(uuid.uuid4())
    db.execute(
        "INSERT INTO clouisle_keys (id, name, key_prefix, key_hash, user_id, scopes, rate_limit,"
        " expires_at, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            key_id,
            fields["name"],
            prefix_of(secret),
            hash_secret(secret),
            owner,
            json.dumps(fields["scopes"]),
            fields["rate_limit"],
            fields["expires_at"],
            now,
            now,
        ),
    )
    return key_id


def update_key(db: sqlite3.Connection, key_id: str, changes: Mapping[str, Any], now: str) -> None:
    """Set the columns that were sent; bindings alone leave `updated_at` where it is."""
    columns = [name for name in _COLUMNS if name in changes]
    if not columns:
        return
    values = {name: changes[name] for name in columns}
    if "scopes" in values:
        values["scopes"] = json.dumps(values["scopes"])
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    query = f"UPDATE clouisle_keys SET {assignments}, updated_at = :now WHERE id = :id"  # noqa: S608 - our own columns
    db.execute(query, values | {"now": now, "id": key_id})


def delete_key(db: sqlite3.Connection, key_id: str) -> None:
    """Remove a key for good."""
    db.execute("DELETE FROM clouisle_keys WHERE id = ?", (key_id,))


def find_by_secret(db: sqlite3.Connection, secret: str) -> UsableKey | None:
    """Find the key that a secret belongs to."""
    row = db.execute(
        "SELECT k.seq, k.is_active, k.expires_at, u.id, u.username, u.role,"
        " u.is_active AS owner_is_active"
        " FROM clouisle_keys k JOIN users u ON u.id = k.user_id WHERE k.key_hash = ?",
        (hash_secret(secret),),
    ).fetchone()
    if row is None:
        return None
    owner = Account(row["id"], row["username"], row["role"], bool(row["owner_is_active"]))
    return UsableKey(row["seq"], bool(row["is_active"]), row["expires_at"], owner)


def mark_used(db: sqlite3.Connection, key: UsableKey, now: str) -> None:
    """Note that a key was accepted; this is no update of the key."""
    db.execute("UPDATE clouisle_keys SET last_used_at = ? WHERE seq = ?", (now, key.seq))


def _show_keys(db: sqlite3.Connection, rows: Iterable[sqlite3.Row]) -> list[dict[str, Any]]:
    found = list(map(tuple, rows))
    bound = bindings_of(db, [row[0] for row in found])
    return [_show_key(row, bound.get(row[0], {})) for row in found]


def _show_key(row: tuple[Any, ...], bound: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    _, key_id, name, prefix, user_id, username, scopes, rate_limit, is_active, *times = row
    expires_at, last_used_at, created_at, updated_at = map(show_instant, times)
    return {
        "id": key_id,
        "name": name,
        "key_prefix": prefix,
        "user_id": user_id,
        "user": {"id": user_id, "username": username},
        "scopes": json.loads(scopes),
        "rate_limit": rate_limit,
        "is_active": bool(is_active),
        "expires_at": expires_at,
        "last_used_at": last_used_at,
        "agents": bound.get("agent", []),
        "workflows": bound.get("workflow", []),
        "created_at": created_at,
        "updated_at": updated_at,
    }
