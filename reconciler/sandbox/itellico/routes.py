"""The table of itellicoAI's endpoints. The order counts: a fixed path stands before a pattern."""

from starlette.routing import Route

from reconciler.sandbox.calls import Endpoint, route
from reconciler.sandbox.itellico import account_endpoints as accounts
from reconciler.sandbox.itellico import key_endpoints as keys
from reconciler.sandbox.itellico.agents import list_agents
from reconciler.sandbox.itellico.answers import invalid
from reconciler.sandbox.itellico.audit import list_audit_log
from reconciler.sandbox.parts import Parts

PREFIX = "/itellico/v1/accounts"

_TABLE: list[tuple[str, str, Endpoint]] = [
    ("GET", "/current", accounts.show_current),
    ("GET", "/{account_id}/subaccounts", accounts.list_all),
    ("POST", "/{account_id}/subaccounts", accounts.create),
    ("GET", "/{account_id}/subaccounts/{subaccount_id}", accounts.get),
    ("PATCH", "/{account_id}/subaccounts/{subaccount_id}", accounts.update),
    ("GET", "/{account_id}/api-keys", keys.list_all),
    ("POST", "/{account_id}/api-keys", keys.create),
    ("GET", "/{account_id}/api-keys/{key_id}", keys.get),
    ("PATCH", "/{account_id}/api-keys/{key_id}", keys.update),
    ("DELETE", "/{account_id}/api-keys/{key_id}", keys.delete),
    ("POST", "/{account_id}/api-keys/{key_id}/revoke", keys.revoke),
    ("POST", "/{account_id}/api-keys/{key_id}/reactivate", keys.reactivate),
    ("GET", "/{account_id}/agents", list_agents),
    ("GET", "/{account_id}/audit-log", list_audit_log),
]


def routes(parts: Parts) -> list[Route]:
    """Bind every endpoint to the parts of one sandbox."""
    return [
        route(parts, method, PREFIX + path, endpoint, invalid) for method, path, endpoint in _TABLE
    ]
