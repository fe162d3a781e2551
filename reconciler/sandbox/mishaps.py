"""Carrying a fault out on the wire: waiting, answering nonsense, or closing the connection.

It wraps the whole app, so that a fault looks the same in every system. It must never touch the
control endpoints.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import assert_never

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.sandbox.faults import Fault, FaultBox, Meeting

CONTROL_PREFIX = "/_sandbox/"
# The server that we run puts a function here which closes the request's own connection.
CUT_EXTENSION = "sandbox.cut"

_LOGIN_PAGE = "<!doctype html><title>Sign in</title><form><input name=username></form>"
_GARBAGE = "upstream ok\n{not json"


def with_faults(app: ASGIApp, box: FaultBox) -> ASGIApp:
    """Wrap an app so that its requests meet the faults of the box."""

    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await app(scope, receive, send)
        elif meeting := box.meet(scope["method"], scope["path"]):
            await _suffer(meeting, app, scope, receive, send)
        else:
            await app(scope, receive, send)

    return faulty


async def _suffer(
    meeting: Meeting, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    spoiler = meeting.spoiler
    await asyncio.sleep(meeting.wait_before)
    answer: list[Message] = []
    if spoiler is None or spoiler.when == "after":
        await app(scope, receive, _collect_into(answer))
    await asyncio.sleep(meeting.wait_after)
    if spoiler is not None:
        await _spoil(spoiler, answer, scope, receive, send)
        return
    for message in answer:
        await send(message)


def _collect_into(answer: list[Message]) -> Send:
    async def collect(message: Message) -> None:
        answer.append(message)

    return collect


async def _spoil(
    fault: Fault, answer: list[Message], scope: Scope, receive: Receive, send: Send
) -> None:
    match fault.kind:
        case "cut":
            await _cut(scope, receive)
        case "truncate":
            await _send_half(answer, send)
            await _cut(scope, receive)
        case "status":
            await _refusal(fault)(scope, receive, send)
        case "html":
            await HTMLResponse(_LOGIN_PAGE)(scope, receive, send)
        case "garbage":
            garbage = PlainTextResponse(_GARBAGE, media_type="application/json")
            await garbage(scope, receive, send)
        case "latency":
            pass
        case _:
            assert_never(fault.kind)


def _refusal(fault: Fault) -> Response:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return JSONResponse({"detail": "a fault on demand"}, fault.status, headers)


async def _send_half(answer: list[Message], send: Send) -> None:
    # The head still promises the whole length.
    head, *rest = answer
    body = b"".join(message.get("body", b"") for message in rest)
    await send(head)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _cut(scope: Scope, receive: Receive) -> None:
    close: Callable[[], None] | None = scope.get("extensions", {}).get(CUT_EXTENSION)
    if close is None:
        raise _lost_connection()
    close()
    # Returning before the server has noticed would make it answer 500 on our behalf.
    while (await receive())["type"] != "http.disconnect":
        pass


def _lost_connection() -> Exception:
    # In process there is no socket to close. Whoever calls us through httpx expects the error
    # that httpx raises for a lost connection; the sandbox itself does not depend on httpx.
    httpx = sys.modules.get("httpx")
    text = "the sandbox closed the connection without an answer"
    lost: Exception = httpx.RemoteProtocolError(text) if httpx else ConnectionResetError(text)
    return lost
