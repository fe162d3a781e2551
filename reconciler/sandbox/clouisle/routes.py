"""The table of Clouisle's endpoints. The order counts: a fixed path stands before a pattern."""

from starlette.routing import Route

from reconciler.sandbox.clouisle import key_endpoints as keys
from reconciler.sandbox.clouisle import resources
from reconciler.sandbox.clouisle.audit import list_audit_logs
from reconciler.sandbox.clouisle.calls import Endpoint, route
from reconciler.sandbox.clouisle.chat import chat
from reconciler.sandbox.clouisle.login import log_in, log_out
from reconciler.sandbox.parts import Parts

_TABLE: list[tuple[str, str, Endpoint]] = [
    ("POST", "/login/access-token", log_in),
    ("POST", "/logout", log_out),
    ("GET", "/api-keys", keys.list_all),
    ("POST", "/api-keys", keys.create),
    ("GET", "/api-keys/stats", keys.show_stats),
    ("GET", "/api-keys/{key_id}", keys.get),
    ("PUT", "/api-keys/{key_id}", keys.update),
    ("DELETE", "/api-keys/{key_id}", keys.delete),
    ("POST", "/api-keys/{key_id}/activate", keys.switch("activate")),
    ("POST", "/api-keys/{key_id}/deactivate", keys.switch("deactivate")),
    ("POST", "/agents/{agent_id}/chat", chat),
    ("GET", "/admin/audit-logs", list_audit_logs),
]


def routes(parts: Parts) -> list[Route]:
    """Bind every endpoint to the parts of one sandbox."""
    table = list(_TABLE)
    for kind in resources.KINDS:
        table += [
            ("POST", f"/{kind}s", resources.create(kind)),
            ("GET", f"/{kind}s", resources.list_all(kind)),
            ("GET", f"/{kind}s/{{resource_id}}", resources.get(kind)),
            ("DELETE", f"/{kind}s/{{resource_id}}", resources.delete(kind)),
        ]
    return [route(parts, method, path, endpoint) for method, path, endpoint in table]
