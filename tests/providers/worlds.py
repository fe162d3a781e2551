"""Key APIs for the contract suite: each one empty enough, with a driver and its own people."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import httpx

from reconciler.core.secret import Secret
from reconciler.http.client import Network, open_client
from reconciler.interfaces.driver import KeyDriver
from reconciler.providers import load_dialect
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.http import HttpDriver
from reconciler.providers.memory import MemoryApi, MemoryDriver
from reconciler.sandbox import open_sandbox
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess

PREFIX = "/clouisle/api/v1"
SMALL_PAGE = 7
FOR_PEOPLE = "/api-keys"
"""Where no key may look."""


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Do not wait: no server of these tests asks for it."""


class World(Protocol):
    """One key API."""

    def driver(self) -> KeyDriver: ...

    def agents(self, count: int) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class MemoryWorld:
    api: MemoryApi

    def driver(self) -> KeyDriver:
        return MemoryDriver(self.api)

    def agents(self, count: int) -> tuple[str, ...]:
        return tuple(f"agent-{number}" for number in range(count))


@dataclass(frozen=True)
class SandboxWorld:
    url: str
    credentials: Mapping[str, Secret]
    network: Network

    def driver(self) -> KeyDriver:
        return open_driver(
            self.url, in_small_pages(load_dialect("clouisle")), self.network, self.credentials
        )

    def agents(self, count: int) -> tuple[str, ...]:
        return asyncio.run(self._add_agents(count))

    async def _add_agents(self, count: int) -> tuple[str, ...]:
        app = self.network.app
        transport = httpx.ASGITransport(app) if app else httpx.AsyncHTTPTransport(NO_CERTIFICATES)
        async with httpx.AsyncClient(base_url=self.url, transport=transport) as people:
            form = {name: secret.reveal() for name, secret in self.credentials.items()}
            login = (await people.post("/login/access-token", data=form)).json()
            people.headers["authorization"] = f"Bearer {login['data']['access_token']}"
            made = [(await people.post("/agents", json={"name": "a"})).json() for _ in range(count)]
        return tuple(sorted(answer["data"]["id"] for answer in made))


def open_driver(
    url: str, dialect: Dialect, network: Network, credentials: Mapping[str, Secret]
) -> HttpDriver:
    clock = RealClock()
    return HttpDriver(
        provider="agents",
        origin=url,
        dialect=dialect,
        client=open_client(url, clock, network=network),
        credentials=credentials,
        clock=clock,
    )


def in_small_pages(dialect: Dialect, size: int = SMALL_PAGE) -> Dialect:
    """Give a dialect whose lists take several pages, as they would with thousands of keys."""
    listing = dialect.operations.list
    paging = listing.paging.model_copy(update={"page_size": size})
    listing = listing.model_copy(update={"paging": paging})
    operations = dialect.operations.model_copy(update={"list": listing})
    return dialect.model_copy(update={"operations": operations})


@contextmanager
def memory_world() -> Iterator[World]:
    api = MemoryApi(RealClock())
    api.deny(FOR_PEOPLE)
    yield MemoryWorld(api)


@contextmanager
def sandbox_world() -> Iterator[World]:
    admin = ("root", "root-password")
    with SandboxProcess(":memory:", admin=admin) as sandbox:
        yield SandboxWorld(sandbox.url + PREFIX, _credentials(*admin), Network())


@contextmanager
def in_process_world() -> Iterator[World]:
    sandbox = open_sandbox(":memory:")
    credentials = _credentials(sandbox.admin.username, sandbox.admin.password)
    try:
        yield SandboxWorld(f"http://localhost{PREFIX}", credentials, Network(app=sandbox.app))
    finally:
        sandbox.close()


def _credentials(username: str, password: str) -> dict[str, Secret]:
    return {"username": Secret(username), "password": Secret(password)}


WORLDS = {
    "memory": memory_world,
    "clouisle over a socket": sandbox_world,
    "clouisle in process": in_process_world,
}
Work = Callable[[KeyDriver], Awaitable[None]]
