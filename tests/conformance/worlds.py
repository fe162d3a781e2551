"""Key APIs over a real socket for the suite: the sandbox's systems, and the replay servers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import TypeVar

from reconciler.core.findings import Answer, Finding
from reconciler.core.keys import Attributes, OpId, Value
from reconciler.core.secret import Secret
from reconciler.http.client import Network, open_client
from reconciler.interfaces.driver import Done, KeyDriver
from reconciler.providers import load_dialect
from reconciler.providers.conformance.bench import Bench, Terms
from reconciler.providers.conformance.suite import Report, run_checks
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.http import HttpDriver
from reconciler.sandbox import KEY_PREFIXES, PREFIXES, WORKSPACE
from tests.cli.stage import running_sandbox
from tests.sandbox_process import SandboxProcess
from tests.servers.gitlab import ADMIN_TOKEN, PROJECT, GitLabServer
from tests.servers.openrouter import MANAGEMENT_KEY, OpenRouterServer

T = TypeVar("T")

VARIABLES: Mapping[str, Mapping[str, str]] = {
    "intellithing": {"workspace": WORKSPACE},
    "gitlab": {"project": str(PROJECT)},
}
FIELDS: Mapping[str, Mapping[str, Value]] = {
    "clouisle": {"scopes": ("agent:read", "chat")},
    "ai-controller": {"options.user": "1"},
    "gitlab": {"options.access_level": "developer", "scopes": ("api",)},
    "openrouter": {"options.limit": "50", "options.limit_reset": "daily"},
}


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))


class RandomIds:
    def new_op(self) -> OpId:
        return OpId(uuid.uuid4().hex)


@dataclass(frozen=True, kw_only=True)
class World:
    """One API: where it is, what opens it, and what its tenant is called."""

    dialect: Dialect
    url: str
    credentials: Mapping[str, str]
    key_url: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    terms: Terms
    kind: type[HttpDriver] = HttpDriver

    def driver(self, dialect: Dialect) -> KeyDriver:
        clock = RealClock()
        return self.kind(
            provider="conformance",
            origin=self.url,
            dialect=dialect,
            client=open_client(self.url, clock, network=Network()),
            credentials={name: Secret(text) for name, text in self.credentials.items()},
            clock=clock,
            variables=self.variables,
            key_client=open_client(self.key_url, clock, network=Network())
            if self.key_url
            else None,
            token=token_urlsafe,
        )

    def changed(self, dialect: Dialect) -> World:
        """Give the same API, described otherwise."""
        return replace(self, dialect=dialect)


def sandbox_world(sandbox: SandboxProcess, name: str) -> World:
    used = KEY_PREFIXES.get(name)
    return World(
        dialect=load_dialect(name),
        url=f"{sandbox.url}{PREFIXES[name]}",
        credentials=sandbox.credentials(name),
        key_url=f"{sandbox.url}{used}" if used else None,
        variables=VARIABLES.get(name, {}),
        terms=Terms(fields=Attributes.of(FIELDS.get(name, {})), deploy=True, sandbox=True),
    )


@contextmanager
def openrouter_world() -> Iterator[World]:
    """Serve OpenRouter in pages of three, which the real one has of a hundred."""
    with OpenRouterServer(page_size=3) as server:
        yield World(
            dialect=in_pages_of(load_dialect("openrouter"), 3),
            url=f"{server.url}/api/v1",
            credentials={"token": MANAGEMENT_KEY},
            terms=Terms(fields=Attributes.of(FIELDS["openrouter"])),
        )


@contextmanager
def gitlab_world() -> Iterator[World]:
    with GitLabServer() as server:
        yield World(
            dialect=load_dialect("gitlab"),
            url=f"{server.url}/api/v4",
            credentials={"token": ADMIN_TOKEN},
            variables=VARIABLES["gitlab"],
            terms=Terms(fields=Attributes.of(FIELDS["gitlab"])),
        )


def add_upstream(world: World) -> None:
    """Give a gateway an upstream, as its administrator would have."""

    async def add() -> None:
        driver = world.driver(world.dialect)
        fields = Attributes.of({"url": "https://api.example.com", "auth_type": "Bearer"})
        secret = Secret("sk-0123456789abcdef0123456789")
        assert isinstance(await driver.put_upstream(None, "openai", fields, secret), Done)
        await driver.close()

    asyncio.run(add())


def in_pages_of(dialect: Dialect, size: int) -> Dialect:
    listing = dialect.operations.list
    paging = listing.paging.model_copy(update={"page_size": size})
    listing = listing.model_copy(update={"paging": paging})
    operations = dialect.operations.model_copy(update={"list": listing})
    return dialect.model_copy(update={"operations": operations})


def run_suite(world: World, told: Callable[[Finding], None] = lambda _: None) -> Report:
    """Run every check on a world."""
    report = Report([])

    async def run() -> None:
        bench = Bench(world.dialect, world.driver, RealClock(), RandomIds(), world.terms)
        await run_checks(bench, report, told)

    asyncio.run(run())
    return report


def answers(report: Report) -> dict[str, Answer]:
    """Give what each check answered."""
    return {finding.check: finding.answer for finding in report.findings}


def words(report: Report, answer: Answer) -> dict[str, str]:
    """Give the sentences of the checks that gave one answer."""
    return {f.check: f.sentence for f in report.findings if f.answer is answer}


def ask(world: World, work: Callable[[KeyDriver], Awaitable[T]]) -> T:
    """Do one thing with a driver of a world."""

    async def do() -> T:
        async with AsyncExitStack() as closing:
            driver = world.driver(world.dialect)
            closing.push_async_callback(driver.close)
            return await work(driver)

    return asyncio.run(do())


def live_keys(world: World) -> set[str]:
    """List what lives at an API."""

    async def look(driver: KeyDriver) -> set[str]:
        view = await driver.survey(lambda _seen, _total: None)
        assert view.problem is None
        return {str(key.id) for key in view.keys}

    return ask(world, look)


@contextmanager
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running
