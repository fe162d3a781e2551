"""Months of hourly runs in memory, with consumers that use their keys, and a monitor over both."""

from __future__ import annotations

import gc
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from reconciler.core.desired import Desired, DesiredKey
from reconciler.core.guard import Approval
from reconciler.core.keys import Address, KeyId, Target
from reconciler.core.observed import LiveStatus, StoreView
from reconciler.core.secret import Secret
from reconciler.core.steps import Action, Outcome
from reconciler.engine.run import Report, apply, look
from reconciler.engine.transaction import Stop
from tests.core.builders import NOW, STACK
from tests.engine.rotations import HOUR
from tests.engine.worlds import Place, run

UNATTENDED = Approval()
"""Nobody watches an hourly run, and nothing that it removes was allowed in advance."""
FEW_COLLECTIONS = (100_000, 50, 100)
"""As the command line has it, for the same reason: what is looked through lives on."""
PATIENCE = 0.9
"""A slow consumer reads the store again when so much of the overlap is over."""


def hours(count: int, since: datetime = NOW) -> tuple[datetime, ...]:
    """Give the moments of hourly runs."""
    return tuple(since + number * HOUR for number in range(count))


def dates(
    address: Address, born: datetime, life: timedelta, runs: Sequence[datetime]
) -> list[datetime]:
    """Give every moment at which a key gets a version, its first included, by arithmetic alone.

    Each version is due `life` after its own creation, less a share of a tenth of that which is the
    key's own; and it is made by the first run that is not before.
    """
    found = [born]
    while (place := bisect_left(runs, due(address, found[-1], life))) < len(runs):
        found.append(runs[place])
    return found


def due(address: Address, born: datetime, life: timedelta) -> datetime:
    """Say when the version after one is due, to the second."""
    digits = sha256(f"{STACK}/{address}".encode()).hexdigest()[:8]
    earlier = int(life.total_seconds() * 0.1 * int(digits, 16) / 2**32)
    return born + life - timedelta(seconds=earlier)


@dataclass
class Consumer:
    """One service: it has a secret in its hand, and uses it every few hours.

    A slow one reads the store again only when most of the overlap is over; the others each time.
    """

    target: Target
    period: int
    patience: timedelta
    held: Secret | None = None
    held_id: KeyId | None = None
    noticed: datetime | None = None

    def notice(self, place: Place, published: KeyId, now: datetime) -> None:
        """Reload, if there is something new and it is time."""
        if published == self.held_id:
            return
        self.noticed = self.noticed or now
        if self.held is None or now >= self.noticed + self.patience:
            self.held = place.store.consume(self.target)
            self.held_id, self.noticed = published, None


@dataclass
class Fleet:
    """Declared keys, each from its own hour on, the services that use them, and what happened."""

    place: Place
    wanted: Desired
    joins: dict[Address, datetime] = field(default_factory=dict)
    consumers: dict[Address, Consumer] = field(default_factory=dict)
    born: dict[Address, dict[int, datetime]] = field(default_factory=dict)
    done: Counter[Action] = field(default_factory=Counter)
    most_at_once: int = 0

    def live_through(self, runs: Sequence[datetime]) -> None:
        """Run at each of these moments, in the given order."""
        usual = gc.get_threshold()
        gc.set_threshold(*FEW_COLLECTIONS)
        try:
            run(self._live_through(runs))
        finally:
            gc.set_threshold(*usual)

    def made(self) -> dict[Address, list[datetime]]:
        """Give the moments at which the versions of each key were made, in their order."""
        return {
            address: [at for _, at in sorted(each.items())] for address, each in self.born.items()
        }

    async def _live_through(self, runs: Sequence[datetime]) -> None:
        declared: Desired | None = None
        waiting = dict(self.joins)
        for number, now in enumerate(runs):
            self.place.clock.instant = now
            joined = [address for address, at in waiting.items() if at <= now]
            for address in joined:
                del waiting[address]
            if declared is None or joined:
                there = tuple(key for key in self.wanted.keys if key.address not in waiting)
                declared = replace(self.wanted, keys=there)
                self._hire(there)
            await self._run_once(declared)
            self._use(number, now)

    async def _run_once(self, declared: Desired) -> None:
        """Plan, and apply where there is anything to do; then look whether everybody can work."""
        place = self.place
        seen = await look(place.world(declared).outlook(), UNATTENDED)
        assert seen.refusals == ()
        store, keys = seen.observed.stores[0], seen.observed.providers[0].keys
        if seen.plan.actions:
            await self._apply(declared)
            keys = place.api.live()
            store = await place.store.heads(tuple(key.target for key in declared.keys))
        active = {key.id for key in keys if key.status is LiveStatus.ACTIVE}
        self._monitor(store, active)

    async def _apply(self, declared: Desired) -> None:
        report = Report()
        world = self.place.world(declared)
        await apply(world, UNATTENDED, lambda _: True, Stop(), report)
        assert [result for result in report.results if result.outcome is not Outcome.DONE] == []
        steps = [result.step for result in report.results]
        self.done.update(step.action for step in steps)
        rotations = [step.address for step in steps if step.action is Action.ROTATE]
        assert len(rotations) == len(set(rotations)), "at most one rotation of a key in a run"
        self.most_at_once = max(self.most_at_once, len(rotations))
        for row in (await world.backend.read()).keys:
            for version in row.living:
                self.born.setdefault(row.address, {})[version.number] = version.created_at

    def _monitor(self, store: StoreView, active: set[KeyId]) -> None:
        """What the store publishes works, and so does what a service has in its hand."""
        now = self.place.clock.now()
        published = {head.target: head.current.key_id for head in store.heads if head.current}
        for address, consumer in self.consumers.items():
            current = published.get(consumer.target)
            assert current in active, f"{address} has no working key at {now}"
            assert consumer.held_id is None or consumer.held_id in active, (
                f"{address} lost the key in its hand at {now}"
            )
            if current is not None:
                consumer.notice(self.place, current, now)

    def _use(self, number: int, now: datetime) -> None:
        for address, consumer in self.consumers.items():
            if number % consumer.period == 0 and consumer.held is not None:
                assert self.place.api.use(consumer.held), f"{address} was refused at {now}"

    def _hire(self, keys: Sequence[DesiredKey]) -> None:
        for key in keys:
            if key.address not in self.consumers:
                count = len(self.consumers)
                slow = PATIENCE * key.rotation.overlap if count % 3 == 0 else timedelta(0)
                self.consumers[key.address] = Consumer(key.target, 3 + count % 4, slow)
