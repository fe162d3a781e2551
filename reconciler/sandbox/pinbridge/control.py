"""What a test may do to PinBridge alone: what is open in its contract, or made by other clients."""

from typing import Any

from pydantic import Field
from starlette.requests import Request

from reconciler.sandbox.instants import store_instant
from reconciler.sandbox.parts import ControlRoute, Parts
from reconciler.sandbox.pinbridge import keys
from reconciler.sandbox.pinbridge.fields import SCOPES, Scope
from reconciler.sandbox.pinbridge.identity import SYSTEM
from reconciler.sandbox.pinbridge.projects import PRODUCTION, PROJECTS
from reconciler.sandbox.pinbridge.switches import LIST_REVOKED, turn
from reconciler.sandbox.rate_limits import limit_route
from reconciler.sandbox.validation import Sent


class _OauthKey(Sent):
    client_name: str
    authorized_by_email: str
    name: str | None = None
    project_id: str = PRODUCTION.id
    scopes: list[Scope] = Field(default_factory=lambda: list(SCOPES))


def control(parts: Parts) -> list[ControlRoute]:
    """List the control routes."""

    def add_oauth_key(_: Request, body: dict[str, Any]) -> object:
        sent = _OauthKey.model_validate(body)
        project = PROJECTS[sent.project_id]
        fields = {
            "name": sent.name or sent.client_name,
            "scopes": sent.scopes,
            "pinterest_account_ids": None,
        }
        origin = keys.Origin("oauth", sent.client_name, sent.authorized_by_email)
        now = store_instant(parts.clock.now())
        with parts.database.write() as db:
            # Only the client that was let in would know this secret.
            secret = keys.issue_secret()
            return keys.insert_key(db, project.id, fields, secret, now, origin)

    def list_revoked(_: Request, body: dict[str, Any]) -> object:
        on = body["on"]
        if not isinstance(on, bool):
            raise TypeError("on is true or false")
        with parts.database.write() as db:
            turn(db, LIST_REVOKED, on=on)
        return {"on": on}

    return [
        ("POST", "oauth-keys", add_oauth_key),
        ("PUT", "list-revoked", list_revoked),
        limit_route(parts, SYSTEM),
    ]
