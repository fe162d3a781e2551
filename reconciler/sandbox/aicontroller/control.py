"""What a test may do to AI Controller alone, below /_sandbox/aic/."""

import hashlib
import hmac
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from reconciler.sandbox.aicontroller.answers import RefusalError
from reconciler.sandbox.aicontroller.envelope_code import envelope_code_route
from reconciler.sandbox.aicontroller.models import SYSTEM
from reconciler.sandbox.aicontroller.provider_seal import unseal
from reconciler.sandbox.aicontroller.providers import find_provider
from reconciler.sandbox.parts import ControlAction, ControlRoute, Parts
from reconciler.sandbox.rate_limits import limit_route


def control(parts: Parts) -> list[ControlRoute]:
    """List the control endpoints."""
    return [
        ("GET", "providers/{id}/key-matches", _compare_key(parts)),
        limit_route(parts, SYSTEM),
        envelope_code_route(parts),
    ]


def _compare_key(parts: Parts) -> ControlAction:
    """Tell whether a provider holds the key of this hash, so that nobody has to reveal it."""

    def compare(request: Request, body: dict[str, Any]) -> object:
        wanted = bytes.fromhex(body["sha256"])
        sealed = _sealed_key(parts, request.path_params["id"])
        if sealed is None:
            return {"matches": False}
        found = hashlib.sha256(unseal(parts.database, sealed)).digest()
        return {"matches": hmac.compare_digest(found, wanted)}

    return compare


def _sealed_key(parts: Parts, provider_id: str) -> bytes | None:
    try:
        with parts.database.read() as db:
            sealed: bytes | None = find_provider(db, provider_id)["sealed_key"]
    except RefusalError as refusal:
        raise HTTPException(refusal.status, refusal.message) from None
    return sealed
