"""What a test may do to itellicoAI alone: get in, and lower the rate limit."""

from typing import Any

from starlette.requests import Request

from reconciler.sandbox.itellico.identity import SYSTEM
from reconciler.sandbox.itellico.management_key import read_management_key
from reconciler.sandbox.parts import ControlRoute, Parts
from reconciler.sandbox.rate_limits import limit_route


def control(parts: Parts) -> list[ControlRoute]:
    """List the control routes."""

    def show_token(_: Request, __: dict[str, Any]) -> object:
        # Whoever has the control token may make superusers too: this is no more than that.
        return {"token": read_management_key(parts)}

    return [("GET", "token", show_token), limit_route(parts, SYSTEM)]
