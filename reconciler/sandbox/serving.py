"""Serving the sandbox over HTTP(S) with uvicorn: the socket, the signals, and how a fault cuts.

It must not know any endpoint. This is the only module of the sandbox that imports uvicorn.
"""

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.requests import ClientDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol

from reconciler.sandbox import AsgiApp, SandboxAccount, SandboxError, TlsFiles, open_sandbox
from reconciler.sandbox.mishaps import CUT_EXTENSION

_BACKLOG = 2048


class _CuttableProtocol(H11Protocol):
    """HTTP/1.1 that lets the app close its own connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = self.app

        async def cuttable(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - uvicorn's
            scope.setdefault("extensions", {})[CUT_EXTENSION] = transport.close
            # Whoever goes away in the middle of a request wants no answer: no defect of ours.
            with contextlib.suppress(ClientDisconnect):
                await inner(scope, receive, send)

        self.app = cuttable


class _Server(uvicorn.Server):
    """A server that tells when it listens, and that returns after a signal."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again when it has stopped, which would kill the process
        # before the database is closed.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        watched = (signal.SIGINT, signal.SIGTERM)
        before = {one: signal.signal(one, self.handle_exit) for one in watched}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def run(
    database: str,
    host: str,
    port: int,
    *,
    control_token: str | None,
    ready: Callable[[str], None],
    admin: SandboxAccount | None,
    tls: TlsFiles | None = None,
) -> None:
    """Serve until a signal comes, then close the database."""
    with _listen(host, port) as listening:
        sandbox = open_sandbox(database, control_token=control_token)
        try:
            if admin is not None:
                sandbox.keep_superuser(admin)
            url = _base_url(listening, "http" if tls is None else "https")
            server = _Server(_configure(sandbox.app, tls), lambda: ready(url))
            server.run(sockets=[listening])
        finally:
            sandbox.close()


def _configure(app: AsgiApp, tls: TlsFiles | None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=_CuttableProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,  # the app dates its answers by the sandbox's own clock
        timeout_graceful_shutdown=2,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )
    try:
        config.load()
    except OSError as problem:  # an ssl.SSLError is one
        raise SandboxError(f"cannot use the TLS certificate and key: {_reason(problem)}") from None
    return config


def _reason(problem: OSError) -> str:
    # OpenSSL's own words ("[SSL] PEM lib (_ssl.c:…)") tell nobody anything.
    if isinstance(problem, ssl.SSLError):
        return "they are no PEM files, or do not belong together"
    return problem.strerror or "they cannot be read"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off only where the protocol is named: 40 ms for each answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as problem:
        listening.close()
        raise SandboxError(f"cannot listen on {host} port {port}: {problem.strerror}") from None
    return listening


def _base_url(listening: socket.socket, scheme: str) -> str:
    host, port = listening.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
