"""Weeks of a stack in seconds: the runner's clock and the sandbox's, stepped together.

The runner is the whole of it (real HTTP over a real socket, real age files, real SQLite), in this
process, since its clock is the test's. Clients are consumers of one secret: each uses the one that
it holds and writes down how that went, also while an apply is under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from reconciler.cli.terminal import SilentReporter
from reconciler.core.guard import Approval
from reconciler.core.keys import Address
from reconciler.core.orders import NONE, Orders
from reconciler.core.recorded import KeyRow
from reconciler.core.steps import Plan
from reconciler.engine.run import Look, Report, apply, look
from reconciler.engine.transaction import Stop
from reconciler.render import apply_exit_code, plan_exit_code, plan_text
from reconciler.wiring import load, open_outlook, open_state, open_world
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess
from tests.systems.story import USES, Stage, credentials

SECOND = timedelta(seconds=1)


class SteppedClock:
    """A clock for both sides: whoever sleeps moves it, and the sandbox with it."""

    def __init__(self, sandbox: SandboxProcess, start: datetime) -> None:
        self._sandbox = sandbox
        self._now = start
        self.go_to(start)

    def now(self) -> datetime:
        """Give the time."""
        return self._now

    def go_to(self, at: datetime) -> None:
        """Let it be this moment, here and at the sandbox."""
        self._sandbox.control.put("/time", json={"fixed": at.isoformat()}).raise_for_status()
        self._now = at

    async def sleep(self, seconds: float) -> None:
        """Let that time pass, and everybody else take a turn."""
        self.go_to(self._now + timedelta(seconds=seconds))
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Entry:
    """One line of a client's log: when, which of its secrets (0 is its first), and the answer."""

    at: datetime
    secret: int
    status: int


@dataclass
class Client:
    """A consumer that holds one secret and reloads it from the store when `reloads` says so."""

    name: str
    read: Callable[[], str]
    reloads: Callable[[datetime], bool]
    log: list[Entry] = field(default_factory=list)
    _held: list[str] = field(default_factory=list)

    def hold(self, now: datetime) -> str:
        """Reload, where it is time for that, and give the secret that is used now."""
        if not self._held or self.reloads(now):
            fresh = self.read()
            if fresh not in self._held[-1:]:
                self._held.append(fresh)
        return self._held[-1]

    def note(self, now: datetime, status: int) -> None:
        """Write down how a use went."""
        self.log.append(Entry(now, len(self._held) - 1, status))

    @property
    def first(self) -> str:
        """The secret that it began with."""
        return self._held[0]

    def used_from(self, secret: int) -> datetime:
        """Say since when it used one of its secrets."""
        return next(entry.at for entry in self.log if entry.secret == secret)

    def used_until(self, secret: int) -> datetime:
        """Say until when it used one of its secrets."""
        return max(entry.at for entry in self.log if entry.secret == secret)


@dataclass(frozen=True)
class Applied:
    """How one apply ended, and what its plan said."""

    code: int
    plan: Plan
    text: str

    @property
    def steps(self) -> list[str]:
        """What was planned to be done, key by key."""
        return [f"{step.action} {step.address}" for step in self.plan.actions]

    @property
    def held(self) -> list[str]:
        """What the plan would not do yet, and why."""
        return [f"{step.address}: {step.sentence}" for step in self.plan.holds]


class Timelapse:
    """One example, its clients, and their common clock."""

    def __init__(self, stage: Stage, address: str, start: datetime) -> None:
        self.stage = stage
        self.address = address
        self.clock = SteppedClock(stage.sandbox, start)
        self.clients: list[Client] = []
        self._use = USES[stage.example.dialects[0]]

    def client(self, name: str, reloads: Callable[[datetime], bool]) -> Client:
        """Add a client that reads the key's secret from the store."""
        self.clients.append(Client(name, self._read, reloads))
        return self.clients[-1]

    def tick(self, *, clients: Sequence[Client] | None = None) -> None:
        """Let a second pass in which each client makes one request."""
        self.clock.go_to(self.clock.now() + SECOND)
        asyncio.run(self._use_once(self.clients if clients is None else clients))

    def tick_until(self, at: datetime) -> None:
        """Let time pass, second by second, until that moment."""
        while self.clock.now() < at:
            self.tick()

    def apply(self, orders: Orders = NONE) -> Applied:
        """Apply once, while the clients go on."""
        return asyncio.run(self._apply(orders))

    def plan(self) -> tuple[int, str]:
        """Plan once, and give the exit code (with details) and the text."""
        seen = asyncio.run(self._look())
        return plan_exit_code(seen.plan, seen.refusals, detailed=True), self._text(seen.plan)

    def row(self) -> KeyRow:
        """Give what is recorded of the key."""
        return asyncio.run(self._row())

    def accepts(self, secret: str) -> bool:
        """Use a secret now, as somebody else would."""
        return self.stage.accepts(secret)

    def _read(self) -> str:
        secret = self.stage.stored(self.address)
        assert secret is not None
        return secret

    async def _apply(self, orders: Orders) -> Applied:
        done = asyncio.Event()
        going_on = asyncio.create_task(self._go_on(done))
        try:
            report = await self._run(orders)
        finally:
            done.set()
            await going_on
        assert report.plan is not None
        code = apply_exit_code(tuple(report.results), refused=False, interrupted=False)
        return Applied(code, report.plan, self._text(report.plan))

    async def _run(self, orders: Orders) -> Report:
        report, manifest = Report(), load(self.stage.manifest)
        opened = open_world(manifest, self._environ(), SilentReporter(), "apply", clock=self.clock)
        async with opened as world:
            await apply(world, Approval(), lambda _: True, Stop(), report, orders)
        return report

    async def _look(self) -> Look:
        manifest = load(self.stage.manifest)
        opened = open_outlook(manifest, self._environ(), SilentReporter(), clock=self.clock)
        async with opened as outlook:
            return await look(outlook, Approval())

    async def _row(self) -> KeyRow:
        backend = open_state(load(self.stage.manifest))
        try:
            recorded = await backend.read()
        finally:
            await backend.close()
        return next(row for row in recorded.keys if row.address == Address(self.address))

    async def _go_on(self, done: asyncio.Event) -> None:
        while not done.is_set() and self.clients:
            await self._use_once(self.clients)
            await asyncio.sleep(0)

    async def _use_once(self, clients: Sequence[Client]) -> None:
        async with httpx.AsyncClient(
            base_url=self.stage.sandbox.url, verify=NO_CERTIFICATES
        ) as http:
            for client in clients:
                answer = await http.request(
                    self._use.method,
                    self._use.path,
                    json={"message": "hello"} if self._use.method == "POST" else None,
                    headers={"Authorization": f"Bearer {client.hold(self.clock.now())}"},
                )
                client.note(self.clock.now(), answer.status_code)

    def _environ(self) -> dict[str, str]:
        """Give the environment of a run: a CI gets a fresh token for each."""
        for dialect in self.stage.example.dialects:
            _, fresh = credentials(dialect, self.stage.sandbox)
            self.stage.environ.update(fresh)
        return self.stage.environ

    def _text(self, plan: Plan) -> str:
        keys = {key.address: key for key in load(self.stage.manifest).desired.keys}
        return " ".join(plan_text(plan, keys, (), width=100, color=False).split())
