"""Which requests came in: a bounded log and counts, for tests that ask what was called.

It must never keep a header, a query or a body: a secret could be in any of them.
"""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.sandbox.mishaps import CONTROL_PREFIX

MOST_KEPT = 10_000
# An endpoint that recognises its caller leaves the name here for the log.
USER_SCOPE_KEY = "sandbox.user"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request; the status is None when the connection was cut."""

    number: int
    method: str
    path: str
    status: int | None
    user: str | None


class RequestLog:
    """The latest requests, and the counts of all of them."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MOST_KEPT)
        self._counts: Counter[str] = Counter()
        self._total = 0

    def add(self, scope: Scope, status: int | None) -> None:
        """Note a request that has been answered, or cut."""
        self._total += 1
        method, path = scope["method"], scope["path"]
        user = scope.get(USER_SCOPE_KEY)
        self._entries.append(Entry(self._total, method, path, status, user))
        # Counted by the pattern of the path: ids would make the counts grow for ever.
        pattern = getattr(scope.get("route"), "path", "(no route)")
        self._counts[f"{method} {pattern} {status or 'cut'}"] += 1

    def show(self, most: int) -> dict[str, Any]:
        """Give the counts, and the latest requests in the order in which they ended."""
        latest = list(self._entries)[-most:] if most > 0 else []
        counts = dict(sorted(self._counts.items()))
        return {"total": self._total, "counts": counts, "items": [asdict(one) for one in latest]}

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._counts.clear()
        self._total = 0


def with_log(app: ASGIApp, log: RequestLog) -> ASGIApp:
    """Wrap an app so that its requests are noted, the control endpoints' excepted."""

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await app(scope, receive, send)
            return
        status: int | None = None

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, watch)
        finally:
            log.add(scope, status)

    return noted
