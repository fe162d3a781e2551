"""Clients for tests: a short patience, and a clock that does not really wait."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from reconciler.http.answers import Result
from reconciler.http.calls import Call
from reconciler.http.client import HttpClient, Network, open_client
from reconciler.http.limits import Limits
from tests.http.fake_clock import FakeClock

T = TypeVar("T")

GET = Call(method="GET", template="/keys", idempotent=True)
POST = Call(method="POST", template="/keys", body={"name": "x"})
PUT = Call(method="PUT", template="/keys/{id}", values={"id": "k1"}, body={"name": "x"})
DELETE = Call(method="DELETE", template="/keys/{id}", values={"id": "k1"})


def send(
    url: str,
    *calls: Call,
    limits: Limits | None = None,
    clock: FakeClock | None = None,
    network: Network | None = None,
) -> list[Result]:
    """Make calls one after the other, with one client, and give their results."""

    async def make(client: HttpClient) -> list[Result]:
        return [await client.send(call) for call in calls]

    return using(url, make, limits=limits, clock=clock, network=network)


def using(
    url: str,
    work: Callable[[HttpClient], Coroutine[Any, Any, T]],
    *,
    limits: Limits | None = None,
    clock: FakeClock | None = None,
    network: Network | None = None,
) -> T:
    """Open a client, let something be done with it, and close it."""

    async def run() -> T:
        client = open_client(
            url, clock or FakeClock(), limits or Limits(read=5, total=10), network or Network()
        )
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())
