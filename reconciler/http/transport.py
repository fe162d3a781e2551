"""The transport, chosen in this one place: httpx's own, in shards of a few connections each.

The work of httpcore 1.0.9's pool grows with the square of its connections (measured: 32 in one
pool need 6.4 s of CPU for what four pools of 8 do in 1.7), so no pool gets more than eight. Its own
retries are off and it has no cookie jar: PUT and DELETE must never silently be sent twice.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from math import ceil

import httpx

from reconciler.errors import ProviderError
from reconciler.http.limits import Limits
from reconciler.http.tls import trust, trust_nobody

CONNECTIONS_PER_POOL = 8


def open_transport(
    base_url: str, limits: Limits, *, ca_file: str | None = None, proxy: str | None = None
) -> httpx.AsyncBaseTransport:
    """Give a transport that has a connection for every call that the limits let through."""
    context = trust(ca_file) if base_url.startswith("https:") else trust_nobody()
    count = max(1, ceil(limits.concurrency / CONNECTIONS_PER_POOL))
    pools = [_open_pool(limits, context, proxy) for _ in range(count)]
    return pools[0] if count == 1 else ShardedTransport(pools)


def _open_pool(
    limits: Limits, context: ssl.SSLContext, proxy: str | None
) -> httpx.AsyncBaseTransport:
    bounds = httpx.Limits(
        max_connections=CONNECTIONS_PER_POOL,
        max_keepalive_connections=CONNECTIONS_PER_POOL,
        keepalive_expiry=limits.keep_alive,
    )
    try:
        through = httpx.Proxy(proxy, ssl_context=_proxy_context(proxy)) if proxy else None
        return httpx.AsyncHTTPTransport(
            verify=context, trust_env=False, limits=bounds, proxy=through, retries=0
        )
    except (ValueError, httpx.InvalidURL, ImportError):  # whose text may hold its password
        raise ProviderError("this proxy cannot be used: only http and https can") from None


def _proxy_context(proxy: str) -> ssl.SSLContext | None:
    return trust() if proxy.startswith("https:") else None


@dataclass(slots=True, eq=False)
class _Shard:
    transport: httpx.AsyncBaseTransport
    busy: int = 0


class _CountedStream(httpx.AsyncByteStream):
    """An answer's stream that gives its shard's place back when it is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, shard: _Shard) -> None:
        self._stream = stream
        self._shard: _Shard | None = shard

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        if self._shard is not None:
            self._shard.busy -= 1
            self._shard = None
        await self._stream.aclose()


class ShardedTransport(httpx.AsyncBaseTransport):
    """Several small pools behind one transport; a request goes to the least busy one."""

    def __init__(self, pools: Sequence[httpx.AsyncBaseTransport]) -> None:
        self._shards = [_Shard(pool) for pool in pools]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request through the least busy pool; the first one among equals."""
        shard = min(self._shards, key=lambda each: each.busy)
        shard.busy += 1
        try:
            response = await shard.transport.handle_async_request(request)
        except BaseException:
            shard.busy -= 1
            raise
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _CountedStream(response.stream, shard)
        return response

    async def aclose(self) -> None:
        """Close every pool."""
        for shard in self._shards:
            await shard.transport.aclose()
