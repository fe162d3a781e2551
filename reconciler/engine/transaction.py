"""One run over one stack: what it holds in hand, and the durable record of its operations.

The rows here are the run's own copy; only the coroutine that works on an address touches its row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from reconciler.core.desired import DesiredKey, DesiredProviderKey
from reconciler.core.keys import Address, KeyId, OpId, Stage, Target
from reconciler.core.observed import Deployment, LiveKey, Observed, StoredVersion, Upstream
from reconciler.core.recorded import (
    Intent,
    IntentKind,
    KeyRow,
    ProviderKeyRow,
    ProviderRow,
    Recorded,
    RetiredOp,
    StackMeta,
    Version,
)
from reconciler.core.secret import Secret
from reconciler.core.steps import Outcome, Result, Step
from reconciler.core.tenant import Effect, Tenant, tenants_of
from reconciler.engine.parking import Parked
from reconciler.engine.world import World
from reconciler.interfaces.driver import KeyDriver
from reconciler.interfaces.store import Store

T = TypeVar("T")


class Stop:
    """Set by the first signal: what is in flight is finished, nothing new begins."""

    def __init__(self) -> None:
        self._asked = False

    def ask(self) -> None:
        """Ask the run to stop."""
        self._asked = True

    @property
    def asked(self) -> bool:
        """Whether somebody asked."""
        return self._asked


@dataclass(slots=True)
class Run:
    """A world, the manifest's keys by address, and the recorded rows as this run left them.

    `tenants` is what was last seen of each provider as a whole. `absent` are the recorded ids that
    were confirmed gone, `revoked` by provider those of incidents. `parked` are the steps whose end
    waits for a deploy. `unclear` are providers where a create got no answer and no mark tells keys
    apart. `troubled` are the addresses where something went wrong.
    """

    world: World
    meta: StackMeta
    keys: dict[Address, DesiredKey]
    rows: dict[Address, KeyRow]
    intents: dict[OpId, Intent]
    retired: dict[OpId, RetiredOp]
    live: dict[tuple[str, KeyId], LiveKey]
    providers: dict[str, ProviderRow]
    provider_keys: dict[Address, DesiredProviderKey]
    provided: dict[Address, ProviderKeyRow]
    upstreams: dict[str, tuple[Upstream, ...]]
    tenants: dict[str, Tenant]
    absent: frozenset[tuple[str, KeyId]] = frozenset()
    revoked: Mapping[str, frozenset[KeyId]] = field(default_factory=dict)
    stop: Stop = field(default_factory=Stop)
    troubled: set[Address] = field(default_factory=set)
    unclear: set[str] = field(default_factory=set)
    parked: list[Parked] = field(default_factory=list)
    provider_lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def begin(cls, world: World, recorded: Recorded, observed: Observed, stop: Stop) -> Run:
        """Take up the recorded state and what was observed."""
        return cls(
            world=world,
            meta=recorded.meta,
            keys={key.address: key for key in world.desired.keys},
            rows={row.address: row for row in recorded.keys},
            intents={intent.op: intent for intent in recorded.intents},
            retired={op.op: op for op in recorded.retired},
            live={(v.provider, key.id): key for v in observed.providers for key in v.keys},
            providers={row.name: row for row in recorded.providers},
            tenants=tenants_of(world.desired, world.able, observed, recorded),
            absent=frozenset((v.provider, gone) for v in observed.providers for gone in v.absent),
            revoked={
                v.provider: frozenset(
                    i.key_id for i in recorded.incidents if i.provider == v.provider
                )
                for v in observed.providers
            },
            provider_keys={key.address: key for key in world.desired.provider_keys},
            provided={row.address: row for row in recorded.provider_keys},
            upstreams={view.provider: view.upstreams for view in observed.providers},
            stop=stop,
        )

    def driver(self, provider: str) -> KeyDriver:
        """Give the driver of a provider."""
        return self.world.drivers[provider]

    def store(self, name: str) -> Store:
        """Give a store."""
        return self.world.stores[name]

    def slot_owner(self, address: Address) -> str:
        """Give the mark that our slots of this key carry."""
        return f"{self.meta.stack}/{address}"

    async def save(self, row: KeyRow) -> KeyRow:
        """Write a key's row, durably."""
        row = replace(row, rev=await self.world.backend.write_row(row))
        self.rows[row.address] = row
        return row

    async def open(
        self,
        step: Step,
        kind: IntentKind,
        version: Version,
        overlap: timedelta | None = None,
    ) -> Intent:
        """Record durably that an operation on a version is about to begin."""
        intent = Intent(
            op=self.world.ids.new_op(),
            kind=kind,
            address=step.address,
            provider=version.provider,
            number=version.number,
            name="",
            target=version.target,
            started_at=self.world.clock.now(),
            holder=self.world.holder.host,
            overlap=overlap,
        )
        return await self.write(intent)

    async def write(self, intent: Intent) -> Intent:
        """Write an intent, durably."""
        intent = replace(intent, rev=await self.world.backend.write_row(intent))
        self.intents[intent.op] = intent
        return intent

    async def close(self, intent: Intent, row: KeyRow | None = None) -> None:
        """Record durably that an operation is over, with what it left, in one transaction."""
        await self.world.backend.close_intent(intent, *((row,) if row else ()))
        self.intents.pop(intent.op, None)
        if row is not None:
            self.rows[row.address] = replace(row, rev=row.rev + 1)

    def saw(self, provider: str, seen: Deployment) -> None:
        """Remember what one project was just seen to run."""
        self.tenants[provider] = self.tenants[provider].seeing(seen)

    def switched(self, provider: str, *, on: bool) -> None:
        """Remember how the switch for all keys was just turned."""
        tenant = self.tenants[provider]
        self.tenants[provider] = replace(tenant, view=replace(tenant.view, enabled=on))

    def effect(self, provider: str, key_id: KeyId | None) -> Effect:
        """Say when a key counts that the API has, as far as was seen last."""
        tenant = self.tenants.get(provider)
        return tenant.effect(key_id) if tenant else Effect.NOW

    def holders(self, provider: str, key_id: KeyId) -> tuple[str, ...]:
        """Name the projects that accept a key, gone at the API or not, as far as was seen last."""
        tenant = self.tenants.get(provider)
        return tenant.holders(key_id) if tenant else ()

    def is_lagging(self, provider: str, since: datetime) -> bool:
        """Whether the list of a provider may not show yet what was made at that moment."""
        tenant = self.tenants.get(provider)
        return tenant is not None and tenant.lagging(since, self.world.clock.now())

    async def note_switch(self, provider: str, *, on: bool | None) -> None:
        """Record durably how we set the switch for all keys."""
        async with self.provider_lock:
            await self.save_provider(replace(self.providers[provider], keys_enabled=on))

    async def note_dead(self, provider: str, key_id: KeyId) -> None:
        """Record durably that a key is about to go of which no other record remains.

        Some container may have been built with it, and accepts it until it is deployed again.
        """
        tenant, row = self.tenants.get(provider), self.providers.get(provider)
        if tenant is None or row is None or not tenant.able.on_deploy:
            return
        async with self.provider_lock:
            row = self.providers[provider]
            if key_id not in row.dead:
                await self.save_provider(replace(row, dead=(*row.dead, key_id)))

    async def save_provider(self, row: ProviderRow) -> None:
        """Write a provider's row, durably."""
        row = replace(row, rev=await self.world.backend.write_row(row))
        self.providers[row.name] = row
        if row.name in self.tenants:
            self.tenants[row.name] = replace(self.tenants[row.name], row=row)

    async def stored_secret(self, version: Version) -> Secret | None:
        """Read a version's secret back for a probe; None where we may not or cannot."""
        store = self.world.stores.get(version.target.store)
        held = stored(version)
        return await store.fetch(version.target, held) if store and held else None

    async def keep_stored(
        self,
        address: Address,
        target: Target,
        kept: Iterable[Version],
        undone: Intent | None = None,
    ) -> None:
        """Remove every secret of a key from a slot but those of these versions.

        What an open create has laid there stays as well, unless it is the one that is `undone`.
        """
        if target.store in self.world.stores:
            gone = undone.op if undone else None
            coming = (i for i in self.intents.values() if i.address == address and i.op != gone)
            on_its_way = (promised(intent) for intent in coming if intent.target == target)
            held = (*stored_in(target, kept), *(each for each in on_its_way if each))
            await self.store(target.store).retire(target, self.slot_owner(address), held)

    def subject(self, step: Step) -> tuple[KeyRow, Version]:
        """Give the row of a step's key, and the version that it names."""
        row = self.rows[step.address]
        return row, next(v for v in row.living if v.key_id == step.key_id)


def stored(version: Version) -> StoredVersion | None:
    """Say what a store's mark of this version reads; None when it never had a fingerprint."""
    if version.fingerprint is None:
        return None
    return StoredVersion(op=version.op, key_id=version.key_id, fingerprint=version.fingerprint)


def promised(intent: Intent) -> StoredVersion | None:
    """Say what a store's mark of a key reads that is being made; None before its id is known."""
    if intent.kind is not IntentKind.CREATE:
        return None
    if intent.key_id is None or intent.fingerprint is None:
        return None
    return StoredVersion(op=intent.op, key_id=intent.key_id, fingerprint=intent.fingerprint)


def stored_in(target: Target, versions: Iterable[Version]) -> tuple[StoredVersion, ...]:
    """Say what a slot's marks of these versions read, those that are in another one left out."""
    found = (stored(version) for version in versions if version.target == target)
    return tuple(held for held in found if held is not None)


def with_version(row: KeyRow, version: Version) -> KeyRow:
    """Give a row in which this version replaces the one of the same number, dead ones dropped."""
    others = (v for v in row.versions if v.number != version.number and v.stage is not Stage.GONE)
    return replace(row, versions=tuple(sorted((*others, version), key=lambda v: v.number)))


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Let work that has begun come to its end, however often the run is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await all_ended({task})
        raise


async def all_ended(tasks: Collection[asyncio.Future[Any]]) -> None:
    """Wait until all tasks have ended; a cancellation of the wait does not end it."""
    while not all(task.done() for task in tasks):
        with suppress(asyncio.CancelledError):
            await asyncio.wait(tasks)


def done(step: Step, sentence: str) -> Result:
    """Report a success."""
    return Result(step, Outcome.DONE, sentence)


def refused(step: Step, sentence: str) -> Result:
    """Report a clear no: nothing was changed by this step."""
    return Result(step, Outcome.REFUSED, sentence)


def failed(step: Step, sentence: str) -> Result:
    """Report a failure after something may have been changed."""
    return Result(step, Outcome.FAILED, sentence)


def skipped(step: Step, sentence: str) -> Result:
    """Report that a step was not begun."""
    return Result(step, Outcome.SKIPPED, sentence)


def unknown(step: Step, sentence: str) -> Result:
    """Report that no clear answer came."""
    return Result(step, Outcome.UNKNOWN, sentence)
