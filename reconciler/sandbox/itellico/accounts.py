"""Accounts in the database: one root account, and subaccounts below it.

It must not know who may do what; every function works inside its caller's transaction.
"""

import sqlite3
import uuid
from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.instants import show_instant
from reconciler.sandbox.itellico.pages import Window

ROOT = "17e11100-0000-4000-8000-000000000000"
"""The account that is there from the start."""

_CHANGE = {
    "name": "UPDATE itellico_accounts SET name = ?, modified = ? WHERE id = ?",
    "is_active": "UPDATE itellico_accounts SET is_active = ?, modified = ? WHERE id = ?",
}


def find_account(db: sqlite3.Connection, account_id: str) -> dict[str, Any] | None:
    """Show one account."""
    query = "SELECT * FROM itellico_accounts WHERE id = ?"
    row = db.execute(query, (account_id,)).fetchone()
    return _show(row) if row else None


def list_subaccounts(
    db: sqlite3.Connection, parent_id: str, window: Window
) -> tuple[int, list[dict[str, Any]]]:
    """Count the subaccounts of an account and show one part of them, the newest first."""
    values = {"parent": parent_id, **window.values()}
    source = "FROM itellico_accounts WHERE parent_account_id = :parent"
    total = db.execute("SELECT count(*) " + source, values).fetchone()[0]
    query = "SELECT * " + source + " ORDER BY created DESC, seq DESC LIMIT :limit OFFSET :offset"
    return total, [_show(row) for row in db.execute(query, values)]


def insert_account(
    db: sqlite3.Connection, account_id: str, name: str, parent_id: str | None, now: str
) -> None:
    """Add an account, unless there is one with this id."""
    db.execute(
        "INSERT OR IGNORE INTO itellico_accounts (id, name, parent_account_id, created, modified)"
        " VALUES (?,?,?,?,?)",
        (account_id, name, parent_id, now, now),
    )


def add_subaccount(db: sqlite3.Connection, parent_id: str, name: str, now: str) -> dict[str, Any]:
    """Add a subaccount and show it."""
    account_id = str(uuid.uuid4())
    insert_account(db, account_id, name, parent_id, now)
    return _require(db, account_id)


def change_account(
    db: sqlite3.Connection, account_id: str, changes: Mapping[str, Any], now: str
) -> dict[str, Any]:
    """Set the fields that were sent and show the account."""
    for field, value in changes.items():
        db.execute(_CHANGE[field], (value, now, account_id))
    return _require(db, account_id)


def _require(db: sqlite3.Connection, account_id: str) -> dict[str, Any]:
    query = "SELECT * FROM itellico_accounts WHERE id = ?"
    return _show(db.execute(query, (account_id,)).fetchone())


def _show(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "is_active": bool(row["is_active"]),
        "created": show_instant(row["created"]),
        "modified": show_instant(row["modified"]),
        "parent_account_id": row["parent_account_id"],
    }
