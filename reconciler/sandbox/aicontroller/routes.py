"""The table of AI Controller's endpoints."""

from starlette.routing import Route

from reconciler.sandbox.aicontroller import audit, models, providers, users
from reconciler.sandbox.aicontroller import key_endpoints as keys
from reconciler.sandbox.aicontroller.calls import Endpoint, route
from reconciler.sandbox.aicontroller.login import log_in, use_token
from reconciler.sandbox.parts import Parts

_TABLE: list[tuple[str, str, Endpoint]] = [
    ("POST", "/auth/login", log_in),
    ("POST", "/auth/token", use_token),
    ("GET", "/users", users.list_all),
    ("GET", "/apikeys", keys.list_all),
    ("POST", "/apikeys", keys.create),
    ("GET", "/apikeys/{id}", keys.get),
    ("PATCH", "/apikeys/{id}", keys.update),
    ("DELETE", "/apikeys/{id}", keys.delete),
    ("GET", "/providers", providers.list_all),
    ("POST", "/providers", providers.create),
    ("GET", "/providers/{id}", providers.get),
    ("PATCH", "/providers/{id}", providers.update),
    ("DELETE", "/providers/{id}", providers.delete),
    ("GET", "/audit", audit.list_all),
    ("GET", "/v1/models", models.list_models),
    ("POST", "/v1/chat/completions", models.complete),
]


def routes(parts: Parts) -> list[Route]:
    """Bind every endpoint to the parts of one sandbox."""
    return [route(parts, method, path, endpoint) for method, path, endpoint in _TABLE]
