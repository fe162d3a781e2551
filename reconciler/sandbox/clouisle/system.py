"""Clouisle as the sandbox takes it in."""

from reconciler.sandbox import SandboxAccount
from reconciler.sandbox.clouisle.routes import routes
from reconciler.sandbox.clouisle.schema import EMPTIED_BY_RESET, TABLES
from reconciler.sandbox.parts import Parts, System


def _credentials(_: Parts, admin: SandboxAccount) -> dict[str, str]:
    return {"username": admin.username, "password": admin.password}


CLOUISLE = System(routes, TABLES, EMPTIED_BY_RESET, _credentials)
