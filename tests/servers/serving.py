"""What the servers of this folder have in common: a real socket, a count of requests, and faults.

It must know no endpoint. A test calls the methods between requests, never during one.
"""

import asyncio
import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_NO_ROUTE = "(no route)"

Now = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class RefusedError(Exception):
    """Ends a request with an answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


@dataclass(frozen=True)
class _Fault:
    """What meets the next request of one kind; without a status, the connection is cut."""

    method: str
    path_part: str
    status: int | None
    after: bool
    headers: Mapping[str, str]


class LiveServer(ABC):
    """A context manager: `url` is the origin, without a path."""

    def __init__(self) -> None:
        self.url = ""
        self._routes = self.routes()
        self._known = {f"{m} {r.path_format}" for r in self._routes for m in r.methods or ()}
        self._counts: Counter[str] = Counter()
        self._faults: list[_Fault] = []
        self._after_pages: deque[Callable[[], object]] = deque()
        self._defects: list[Exception] = []
        self._app = Starlette(
            routes=self._routes,
            exception_handlers={
                RefusedError: _answer_refused,
                HTTPException: self._answer_unrouted,
            },
        )
        self._app.router.redirect_slashes = False

    @abstractmethod
    def routes(self) -> list[Route]:
        """Give the endpoints; called once, before the server has any state."""

    @abstractmethod
    def refuse(self, status: int) -> Response:
        """Word an error as this API does."""

    def count(self, method: str, pattern: str) -> int:
        """Count the requests of one endpoint, those that met a fault included."""
        name = f"{method} {pattern}"
        if name not in self._known:  # a misspelt pattern would count 0 for ever
            raise KeyError(f"{name} is no endpoint; there are {sorted(self._known)}")
        return self._counts[name]

    def fail_next(
        self,
        method: str,
        path_part: str,
        status: int,
        *,
        after: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next such request with a status, instead of its effect or after it."""
        self._faults.append(_Fault(method, path_part, status, after, headers or {}))

    def cut_next(self, method: str, path_part: str, *, after: bool = True) -> None:
        """Close the connection of the next such request without an answer."""
        self._faults.append(_Fault(method, path_part, None, after, {}))

    def after_next_page(self, action: Callable[[], object]) -> None:
        """Let something happen when the next page of the list has been read."""
        self._after_pages.append(action)

    def page_was_read(self) -> None:
        """Say that a page of the list is settled; for the servers."""
        if self._after_pages:
            self._after_pages.popleft()()

    def __enter__(self) -> Self:
        # asyncio turns Nagle's delay off only where the protocol is named.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listening, ready))
        self._thread.start()
        ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if problem is None and self._defects:
            raise self._defects[0]

    def _run(self, listening: socket.socket, ready: threading.Event) -> None:
        try:
            self._loop.run_until_complete(self._serve(listening, ready))
        finally:
            self._loop.close()
            ready.set()

    async def _serve(self, listening: socket.socket, ready: threading.Event) -> None:
        config = _configure(self._meet)
        config.load()
        server = self._server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listening])
        ready.set()
        await self._stop.wait()
        # Not server.shutdown(): it waits a tenth of a second, each time.
        for one in server.servers:
            one.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # each of them is told that it is lost
        await asyncio.gather(*server.server_state.tasks, return_exceptions=True)

    async def _meet(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request, and let it meet its fault or its endpoint."""
        method, path = scope["method"], scope["path"]
        self._counts[f"{method} {self._pattern(scope)}"] += 1
        fault = self._take_fault(method, path)
        if fault is None:
            await self._work(scope, receive, send)
            return
        if fault.after:
            await self._work(scope, receive, _tell_nobody)
        if fault.status is None:
            await self._cut(scope, receive)
        else:
            answer = self.refuse(fault.status)
            answer.headers.update(fault.headers)
            await answer(scope, receive, send)

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with contextlib.suppress(ClientDisconnect):
                await self._app(scope, receive, send)
        except Exception as defect:
            self._defects.append(defect)
            raise

    async def _cut(self, scope: Scope, receive: Receive) -> None:
        for connection in self._server.server_state.connections:
            if isinstance(connection, H11Protocol) and connection.client == scope["client"]:
                connection.transport.close()
        # Returning before the server has noticed would make it answer 500 on our behalf.
        while (await receive())["type"] != "http.disconnect":
            pass

    def _pattern(self, scope: Scope) -> str:
        found = (r.path_format for r in self._routes if r.matches(scope)[0] is Match.FULL)
        return next(found, _NO_ROUTE)

    def _take_fault(self, method: str, path: str) -> _Fault | None:
        for fault in self._faults:
            if fault.method == method and fault.path_part in path:
                self._faults.remove(fault)
                return fault
        return None

    async def _answer_unrouted(self, _: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        return self.refuse(problem.status_code)


def _configure(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        interface="asgi3",  # a bound method is taken for something else
        http=H11Protocol,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
    )


async def _answer_refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, RefusedError)
    return problem.response


async def _tell_nobody(_: Message) -> None:
    """Swallow an answer."""
