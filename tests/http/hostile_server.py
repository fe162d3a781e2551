"""An HTTP server that does on purpose what servers do by accident, over a real socket.

Each connection's request is read and counted, then a behaviour decides what happens to it.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Arrival:
    """One request as it came in."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Behaviour = Callable[[Arrival, asyncio.StreamWriter], Awaitable[None]]


def reply(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, size: int = -1
) -> bytes:
    """Write an answer down; `size` may lie about the length."""
    lines = [f"HTTP/1.1 {status} Whatever"]
    length = len(body) if size < 0 else size
    for name, value in {"content-length": str(length), **(headers or {})}.items():
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def reply_json(status: int, data: object, headers: Mapping[str, str] | None = None) -> bytes:
    return reply(
        status, json.dumps(data).encode(), {"content-type": "application/json", **(headers or {})}
    )


def answer(*replies: bytes) -> Behaviour:
    """Give one reply after another; the last one for ever."""
    left = list(replies)

    async def behave(_: Arrival, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()

    return behave


async def cut(_: Arrival, writer: asyncio.StreamWriter) -> None:
    """Close the connection without a word; the request has been read, so it may have counted."""
    writer.close()


async def cut_in_the_middle(_: Arrival, writer: asyncio.StreamWriter) -> None:
    """Close the connection in the middle of the answer."""
    writer.write(reply(200, b'{"code":0,', {"content-type": "application/json"}, size=500))
    await writer.drain()
    writer.close()


@dataclass
class HostileServer:
    """A context manager: `url`, and what arrived. `cut_early` closes before the request is read."""

    behave: Behaviour
    tls: ssl.SSLContext | None = None
    cut_early: bool = False
    arrivals: list[Arrival] = field(default_factory=list)
    connections: int = 0
    written: int = 0
    url: str = ""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self.tls)
        port = server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                arrival = await self._read(reader)
                self.arrivals.append(arrival)
                if not self.cut_early:
                    await self.behave(arrival, writer)
                else:
                    writer.close()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader) -> Arrival:
        if self.cut_early:  # the first line only: the body never gets through
            method, target, _ = (await reader.readuntil(b"\r\n")).decode().split()
            return Arrival(method, target, {}, b"")
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split()
        pairs = [line.partition(": ") for line in head[1:] if line]
        headers = {name.lower(): value for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Arrival(method, target, headers, body)
