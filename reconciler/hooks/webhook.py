"""Telling consumers by a POST. The URL is a secret: whoever has it can tell them lies.

Of it, only the host is ever shown. Telling twice is harmless, so that every failure that may pass
is tried again; the Idempotency-Key is the same each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, assert_never
from urllib.parse import urlsplit

from reconciler.core.secret import Secret
from reconciler.errors import ProviderError
from reconciler.hooks.messages import write_message
from reconciler.http.addresses import check_address
from reconciler.http.answers import Answer, NotSent, Result, Unanswered
from reconciler.http.calls import Call
from reconciler.http.client import Network, open_client
from reconciler.http.limits import Limits
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown
from reconciler.interfaces.notifier import News

FindNetwork: TypeAlias = Callable[[str], Network]
"""Says how an origin, such as https://hooks.example, is reached."""

LIMITS: Final = Limits(total=60, max_bytes=64 * 1024, concurrency=1)
_GOOD, _MOVED, _CLEAR = range(200, 300), range(300, 400), range(400, 500)
_REQUEST_TIMEOUT: Final = 408  # from a proxy: it may have passed on what it had
_PRINTABLE: Final = range(0x21, 0x7F)


class Webhook:
    """A `Notifier` for one URL; ProviderError where nothing may be sent there."""

    def __init__(
        self, url: Secret, clock: Clock, reach: FindNetwork, limits: Limits = LIMITS
    ) -> None:
        self._origin, self._host, self._target = _split(url)
        self._network = reach(self._origin)
        self._clock = clock
        self._limits = limits

    async def announce(self, news: News) -> Outcome[None]:
        """Post the message until it is taken, clearly refused, or tried often enough."""
        client = open_client(self._origin, self._clock, self._limits, self._network)
        try:
            return self._read(await client.send(self._write(news)))
        finally:
            await client.close()

    def _write(self, news: News) -> Call:
        return Call(
            method="POST",
            template=f"the webhook at {self._host}",
            target=self._target,
            body=write_message(news),
            headers={"Idempotency-Key": news.op},
            idempotent=True,
            persistent=True,
        )

    def _read(self, result: Result) -> Outcome[None]:
        match result:
            case NotSent(reason=reason):
                return Refused(f"{self._host} was not reached: {reason}")
            case Unanswered(reason=reason):
                return Unknown(f"{self._host}: {reason}")
            case Answer(status=status):
                return self._judge(status)
            case _:
                assert_never(result)

    def _judge(self, status: int) -> Outcome[None]:
        sentence = f"{self._host} answered {status}"
        if status in _GOOD:
            return Done(None)
        if status in _MOVED:
            return Refused(f"{sentence}, and redirects are not followed", status)
        if status in _CLEAR and status != _REQUEST_TIMEOUT:
            return Refused(sentence, status)
        return Unknown(sentence)


def _split(url: Secret) -> tuple[str, str, str]:
    """Give the origin, the host, and the path and query; no error shows more than the host."""
    text = url.reveal().strip()
    try:
        parts = urlsplit(text)
        sound = parts.port is None or parts.port
    except ValueError:
        sound = False
    if not sound or not all(ord(letter) in _PRINTABLE for letter in text):
        raise ProviderError("the webhook is not a URL", remedy="Write https://host/path")
    origin = check_address(f"{parts.scheme}://{parts.netloc}")
    target = parts.path or "/"
    return origin, parts.hostname or "", f"{target}?{parts.query}" if parts.query else target
