"""PinBridge as the sandbox takes it in."""

from reconciler.sandbox import SandboxAccount
from reconciler.sandbox.parts import Parts, System
from reconciler.sandbox.pinbridge.control import control
from reconciler.sandbox.pinbridge.routes import routes
from reconciler.sandbox.pinbridge.schema import EMPTIED_BY_RESET, TABLES


def _credentials(_: Parts, admin: SandboxAccount) -> dict[str, str]:
    return {"email": admin.username, "password": admin.password}


PINBRIDGE = System(routes, TABLES, EMPTIED_BY_RESET, _credentials, control)
