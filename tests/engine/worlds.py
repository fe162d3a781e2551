"""A whole world in memory: what outlives a process, and runs of the engine on it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from reconciler.backends.memory import MemoryBackend, MemoryState
from reconciler.core.capabilities import Capabilities, Marker
from reconciler.core.desired import Desired
from reconciler.core.guard import Approval
from reconciler.core.keys import NAME, Address, Attributes, KeyId, OpId, Stage, Target
from reconciler.core.observed import LiveKey, LiveStatus
from reconciler.core.orders import NONE, Orders
from reconciler.core.ownership import read_mark, stack_tag
from reconciler.core.recorded import KeyRow, Recorded, Version
from reconciler.core.secret import Secret
from reconciler.core.steps import Outcome, Plan, Result, Step
from reconciler.engine.run import Look, Report, apply, look
from reconciler.engine.transaction import Stop
from reconciler.engine.world import World
from reconciler.interfaces.backend import Holder
from reconciler.interfaces.driver import Done, KeyDriver, Refused, Unknown
from reconciler.interfaces.driver import Outcome as Ended
from reconciler.interfaces.notifier import News
from reconciler.providers.memory import MemoryApi, MemoryDriver
from reconciler.providers.memory_traits import PLAIN, Traits
from reconciler.stores.memory import MemoryStore
from reconciler.stores.spool import MemorySpool
from tests.core.builders import META, NOW, PROVIDER, STACK, STORE
from tests.engine.wires import Crash, When, Wire, tap

T = TypeVar("T")
HOLDER = Holder(who="mara", host="host", pid=1, command="apply", job_url=None, since=NOW)
EVERYTHING = Approval(allow_revoke=99, attended=True)
NOTHING = Approval()


class FakeClock:
    """Waiting costs nothing and takes exactly as long as was asked for."""

    def __init__(self, instant: datetime = NOW) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant

    def advance(self, span: timedelta) -> None:
        self.instant += span

    async def sleep(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


class CountedIds:
    """Operation ids that look random and are always the same."""

    def __init__(self) -> None:
        self.given = 0

    def new_op(self) -> OpId:
        self.given += 1
        return OpId(hashlib.sha256(f"op {self.given}".encode()).hexdigest()[:32])


@dataclass
class RecordingReporter:
    """Keeps what it was told."""

    begun: list[Step] = field(default_factory=list)
    ended: list[Result] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)

    def reading(self, provider: str, seen: int, total: int) -> None:
        assert provider
        assert seen <= total

    def applying(self, total: int) -> None:
        self.totals.append(total)

    def started(self, step: Step) -> None:
        self.begun.append(step)

    def finished(self, result: Result) -> None:
        self.ended.append(result)

    def waiting(self, step: Step, reason: str) -> None:
        self.waits.append(f"{step.address}: {reason}")


class RecordingNotifier:
    """Keeps what consumers were told, and fails as it is told to."""

    def __init__(self) -> None:
        self.told: list[News] = []
        self._failures: list[Refused | Unknown] = []

    def fail_next(self, *outcomes: Refused | Unknown) -> None:
        self._failures.extend(outcomes)

    async def announce(self, news: News) -> Ended[None]:
        if self._failures:
            return self._failures.pop(0)
        self.told.append(news)
        return Done(None)


@dataclass
class Place:
    """What lasts while processes come and go."""

    clock: FakeClock
    ids: CountedIds
    apis: dict[str, MemoryApi]
    state: MemoryState
    store: MemoryStore
    spool: MemorySpool
    able: dict[str, Capabilities]
    reporter: RecordingReporter
    notifier: RecordingNotifier = field(default_factory=RecordingNotifier)
    strangers: set[KeyId] = field(default_factory=set)
    lost: set[KeyId] = field(default_factory=set)
    dress: Callable[[KeyDriver], KeyDriver] = lambda driver: driver

    @property
    def api(self) -> MemoryApi:
        return self.apis[PROVIDER]

    def world(self, desired: Desired, wire: Wire | None = None, workers: int = 4) -> World:
        """Start a process: fresh adapters on what lasts."""
        self.state.interfere = wire.interfere if wire is not None else None
        drivers: Mapping[str, KeyDriver] = {
            name: tap(
                self.dress(MemoryDriver(api, provider=name, origin=f"{name}:")), "driver", wire
            )
            for name, api in self.apis.items()
        }
        return World(
            desired=desired,
            able=self.able,
            drivers=drivers,
            stores={STORE: tap(self.store, "store", wire)},
            backend=tap(MemoryBackend(self.state, STACK), "backend", wire),
            spool=tap(self.spool, "spool", wire),
            clock=tap(self.clock, "clock", wire),
            ids=tap(self.ids, "ids", wire),
            notifier=tap(self.notifier, "notifier", wire),
            reporter=tap(self.reporter, "reporter", wire),
            holder=HOLDER,
            workers=dict.fromkeys(self.apis, workers),
        )

    def bury_process(self) -> None:
        """Free what the operating system frees when a process dies; memory is lost with it."""
        self.state.break_lock()
        self.store._mishaps.clear()
        self.notifier._failures.clear()
        if not self.spool.lasting:
            self.spool = MemorySpool()

    def recorded(self) -> Recorded:
        return run(MemoryBackend(self.state, STACK).read())

    def row(self, address: str = "crm-a") -> KeyRow:
        return next(row for row in self.recorded().keys if row.address == address)

    def ours(self) -> tuple[LiveKey, ...]:
        """Every live key, at any API, that carries our mark; without marks, all but strangers."""
        return tuple(
            live
            for api in self.apis.values()
            for live in api.live()
            if self._is_ours(live, markless=api.traits.marker is Marker.NONE)
        )

    def _is_ours(self, live: LiveKey, *, markless: bool) -> bool:
        if markless:
            return live.id not in self.strangers
        mark = read_mark(live.mark_text)
        return mark is not None and mark.stack == stack_tag(STACK)

    def stranger(self) -> KeyId:
        """Let somebody else make a key by hand."""
        ident = self.api.add(Attributes.of({NAME: "theirs"})).key.id
        self.strangers.add(ident)
        return ident

    def secret_of(self, version: Version) -> Secret | None:
        """Give the secret of a version, be it published or not, readable or not."""
        slot = self.store._slots.get(version.target)
        written = slot.versions.get(version.op) if slot else None
        return written.secret if written else None

    def keeps(self, version: Version) -> bool:
        """Whether the secret of a version is still in its slot."""
        return self.secret_of(version) is not None

    def accepts(self, secret: Secret) -> bool:
        """Whether a key is accepted wherever keys are used."""
        return any(
            api.accepted_by(secret) == api.projects.keys() if api.projects else api.use(secret)
            for api in self.apis.values()
        )

    def works(self, slot: Target) -> bool:
        """Whether a consumer who reads this slot right now gets a key that the API accepts."""
        secret = self.store.consume(slot)
        return secret is not None and any(api.use(secret) for api in self.apis.values())


def new_place(
    *,
    lasting: bool = False,
    hidden_staging: bool = True,
    readback: bool = True,
    traits: Traits = PLAIN,
    able: Capabilities | None = None,
    providers: tuple[str, ...] = (PROVIDER,),
) -> Place:
    """Make an empty world with an initialised state."""
    clock = FakeClock()
    place = Place(
        clock=clock,
        ids=CountedIds(),
        apis={name: MemoryApi(clock, seed=name, traits=traits) for name in providers},
        state=MemoryState(),
        store=MemoryStore(
            name=STORE,
            salt=META.salt,
            hidden_staging=hidden_staging,
            readback=readback,
        ),
        spool=MemorySpool(lasting=lasting),
        able=dict.fromkeys(providers, able or traits.capabilities()),
        reporter=RecordingReporter(),
    )
    run(MemoryBackend(place.state, STACK).initialise(META))
    return place


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine to its end."""
    return asyncio.run(work)


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Do something in the middle of a run, which waits for nothing but its own turns."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return cast("T", end.value)


def apply_to(
    place: Place,
    desired: Desired,
    *,
    approval: Approval = EVERYTHING,
    confirm: Callable[[Plan], bool] = lambda _: True,
    stop: Stop | None = None,
    wire: Wire | None = None,
    orders: Orders = NONE,
) -> Report:
    """Apply in one process."""
    report = Report()
    run(apply(place.world(desired, wire), approval, confirm, stop or Stop(), report, orders))
    return report


def crash(place: Place, desired: Desired, wire: Wire, orders: Orders = NONE) -> bool:
    """Apply in a process that dies on the way, and say whether it did."""
    try:
        apply_to(place, desired, wire=wire, orders=orders)
    except Crash:
        place.bury_process()
        return True
    return False


def crash_at(place: Place, desired: Desired, method: str, when: When = When.AFTER) -> None:
    """Apply in a process that dies at the first call of a method."""
    assert crash(place, desired, Wire(crash_at=method, when=when)), f"{method} was never called"


def look_at(
    place: Place, desired: Desired, approval: Approval = EVERYTHING, orders: Orders = NONE
) -> Look:
    """Plan in one process."""
    return run(look(place.world(desired).outlook(), approval, orders))


def outcomes(report: Report) -> dict[tuple[str, str], Outcome]:
    """Give what became of each step, by address and action."""
    return {(str(r.step.address), str(r.step.action)): r.outcome for r in report.results}


def all_done(report: Report) -> bool:
    """Whether every step succeeded."""
    return all(result.outcome is Outcome.DONE for result in report.results)


def complaints(place: Place, desired: Desired) -> list[str]:
    """Say everything that is wrong with a world that should match its manifest."""
    found: list[str] = []
    recorded = place.recorded()
    rows = {row.address: row for row in recorded.keys}
    alive = {live.id for live in place.ours()}
    expected: set[KeyId] = set()
    for key in desired.keys:
        version = rows[key.address].current if key.address in rows else None
        if version is None or version.key_id not in alive:
            found.append(f"{key.address} has no living current version")
            continue
        expected.add(version.key_id)
        off = key.attributes.get("enabled") is False
        off = off or any(not api.enabled for api in place.apis.values())
        if place.works(key.target) is off:
            found.append(
                f"{key.address}: the stored secret {'works' if off else 'is not accepted'}"
            )
    departing = {
        v.key_id
        for address, row in rows.items()
        for v in row.living
        if v.superseded or v.stage is Stage.DISABLED or address not in _addresses(desired)
    }
    found += [f"{ident} is an orphan" for ident in sorted(alive - expected - departing)]
    found += [wrong for row in rows.values() for wrong in _of_versions(place, row)]
    found += [f"{name} {what}" for name, what in _containers(place, expected | departing)]
    found += [f"the spool still has {op}" for op in sorted(run(place.spool.view()).ops)]
    found += [f"{intent.kind} of {intent.address} is open" for intent in recorded.intents]
    seen = look_at(place, desired)
    found += [f"still planned: {describe(step)}" for step in seen.plan.steps]
    found += [f"refused: {sentence}" for sentence in seen.refusals]
    return found


def _of_versions(place: Place, row: KeyRow) -> Iterator[str]:
    """Say what is wrong with the versions of a key, by its record."""
    numbers = [version.number for version in row.versions]
    if len(set(numbers)) < len(numbers):
        yield f"{row.address} has two versions of one number: {numbers}"
    if sum(version.stage is Stage.CURRENT for version in row.living) > 1:
        yield f"{row.address} has several current versions"
    for version in row.living:
        name, now = f"{row.address} v{version.number}", place.clock.now()
        live = place.apis[version.provider].find(version.key_id)
        lost = version.condemned or version.key_id in place.lost
        if not lost and not place.keeps(version):
            yield f"{name} is {version.stage}, and its secret is stored no more"
        if version.stage is Stage.RETIRING and version.retire_at and version.retire_at <= now:
            yield f"{name} should be retired since {version.retire_at}"
        if version.stage is not Stage.DISABLED:
            continue
        if live is not None and live.status is LiveStatus.ACTIVE:
            yield f"{name} is recorded as off, and works"
        if version.delete_at is None or version.delete_at <= now:
            yield f"{name} should be deleted since {version.delete_at}"


def _containers(place: Place, expected: set[KeyId]) -> Iterator[tuple[str, str]]:
    """Say what containers run that they should not, or not yet."""
    for api in place.apis.values():
        for project in api.projects.values():
            frozen = project.container
            held = frozen.key_ids if frozen else frozenset()
            for ident in sorted(held - expected - place.strangers):
                yield project.name, f"still accepts {ident}"
            for ident in sorted(expected - held) if api.enabled else ():
                yield project.name, f"does not hold {ident}"
            if frozen and frozen.enabled is not api.enabled:
                yield project.name, f"has all keys {'on' if frozen.enabled else 'off'}"


def _addresses(desired: Desired) -> set[Address]:
    return {key.address for key in desired.keys}


def describe(step: Step) -> str:
    """Give one step as one line, the form in which scenarios expect it."""
    return f"{step.action} {step.address} {step.reason} {step.cause}: {step.sentence}"
