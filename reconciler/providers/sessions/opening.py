"""Choosing the way in by the names of the credentials that were given, and opening it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, assert_never

from reconciler.core.secret import Secret, join
from reconciler.errors import ProviderError
from reconciler.http.client import HttpClient
from reconciler.providers.dialect.auth import (
    AnyAuth,
    Basic,
    Bearer,
    ClientCredentials,
    Header,
    Login,
    Signer,
)
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.sessions.client_credentials import ClientCredentialsEntrance
from reconciler.providers.sessions.login import LoginEntrance, read_tenant
from reconciler.providers.sessions.renewed import RenewedSession
from reconciler.providers.sessions.session import Access, FixedSession, Session, make_sender
from reconciler.providers.sessions.signers import open_signer
from reconciler.providers.templates import Values
from reconciler.providers.verdicts import Judge

_NO_VARIABLES: Final[Values] = MappingProxyType({})


def open_session(
    dialect: Dialect,
    client: HttpClient,
    credentials: Mapping[str, Secret],
    judge: Judge,
    variables: Values = _NO_VARIABLES,
) -> Session:
    """Open the session that these credentials are for; nothing is sent before the first call.

    `variables` are the tenant's, for {names} in paths, headers and bodies.
    """
    auth = _choose(dialect, credentials)
    send = make_sender(client, dialect, variables)
    match auth:
        case Login():
            entrance = LoginEntrance(auth, dialect, send, credentials, variables)
            return RenewedSession(send, entrance, judge, auth.again_on)
        case ClientCredentials():
            asking = ClientCredentialsEntrance(auth, dialect, send, credentials, variables)
            return RenewedSession(send, asking, judge, auth.again_on)
        case Bearer(credential=name):
            told = read_tenant(credentials[name], dialect.tenant.told)
            return FixedSession(send, Access(bearer=credentials[name]), told)
        case Header():
            return FixedSession(send, Access(headers=_write_headers(auth, credentials)))
        case Basic(username=username, password=password):
            value = _write_basic(credentials[username], credentials[password])
            return FixedSession(send, Access(headers={"authorization": value}))
        case Signer(signer=name):
            return FixedSession(send, Access(sign=open_signer(name, credentials)))
        case _:
            assert_never(auth)


def _choose(dialect: Dialect, credentials: Mapping[str, Secret]) -> AnyAuth:
    """Find the one scheme that wants exactly what was given."""
    fitting = [auth for auth in dialect.auth if set(auth.credentials) == credentials.keys()]
    if len(fitting) == 1:
        return fitting[0]
    given = " and ".join(sorted(credentials)) or "nothing"
    ways = dict.fromkeys(" and ".join(_names(auth)) for auth in dialect.auth)
    raise ProviderError(
        f"{dialect.dialect} cannot be entered with {given}", remedy=f"Give {', or '.join(ways)}"
    )


def _names(auth: AnyAuth) -> tuple[str, ...]:
    """List what a scheme wants in the order in which people say it."""
    match auth:
        case Login():
            return tuple(dict.fromkeys(auth.send.values()))
        case Basic():
            return auth.username, auth.password
        case _:
            return auth.credentials


def _write_headers(auth: Header, credentials: Mapping[str, Secret]) -> dict[str, Secret]:
    return {name: join((auth.prefix, credentials[word])) for name, word in auth.headers.items()}


def _write_basic(username: Secret, password: Secret) -> Secret:
    """Write both down as RFC 7617 wants it, in UTF-8."""
    user, word = (each.reveal() for each in (username, password))
    if ":" in user:
        raise ProviderError("a user name for Basic authentication cannot have a colon in it")
    try:
        return Secret(f"Basic {b64encode(f'{user}:{word}'.encode()).decode()}")
    except UnicodeEncodeError:  # which would show what it was about
        raise ProviderError("a user name or password is not text") from None
