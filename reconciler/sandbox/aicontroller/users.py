"""AI Controller's view of the sandbox's people: small numbers for ids, and its own roles.

It must not change anybody; people are made by the control endpoint.
"""

import sqlite3
from typing import Any

from reconciler.sandbox.aicontroller.answers import Success
from reconciler.sandbox.aicontroller.calls import Call, list_page
from reconciler.sandbox.aicontroller.identity import require_administrator
from reconciler.sandbox.parts import Parts

# "Viewer" is ours: AI Controller documents the first two.
_ROLES = {"superuser": "Administrator", "member": "User", "viewer": "Viewer"}


def keep_built_in(parts: Parts) -> None:
    """Number the built-in superuser at the first opening, before there is anybody else: "1"."""
    with parts.database.write() as db:
        number_everyone(db)


def number_everyone(db: sqlite3.Connection) -> None:
    """Give a number to everybody who has none yet."""
    db.execute(
        "INSERT INTO aic_users (account_id) SELECT id FROM users"
        " WHERE id NOT IN (SELECT account_id FROM aic_users) ORDER BY is_built_in DESC, username"
    )


def find_number(db: sqlite3.Connection, account_id: str) -> int:
    """Give the number of somebody who has logged in."""
    query = "SELECT number FROM aic_users WHERE account_id = ?"
    return int(db.execute(query, (account_id,)).fetchone()["number"])


def is_there(db: sqlite3.Connection, number: int) -> bool:
    """Tell whether somebody has this number."""
    number_everyone(db)
    query = "SELECT 1 FROM aic_users WHERE number = ?"
    return db.execute(query, (number,)).fetchone() is not None


def list_all(call: Call) -> Success:
    """List everybody, by number."""
    require_administrator(call)
    page = call.page()
    with call.parts.database.write() as db:
        number_everyone(db)
        total = db.execute("SELECT count(*) FROM aic_users").fetchone()[0]
        rows = db.execute(
            "SELECT n.number, u.username, u.role FROM aic_users n JOIN users u"
            " ON u.id = n.account_id ORDER BY n.number LIMIT ? OFFSET ?",
            (page.size, page.offset),
        ).fetchall()
    return list_page(page, total, [_show(row) for row in rows])


def _show(row: sqlite3.Row) -> dict[str, Any]:
    attributes = {"userName": row["username"], "role": _ROLES[row["role"]], "deleted": False}
    return {"id": str(row["number"]), "attributes": attributes}
