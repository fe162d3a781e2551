"""What PinBridge's contract leaves open, as switches that the control endpoint turns."""

import sqlite3

LIST_REVOKED = "list_revoked"
"""Whether a list shows revoked keys as well, with `revoked_at` set."""


def is_on(db: sqlite3.Connection, name: str) -> bool:
    """Tell whether a switch is on; each one is off until it is turned."""
    query = "SELECT is_on FROM pinbridge_switches WHERE name = ?"
    row = db.execute(query, (name,)).fetchone()
    return bool(row and row["is_on"])


def turn(db: sqlite3.Connection, name: str, *, on: bool) -> None:
    """Turn a switch on or off."""
    db.execute("INSERT OR REPLACE INTO pinbridge_switches VALUES (?, ?)", (name, on))
