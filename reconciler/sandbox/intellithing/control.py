"""What a test may do to this system alone: settings, workspaces, projects, and bad deployments."""

import re
import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from reconciler.sandbox.intellithing import deployments
from reconciler.sandbox.intellithing.settings import load_settings, store_settings
from reconciler.sandbox.intellithing.stages import STAGES
from reconciler.sandbox.intellithing.workspaces import (
    add_projects,
    add_workspace,
    find_workspace,
    workspace_of,
)
from reconciler.sandbox.parts import ControlRoute, Parts

_PROJECT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

_Act = Callable[[Parts, Request, dict[str, Any]], object]


def control(parts: Parts) -> list[ControlRoute]:
    """List the control endpoints of this system."""
    table: list[tuple[str, str, _Act]] = [
        ("GET", "settings", _show_settings),
        ("PUT", "settings", _change_settings),
        ("POST", "workspaces", _add_workspace),
        ("POST", "workspaces/{workspace}/projects", _add_project),
        ("PUT", "projects/{project}/next-deployment", _arm_mishap),
        ("POST", "projects/{project}/go-on", _go_on),
    ]
    return [(method, path, _bound(parts, act)) for method, path, act in table]


def _bound(parts: Parts, act: _Act) -> Callable[[Request, dict[str, Any]], object]:
    return lambda request, body: act(parts, request, body)


def _show_settings(parts: Parts, _: Request, __: dict[str, Any]) -> object:
    with parts.database.read() as db:
        return asdict(load_settings(db))


def _change_settings(parts: Parts, _: Request, body: dict[str, Any]) -> object:
    with parts.database.write() as db:
        return asdict(store_settings(db, body))


def _add_workspace(parts: Parts, _: Request, body: dict[str, Any]) -> object:
    workspace_id = str(uuid.UUID(str(body["id"])) if "id" in body else uuid.uuid4())
    projects = _read_projects(body.get("projects", []))
    with parts.database.write() as db:
        add_workspace(db, workspace_id)
        add_projects(db, workspace_id, projects)
    return {"id": workspace_id, "projects": projects}


def _add_project(parts: Parts, request: Request, body: dict[str, Any]) -> object:
    project = _read_project(body["id"])
    with parts.database.write() as db:
        workspace = find_workspace(db, request.path_params["workspace"])
        add_projects(db, workspace.id, [project])
    return {"id": project}


def _arm_mishap(parts: Parts, request: Request, body: dict[str, Any]) -> object:
    fails_in, hangs_in = _read_stage(body, "fails_in"), _read_stage(body, "hangs_in")
    project = request.path_params["project"]
    with parts.database.write() as db:
        workspace_of(db, project)
        deployments.arm_mishap(db, project, fails_in, hangs_in)
    return {"fails_in": fails_in, "hangs_in": hangs_in}


def _go_on(parts: Parts, request: Request, _: dict[str, Any]) -> object:
    with parts.database.write() as db:
        if not deployments.go_on(db, request.path_params["project"], parts.clock.now()):
            raise HTTPException(404, "no deployment of this project hangs")
    return {}


def _read_projects(value: object) -> list[str]:
    if not isinstance(value, list):
        raise TypeError("projects is a list of ids")
    return [_read_project(project) for project in value]


def _read_project(value: object) -> str:
    if not isinstance(value, str) or not _PROJECT.fullmatch(value):
        raise ValueError("a project's id is made of small letters, digits and dashes")
    return value


def _read_stage(body: dict[str, Any], name: str) -> str | None:
    stage = body.get(name)
    if stage is not None and stage not in STAGES:
        raise ValueError(f"{name} is one of {', '.join(STAGES)}")
    return str(stage) if stage else None
