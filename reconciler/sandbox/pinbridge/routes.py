"""The table of PinBridge's endpoints."""

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.sandbox.calls import Call, Endpoint, route
from reconciler.sandbox.parts import Parts
from reconciler.sandbox.pinbridge import key_endpoints as keys
from reconciler.sandbox.pinbridge import login, pinterest
from reconciler.sandbox.pinbridge.activity import list_activity
from reconciler.sandbox.pinbridge.answers import invalid

PREFIX = "/pinbridge"


def _show_health(_: Call) -> Response:
    return JSONResponse({"status": "ok"})


_TABLE: list[tuple[str, str, Endpoint]] = [
    ("GET", "/healthz", _show_health),
    ("GET", "/readyz", _show_health),
    ("POST", "/v1/auth/login", login.log_in),
    ("GET", "/v1/projects", login.list_projects),
    ("POST", "/v1/projects/switch", login.switch_project),
    ("GET", "/v1/api-keys", keys.list_all),
    ("POST", "/v1/api-keys", keys.create),
    ("PATCH", "/v1/api-keys/{key_id}", keys.update),
    ("DELETE", "/v1/api-keys/{key_id}", keys.revoke),
    ("GET", "/v1/pinterest/accounts", pinterest.list_accounts),
    ("POST", "/v1/pins", pinterest.create_pin),
    ("DELETE", "/v1/pins/{pin_id}", pinterest.delete_pin),
    ("GET", "/v1/activity-logs", list_activity),
]


def routes(parts: Parts) -> list[Route]:
    """Bind every endpoint to the parts of one sandbox."""
    return [
        route(parts, method, PREFIX + path, endpoint, invalid) for method, path, endpoint in _TABLE
    ]
