"""The sandbox: a real key API, embedded, for trying Keywright, for tests and for users' own CI.

This is its door; it must stay light, so everything heavy is imported when it is used. The sandbox
must not import a driver, the HTTP room or a store: it is an independent reading of each contract.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.sandbox.accounts import Accounts
    from reconciler.sandbox.database import Database

PREFIXES = {
    "clouisle": "/clouisle/api/v1",
    "intellithing": "/intellithing",
    "pinbridge": "/pinbridge",
    "itellico": "/itellico",
    "ai-controller": "/aic",
}
"""Where the sandbox speaks each dialect, below its own address."""

KEY_PREFIXES: dict[str, str] = {
    "intellithing": "/intellithing/apps/storefront",
}
"""Where keys of a dialect are used, for those that are used elsewhere than they are managed."""

WORKSPACE = "11111111-1111-4111-8111-111111111111"
"""The INTELLITHING workspace that is there from the start, with two projects."""

TENANTS = {"intellithing": {"workspace": WORKSPACE}}
"""What a client has to be told of the tenant that every sandbox has."""

SAMPLE_FIELDS = {"clouisle": {"scopes": "agent:read,chat"}, "ai-controller": {"options.user": "1"}}
"""Values of fields that a key of the sandbox can have, and nobody outside can know."""

__all__ = [
    "KEY_PREFIXES",
    "PREFIXES",
    "SAMPLE_FIELDS",
    "TENANTS",
    "WORKSPACE",
    "Sandbox",
    "SandboxAccount",
    "SandboxError",
    "TlsFiles",
    "open_sandbox",
    "serve",
]

_Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]],
    Awaitable[None],
]


class SandboxError(Exception):
    """The sandbox cannot open its database or its port; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """A person who can log in to the sandbox."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The PEM files with which the sandbox serves HTTPS."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class Sandbox:
    """An open sandbox: its ASGI app, its built-in superuser, and its accounts."""

    app: AsgiApp
    admin: SandboxAccount
    _accounts: Accounts = field(repr=False)
    _database: Database = field(repr=False)
    _credentials: Callable[[str], dict[str, str]] = field(repr=False)

    def credentials(self, dialect: str) -> dict[str, str]:
        """Give the built-in superuser's credentials for a system, by the dialect's own names."""
        return self._credentials(dialect)

    def add_user(self, username: str, password: str, role: str) -> None:
        """Create a user with the role superuser, member or viewer."""
        self._accounts.add(username, password, role)

    def keep_superuser(self, account: SandboxAccount) -> None:
        """Make sure that this superuser exists, with this password, also after a reset."""
        self._accounts.keep_built_in(account.username, account.password)

    def close(self) -> None:
        """Close the database; the app must not be called afterwards."""
        self._database.close()


def open_sandbox(
    database: str,
    *,
    now: Callable[[], datetime] | None = None,
    control_token: str | None = None,
) -> Sandbox:
    """Open the sandbox kept in a SQLite file (or in ":memory:"), creating it when it is absent."""
    from reconciler.sandbox.assembly import assemble  # noqa: PLC0415 - the door stays light

    return assemble(database, now=now, control_token=control_token)


def serve(
    database: str,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    control_token: str | None = None,
    ready: Callable[[str], None],
    admin: SandboxAccount | None = None,
    tls: TlsFiles | None = None,
) -> None:
    """Serve the sandbox over HTTP, or HTTPS, until SIGINT or SIGTERM; `ready` gets the base URL."""
    from reconciler.sandbox.serving import run  # noqa: PLC0415 - the door stays light

    run(database, host, port, control_token=control_token, ready=ready, admin=admin, tls=tls)
