"""The Date header: every answer tells the sandbox's own time, also where that was shifted.

A client that compares clocks would else compare its own with the machine's.
"""

from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.sandbox.clock import SandboxClock


def with_date(app: ASGIApp, clock: SandboxClock) -> ASGIApp:
    """Wrap an app so that its answers are dated."""

    async def dated(scope: Scope, receive: Receive, send: Send) -> None:
        async def date(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = format_datetime(clock.now(), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", []), (b"date", now)]}
            await send(message)

        await app(scope, receive, date)

    return dated
