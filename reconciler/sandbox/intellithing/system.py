"""INTELLITHING as the sandbox takes it in."""

from reconciler.sandbox import SandboxAccount, SandboxError
from reconciler.sandbox.intellithing.control import control
from reconciler.sandbox.intellithing.routes import routes
from reconciler.sandbox.intellithing.schema import EMPTIED_BY_RESET, TABLES
from reconciler.sandbox.intellithing.tokens import derive_lasting_token
from reconciler.sandbox.parts import Parts, System


def _credentials(parts: Parts, admin: SandboxAccount) -> dict[str, str]:
    account = parts.accounts.by_username(admin.username)
    if account is None:
        raise SandboxError(f"there is no user {admin.username!r}")
    return {"token": derive_lasting_token(parts.database, account.id)}


INTELLITHING = System(routes, TABLES, EMPTIED_BY_RESET, _credentials, control)
