"""Deployments in the database: what is under way, what runs, and what a container froze.

Of a project there are at most two: the latest, and the one that runs until the latest is deployed.
Every function works inside its caller's transaction.
"""

import sqlite3
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.sandbox.instants import load_instant, store_instant
from reconciler.sandbox.intellithing.settings import Settings
from reconciler.sandbox.intellithing.stages import DEPLOYED, STAGES, Course
from reconciler.sandbox.intellithing.workspaces import Workspace

REGISTERED = "registered"


@dataclass(frozen=True, slots=True)
class Container:
    """What runs: the keys and the switch as they were when its deployment started."""

    seq: int
    deployed_at: str
    keys_enabled: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the latest deployment of a project is, and what runs meanwhile."""

    status: str
    container: Container | None

    @property
    def is_under_way(self) -> bool:
        """Tell whether a deployment has begun and not ended."""
        return self.status in STAGES

    @property
    def deployed_at(self) -> str | None:
        """Tell since when the container runs, if there is one."""
        return self.container.deployed_at if self.container else None


def look_at(db: sqlite3.Connection, project: str, now: datetime) -> Progress:
    """Tell how a project stands at a moment."""
    query = "SELECT * FROM intellithing_deployments WHERE project = ? ORDER BY seq DESC"
    latest, *before = db.execute(query, (project,)).fetchall() or [None]
    if latest is None:
        return Progress(REGISTERED, None)
    status = _course(latest).status_at(now)
    running = latest if status == DEPLOYED else next(iter(before), None)
    return Progress(status, _container(running) if running else None)


def key_ids_of(db: sqlite3.Connection, container: Container) -> list[str]:
    """List the keys that a container holds."""
    query = "SELECT key_id FROM intellithing_frozen_keys WHERE deployment = ? ORDER BY position"
    return [row["key_id"] for row in db.execute(query, (container.seq,))]


def find_frozen_key(db: sqlite3.Connection, container: Container, key_hash: bytes) -> str | None:
    """Give the id of a key that a container holds, by its hash."""
    query = "SELECT key_id FROM intellithing_frozen_keys WHERE deployment = ? AND key_hash = ?"
    row = db.execute(query, (container.seq, key_hash)).fetchone()
    return str(row["key_id"]) if row else None


def start(
    db: sqlite3.Connection, project: str, workspace: Workspace, settings: Settings, now: datetime
) -> str:
    """Begin a deployment with the keys and the switch of this moment, and give its id."""
    running = look_at(db, project, now).container
    query = "DELETE FROM intellithing_deployments WHERE project = ? AND seq IS NOT ?"
    db.execute(query, (project, running.seq if running else None))
    deployment_id = str(uuid.uuid4())
    seq = db.execute(
        "INSERT INTO intellithing_deployments (id, project, keys_enabled, started_at,"
        " stage_seconds, fails_in, hangs_in) VALUES (?,?,?,?,?,?,?)",
        (
            deployment_id,
            project,
            workspace.is_on,
            store_instant(now),
            settings.stage_seconds,
            *_take_mishap(db, project),
        ),
    ).lastrowid
    db.execute(
        "INSERT INTO intellithing_frozen_keys (deployment, key_hash, key_id, position)"
        " SELECT ?, key_hash, id, seq FROM intellithing_keys WHERE workspace = ?",
        (seq, workspace.id),
    )
    return deployment_id


def arm_mishap(
    db: sqlite3.Connection, project: str, fails_in: str | None, hangs_in: str | None
) -> None:
    """Let the next deployment of a project fail at the end of a stage, or hang in one."""
    row = (project, fails_in, hangs_in)
    db.execute("INSERT OR REPLACE INTO intellithing_mishaps VALUES (?,?,?)", row)


def go_on(db: sqlite3.Connection, project: str, now: datetime) -> bool:
    """Let a deployment that hangs go on; tell whether there was one."""
    query = (
        "UPDATE intellithing_deployments SET released_at = ?"
        " WHERE project = ? AND hangs_in IS NOT NULL AND released_at IS NULL"
    )
    return db.execute(query, (store_instant(now), project)).rowcount > 0


def _take_mishap(db: sqlite3.Connection, project: str) -> tuple[str | None, str | None]:
    query = "DELETE FROM intellithing_mishaps WHERE project = ? RETURNING fails_in, hangs_in"
    rows = db.execute(query, (project,)).fetchall()
    return (rows[0]["fails_in"], rows[0]["hangs_in"]) if rows else (None, None)


def _course(row: sqlite3.Row) -> Course:
    released = row["released_at"]
    return Course(
        load_instant(row["started_at"]),
        timedelta(seconds=row["stage_seconds"]),
        row["fails_in"],
        row["hangs_in"],
        load_instant(released) if released else None,
    )


def _container(row: sqlite3.Row) -> Container:
    deployed_at = store_instant(_course(row).deployed_at())
    return Container(row["seq"], deployed_at, bool(row["keys_enabled"]))
