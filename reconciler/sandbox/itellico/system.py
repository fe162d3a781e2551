"""itellicoAI as the sandbox takes it in."""

from reconciler.sandbox import SandboxAccount
from reconciler.sandbox.itellico.control import control
from reconciler.sandbox.itellico.management_key import keep_management_key, read_management_key
from reconciler.sandbox.itellico.routes import routes
from reconciler.sandbox.itellico.schema import EMPTIED_BY_RESET, TABLES
from reconciler.sandbox.parts import Parts, System


def _credentials(parts: Parts, _: SandboxAccount) -> dict[str, str]:
    return {"token": read_management_key(parts)}


ITELLICO = System(
    routes, TABLES, EMPTIED_BY_RESET, _credentials, control, keep_built_in=keep_management_key
)
