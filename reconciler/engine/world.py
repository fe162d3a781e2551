"""The world as the engine is handed it: one half that can only look, and one that can also act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.capabilities import Capabilities
from reconciler.core.desired import Desired
from reconciler.interfaces.backend import Backend, Holder, StateReader
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import KeyDriver, KeyReader
from reconciler.interfaces.ids import Ids
from reconciler.interfaces.notifier import Notifier
from reconciler.interfaces.reporter import Reporter
from reconciler.interfaces.spool import Spool, SpoolReader
from reconciler.interfaces.store import Store, StoreReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """All that planning needs. Nothing in here can write (promise I4)."""

    desired: Desired
    able: Mapping[str, Capabilities]
    drivers: Mapping[str, KeyReader]
    stores: Mapping[str, StoreReader]
    backend: StateReader
    spool: SpoolReader
    clock: Clock
    reporter: Reporter


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that applying needs. `workers` bounds how many keys of one provider move at once."""

    desired: Desired
    able: Mapping[str, Capabilities]
    drivers: Mapping[str, KeyDriver]
    stores: Mapping[str, Store]
    backend: Backend
    spool: Spool
    clock: Clock
    ids: Ids
    notifier: Notifier
    reporter: Reporter
    holder: Holder
    workers: Mapping[str, int]

    def outlook(self) -> Outlook:
        """Give the half that can only look."""
        return Outlook(
            desired=self.desired,
            able=self.able,
            drivers=self.drivers,
            stores=self.stores,
            backend=self.backend,
            spool=self.spool,
            clock=self.clock,
            reporter=self.reporter,
        )
