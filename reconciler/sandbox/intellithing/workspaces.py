"""Workspaces with their switch, and the projects in them.

A project's id is unique in the whole sandbox: its app is reached by that id alone. Every function
works inside its caller's transaction.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException


@dataclass(frozen=True, slots=True)
class Workspace:
    """One cloud environment; while its switch is off, none of its keys works."""

    id: str
    is_on: bool


def find_workspace(db: sqlite3.Connection, workspace_id: str) -> Workspace:
    """Give a workspace, or refuse the call."""
    query = "SELECT id, is_on FROM intellithing_workspaces WHERE id = ?"
    row = db.execute(query, (workspace_id,)).fetchone()
    if row is None:
        raise HTTPException(404, "Workspace not found")
    return Workspace(row["id"], bool(row["is_on"]))


def workspace_of(db: sqlite3.Connection, project: str) -> Workspace:
    """Give the workspace of a project, or refuse the call."""
    query = "SELECT workspace FROM intellithing_projects WHERE id = ?"
    row = db.execute(query, (project,)).fetchone()
    if row is None:
        raise HTTPException(404, "Project not found")
    return find_workspace(db, row["workspace"])


def projects_of(db: sqlite3.Connection, workspace: Workspace) -> list[str]:
    """List the projects of a workspace, in the order in which they were made."""
    query = "SELECT id FROM intellithing_projects WHERE workspace = ? ORDER BY seq"
    return [row["id"] for row in db.execute(query, (workspace.id,))]


def set_switch(db: sqlite3.Connection, workspace: Workspace, *, is_on: bool) -> None:
    """Switch the keys of a workspace on or off."""
    db.execute("INSERT OR REPLACE INTO intellithing_switches VALUES (?, ?)", (workspace.id, is_on))


def add_workspace(db: sqlite3.Connection, workspace_id: str) -> None:
    """Make a workspace, switched off; raise ValueError for one that is there."""
    query = "SELECT 1 FROM intellithing_workspaces WHERE id = ?"
    if db.execute(query, (workspace_id,)).fetchone():
        raise ValueError(f"there is a workspace {workspace_id} already")
    db.execute("INSERT INTO intellithing_added_workspaces (id) VALUES (?)", (workspace_id,))


def add_projects(db: sqlite3.Connection, workspace_id: str, projects: Sequence[str]) -> None:
    """Make projects in a workspace; raise ValueError for an id that is taken, anywhere."""
    for project in projects:
        query = "SELECT 1 FROM intellithing_projects WHERE id = ?"
        if db.execute(query, (project,)).fetchone():
            raise ValueError(f"there is a project {project} already")
        query = "INSERT INTO intellithing_added_projects (id, workspace) VALUES (?, ?)"
        db.execute(query, (project, workspace_id))
