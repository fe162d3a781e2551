"""Which failures of a transport prove that nothing was sent: only those before a connection.

Read in httpcore 1.0.9: ConnectError and ConnectTimeout come from connecting and from the TLS
handshake, PoolTimeout from waiting for a connection, ProxyError from a refused CONNECT. Everything
else happens on a connection that was made. Messages of httpx are never passed on.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx

from reconciler.http.answers import NotSent, Unanswered

_DEEPEST = 12


def classify(error: Exception) -> NotSent | Unanswered:
    """Say of a failed exchange whether its request can have arrived."""
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return NotSent("no connection within the time limit")
        case httpx.ProxyError():
            return NotSent("the proxy made no connection")
        case httpx.ConnectError():
            return _explain(error)
        case httpx.TimeoutException():
            return Unanswered("no answer within the time limit")
        case httpx.RemoteProtocolError():
            return Unanswered("the connection was cut, or the answer was not HTTP")
        case _:
            return Unanswered("the connection was cut before the answer was complete")


def _explain(error: BaseException) -> NotSent:
    for cause in _causes(error, _DEEPEST):
        match cause:
            case ssl.SSLCertVerificationError():
                return NotSent(
                    f"the TLS certificate is not trusted: {cause.verify_message}", lasting=True
                )
            case ssl.SSLError():
                return NotSent("the TLS handshake failed", lasting=True)
            case socket.gaierror():
                return NotSent("the host name is not known")
            case ConnectionRefusedError():
                return NotSent("the connection was refused: nothing listens there")
            case _:
                continue
    return NotSent("no connection could be made")


def _causes(error: BaseException, depth: int) -> Iterator[BaseException]:
    """Walk an exception's causes, those inside groups included."""
    yield error
    if depth == 0:
        return
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _causes(member, depth - 1)
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from _causes(cause, depth - 1)
