"""The looking halves of the world: what planning gets, so that it cannot write (promise I4)."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.core.keys import KeyId, Target
from reconciler.core.observed import (
    Deployment,
    LiveKey,
    ProviderView,
    SpoolView,
    StoreView,
    Upstream,
)
from reconciler.core.recorded import Incident, Recorded, StackMeta
from reconciler.interfaces.backend import StateReader
from reconciler.interfaces.driver import KeyReader, Outcome
from reconciler.interfaces.spool import SpoolReader
from reconciler.interfaces.store import StoreReader


class ReadOnlyDriver:
    """The looking half of a driver, and nothing else."""

    __slots__ = ("_deployment", "_get", "_survey", "_upstreams")

    def __init__(self, driver: KeyReader) -> None:
        self._survey, self._get = driver.survey, driver.get
        self._upstreams, self._deployment = driver.upstreams, driver.deployment

    async def survey(self, progress: Callable[[int, int], None]) -> ProviderView:
        """Look at every key."""
        return await self._survey(progress)

    async def get(self, key_id: KeyId) -> Outcome[LiveKey | None]:
        """Look at one key."""
        return await self._get(key_id)

    async def upstreams(self) -> Outcome[tuple[Upstream, ...]]:
        """Look at the upstreams of a gateway."""
        return await self._upstreams()

    async def deployment(self, project: str) -> Outcome[Deployment]:
        """Look at what a project runs."""
        return await self._deployment(project)


class ReadOnlyStore:
    """The looking half of a store."""

    __slots__ = ("_heads",)

    def __init__(self, store: StoreReader) -> None:
        self._heads = store.heads

    async def heads(self, targets: tuple[Target, ...]) -> StoreView:
        """Look at slots."""
        return await self._heads(targets)


class ReadOnlyState:
    """The looking half of a backend."""

    __slots__ = ("_incidents", "_read", "_read_meta")

    def __init__(self, backend: StateReader) -> None:
        self._read, self._read_meta = backend.read, backend.read_meta
        self._incidents = backend.incidents

    async def read(self) -> Recorded:
        """Look at what is recorded."""
        return await self._read()

    async def read_meta(self) -> StackMeta:
        """Look at what the state is."""
        return await self._read_meta()

    async def incidents(self) -> tuple[Incident, ...]:
        """Look at the incidents."""
        return await self._incidents()


class ReadOnlySpool:
    """The looking half of the spool."""

    __slots__ = ("_view",)

    def __init__(self, spool: SpoolReader) -> None:
        self._view = spool.view

    async def view(self) -> SpoolView:
        """Look at what is spooled."""
        return await self._view()
