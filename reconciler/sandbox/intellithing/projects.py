"""The endpoints of projects and of their deployments."""

from starlette.exceptions import HTTPException

from reconciler.sandbox.intellithing.audit import note_write
from reconciler.sandbox.intellithing.calls import Call
from reconciler.sandbox.intellithing.deployments import key_ids_of, look_at, start
from reconciler.sandbox.intellithing.identity import require_keeper, require_person
from reconciler.sandbox.intellithing.settings import load_settings
from reconciler.sandbox.intellithing.stages import STAGES
from reconciler.sandbox.intellithing.workspaces import find_workspace, projects_of


def list_all(call: Call) -> object:
    """List the projects of a workspace; nothing here is about keys, so every person may."""
    require_person(call)
    with call.parts.database.read() as db:
        projects = projects_of(db, find_workspace(db, call.path("workspace")))
        standing = {project: look_at(db, project, call.now) for project in projects}
    return [
        {"id": project, "status": now.status, "deployed_at": now.deployed_at}
        for project, now in standing.items()
    ]


def show_deployment(call: Call) -> object:
    """Show what the container of a project holds, and how far its latest deployment is."""
    require_keeper(call)
    project = call.path("project")
    with call.parts.database.read() as db:
        workspace = find_workspace(db, call.path("workspace"))
        _require_project(project, projects_of(db, workspace))
        progress = look_at(db, project, call.now)
        container = progress.container
        return {
            "status": progress.status,
            "deployed_at": progress.deployed_at,
            "key_ids": key_ids_of(db, container) if container else [],
            "keys_enabled": container is not None and container.keys_enabled,
        }


def deploy(call: Call) -> object:
    """Start a deployment; what it freezes runs only once it is deployed."""
    actor = require_keeper(call)
    project = call.path("project")
    with call.parts.database.write() as db:
        workspace = find_workspace(db, call.path("workspace"))
        _require_project(project, projects_of(db, workspace))
        if look_at(db, project, call.now).is_under_way:
            raise HTTPException(409, "A deployment of this project is already running")
        deployment_id = start(db, project, workspace, load_settings(db), call.now)
        note_write(db, call, actor, "deploy", project=project)
    return {"deployment_id": deployment_id, "status": STAGES[0]}


def _require_project(project: str, known: list[str]) -> None:
    if project not in known:
        raise HTTPException(404, "Project not found")
