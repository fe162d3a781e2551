"""What is there from the start and never changes: the organisation, its projects, their accounts.

A project is also called a workspace: a key belongs to exactly one, and reaches nothing outside.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ORGANISATION = {"id": "b0000000-0000-4000-8000-000000000000", "name": "Sandbox organisation"}
_SINCE = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Project:
    """One project, and the ids of the Pinterest accounts that are connected to it."""

    id: str
    name: str
    environment: str
    pinterest_accounts: tuple[str, ...]

    def show(self) -> dict[str, Any]:
        """Word the project."""
        return {
            "id": self.id,
            "name": self.name,
            "environment": self.environment,
            "timezone": "UTC",
            "plan": "starter",
            "created_at": _SINCE,
        }


PRODUCTION = Project(
    "b1000000-0000-4000-8000-000000000000",
    "Production",
    "production",
    tuple(f"b1000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3)),
)
SANDBOX = Project(
    "b2000000-0000-4000-8000-000000000000",
    "Sandbox",
    "sandbox",
    tuple(f"b2000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3)),
)
PROJECTS = {project.id: project for project in (PRODUCTION, SANDBOX)}


def show_context(active: Project) -> dict[str, Any]:
    """Word the organisation and its projects, as seen from one of them."""
    projects = [project.show() for project in PROJECTS.values()]
    return {"organization": ORGANISATION, "active_project": active.show(), "projects": projects}


def show_accounts(project: Project, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Word some of the Pinterest accounts of a project."""
    return [
        {
            "id": account_id,
            "workspace_id": project.id,
            "pinterest_user_id": f"user-{account_id[-1]}",
            "display_name": f"{project.name} {account_id[-1]}",
            "username": f"{project.environment}-{account_id[-1]}",
            "scopes": "boards:read,boards:write,pins:read,pins:write",
            "created_at": _SINCE,
            "updated_at": _SINCE,
            "revoked_at": None,
        }
        for account_id in ids
    ]
