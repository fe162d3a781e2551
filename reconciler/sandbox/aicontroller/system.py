"""AI Controller as the sandbox takes it in."""

from reconciler.sandbox import SandboxAccount
from reconciler.sandbox.aicontroller.control import control
from reconciler.sandbox.aicontroller.routes import routes
from reconciler.sandbox.aicontroller.schema import EMPTIED_BY_RESET, TABLES
from reconciler.sandbox.aicontroller.users import keep_built_in
from reconciler.sandbox.parts import Parts, System


def _credentials(_: Parts, admin: SandboxAccount) -> dict[str, str]:
    return {"username": admin.username, "password": admin.password}


AICONTROLLER = System(routes, TABLES, EMPTIED_BY_RESET, _credentials, control, keep_built_in)
