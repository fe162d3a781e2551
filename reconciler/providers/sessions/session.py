"""What a session is, and what all kinds of it share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from reconciler.core.secret import Secret
from reconciler.http.answers import Result
from reconciler.http.calls import Call
from reconciler.http.client import HttpClient
from reconciler.interfaces.signer import Sign
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.templates import Values, check_texts, fill


@dataclass(frozen=True, slots=True)
class NoAccess:
    """Nobody let us in, so the call itself had no effect. `lasting`: trying again is useless."""

    reason: str
    lasting: bool


class Session(Protocol):
    """Sends calls as us."""

    @property
    def tenant(self) -> str | None:
        """Who we are there, where a token or a login tells; not before it is needed."""
        ...

    async def send(self, call: Call) -> Result | NoAccess:
        """Make a call with our credentials, and once more where a session had run out."""
        ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Access:
    """What makes a call ours."""

    bearer: Secret | None = None
    headers: Mapping[str, Secret] = field(default_factory=dict)
    sign: Sign | None = None

    def add_to(self, call: Call) -> Call:
        """Give the call with it; what the call brought in its place is lost."""
        headers = {**call.headers, **self.headers}
        return replace(call, bearer=self.bearer, headers=headers, sign=self.sign)


Send: TypeAlias = Callable[[Call], Awaitable[Result]]


def common_headers(dialect: Dialect, variables: Values) -> dict[str, str]:
    """Give the headers that go with every call to this API, whoever makes it."""
    check_texts(dialect.headers, frozenset(variables), frozenset())
    return {name: str(fill(value, variables)) for name, value in dialect.headers.items()}


def fill_texts(node: object, dialect: Dialect, variables: Values) -> object:
    """Fill the texts of a login; ProviderError for a name that has no value there."""
    check_texts(node, frozenset(variables), frozenset(dialect.tenant.variables))
    return fill(node, variables)


def make_sender(client: HttpClient, dialect: Dialect, variables: Values) -> Send:
    """Give a way to send calls with the common headers and without any credential of ours."""
    common = common_headers(dialect, variables)

    async def send(call: Call) -> Result:
        return await client.send(replace(call, headers={**common, **call.headers}))

    return send


class FixedSession:
    """Credentials that are the same for every call. A refusal of them is final."""

    def __init__(self, send: Send, access: Access, tenant: str | None = None) -> None:
        self._send = send
        self._access = access
        self.tenant = tenant

    async def send(self, call: Call) -> Result | NoAccess:
        """Make a call as us."""
        return await self._send(self._access.add_to(call))
