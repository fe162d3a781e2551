"""The client: one per provider, over one transport, with its own brake and no cookies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, TypeAlias

import httpx

from reconciler.http.addresses import check_address
from reconciler.http.answers import Answer, NotSent, Result, Unanswered
from reconciler.http.bodies import read_answer
from reconciler.http.calls import Call, SignerFailedError, write_request
from reconciler.http.failures import classify
from reconciler.http.limits import Limits
from reconciler.http.logs import log_call, quiet_libraries
from reconciler.http.retry import asks_to_slow_down, pause_after, repeat
from reconciler.http.throttle import Throttle
from reconciler.http.transport import open_transport
from reconciler.interfaces.clock import Clock

_Message: TypeAlias = MutableMapping[str, Any]
AsgiApp: TypeAlias = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]],
    Awaitable[None],
]
DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How a provider is reached: an extra CA file, an explicit proxy, or an app in process."""

    ca_file: str | None = None
    proxy: str | None = None
    app: AsgiApp | None = None


class HttpClient:
    """Sends calls to one base URL, and gives each an outcome. Never follows a redirect."""

    def __init__(
        self, base_url: str, transport: httpx.AsyncBaseTransport, clock: Clock, limits: Limits
    ) -> None:
        self._base_url = base_url
        self._clock = clock
        self._limits = limits
        self._throttle = Throttle(clock, limits)
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(limits.read, connect=limits.connect, pool=limits.total),
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    @property
    def base_url(self) -> str:
        """Where every call goes, without a last slash."""
        return self._base_url

    async def send(self, call: Call) -> Result:
        """Make a call, again where that is safe, and give its final outcome. Never raises."""
        return await repeat(self._attempt, call, self._clock, self._limits)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def _attempt(self, call: Call) -> Result:
        async with self._throttle.place():
            started = asyncio.get_running_loop().time()
            result = await self._exchange(call)
            log_call(call, result, asyncio.get_running_loop().time() - started)
        self._slow_down(result)
        return result

    async def _exchange(self, call: Call) -> Result:
        try:
            request = write_request(call, self._base_url)
        except SignerFailedError:
            return NotSent("the plug-in that signs requests failed", lasting=True)
        except ValueError:  # such as a credential that no header can hold
            return NotSent("the request could not be written", lasting=True)
        try:
            async with asyncio.timeout(self._limits.total):
                return await self._receive(request, _bound(call, self._limits))
        except TimeoutError:
            return Unanswered(f"no complete answer within {self._limits.total:g} s")
        except Exception as error:  # noqa: BLE001 - whatever broke, the call may have arrived
            return classify(error)

    async def _receive(self, request: httpx.Request, limits: Limits) -> Answer:
        response = await self._http.send(request, stream=True)
        try:
            return await read_answer(response, limits)
        finally:
            await response.aclose()

    def _slow_down(self, result: Result) -> None:
        if asks_to_slow_down(result):
            self._throttle.hold(pause_after(result, 1, self._limits, self._clock.now()))


def _bound(call: Call, limits: Limits) -> Limits:
    if call.max_bytes is None:
        return limits
    return replace(limits, max_bytes=min(call.max_bytes, limits.max_bytes))


def open_client(
    base_url: str,
    clock: Clock,
    limits: Limits = DEFAULT_LIMITS,
    network: Network = Network(),
) -> HttpClient:
    """Open a client for one base URL; ProviderError for a URL that may not be used."""
    quiet_libraries()
    address = check_address(base_url)
    transport = _reach(address, limits, network)
    return HttpClient(address, transport, clock, limits)


def _reach(address: str, limits: Limits, network: Network) -> httpx.AsyncBaseTransport:
    if network.app is not None:
        return httpx.ASGITransport(network.app)
    return open_transport(address, limits, ca_file=network.ca_file, proxy=network.proxy)
