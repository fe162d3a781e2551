"""The table of INTELLITHING's endpoints, each with the status of its success."""

from starlette.routing import Route

from reconciler.sandbox.intellithing import keys, projects
from reconciler.sandbox.intellithing.apps import show_status
from reconciler.sandbox.intellithing.audit import list_writes
from reconciler.sandbox.intellithing.calls import Endpoint, route
from reconciler.sandbox.intellithing.login import LOGIN_PATH, give_tokens
from reconciler.sandbox.parts import Parts

_WORKSPACE = "/workspaces/{workspace}"
_KEYS = f"{_WORKSPACE}/security-keys"
_PROJECT = f"{_WORKSPACE}/projects/{{project}}"

_TABLE: list[tuple[str, str, int, Endpoint]] = [
    ("POST", LOGIN_PATH, 200, give_tokens),
    ("GET", _KEYS, 200, keys.list_all),
    ("POST", _KEYS, 201, keys.create),
    ("PUT", f"{_KEYS}/enabled", 200, keys.switch),
    ("DELETE", f"{_KEYS}/{{key_id}}", 204, keys.delete),
    ("GET", f"{_WORKSPACE}/projects", 200, projects.list_all),
    ("GET", f"{_PROJECT}/deployment", 200, projects.show_deployment),
    ("POST", f"{_PROJECT}/deployments", 202, projects.deploy),
    ("GET", f"{_WORKSPACE}/audit-log", 200, list_writes),
    ("GET", "/apps/{project}/status", 200, show_status),
]


def routes(parts: Parts) -> list[Route]:
    """Bind every endpoint to the parts of one sandbox."""
    return [route(parts, *entry) for entry in _TABLE]
