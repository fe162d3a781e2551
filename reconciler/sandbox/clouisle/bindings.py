"""Which agents and workflows a key is bound to; no binding at all means access to all of them.

It must not know keys beyond their row number.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from reconciler.sandbox.clouisle.answers import resource_not_found

KINDS = {"agent_ids": "agent", "workflow_ids": "workflow"}


def bindings_of(
    db: sqlite3.Connection, keys: Sequence[int]
) -> dict[int, dict[str, list[dict[str, Any]]]]:
    """Give what each of these keys is bound to, by kind, in one query."""
    rows = db.execute(
        "SELECT b.key_seq, r.kind, r.id, r.name, r.icon FROM clouisle_bindings b"
        " JOIN clouisle_resources r ON r.id = b.resource_id"
        " WHERE b.key_seq IN (SELECT value FROM json_each(?)) ORDER BY b.key_seq, b.position",
        (json.dumps(keys),),
    )
    found: dict[int, dict[str, list[dict[str, Any]]]] = {}
    for key, kind, resource_id, name, icon in rows:
        shown = {"id": resource_id, "name": name, "icon": icon}
        found.setdefault(key, {}).setdefault(kind, []).append(shown)
    return found


def check_resources(db: sqlite3.Connection, kind: str, wanted: Sequence[str]) -> None:
    """Refuse a binding to something that is not there."""
    rows = db.execute(
        "SELECT id FROM clouisle_resources"
        " WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
        (kind, json.dumps(wanted)),
    )
    if set(wanted) - {row["id"] for row in rows}:
        raise resource_not_found(kind)


def bind(db: sqlite3.Connection, key: int, kind: str, wanted: Sequence[str]) -> None:
    """Replace a key's bindings of one kind."""
    db.execute(
        "DELETE FROM clouisle_bindings WHERE key_seq = ? AND resource_id IN"
        " (SELECT id FROM clouisle_resources WHERE kind = ?)",
        (key, kind),
    )
    db.executemany(
        "INSERT OR IGNORE INTO clouisle_bindings VALUES (?, ?, ?)",
        [(key, resource_id, position) for position, resource_id in enumerate(wanted)],
    )


def may_use_agent(db: sqlite3.Connection, key: int, agent_id: str) -> bool:
    """Tell whether a key reaches an agent."""
    bound = bindings_of(db, [key]).get(key, {}).get("agent", [])
    return not bound or any(agent["id"] == agent_id for agent in bound)
