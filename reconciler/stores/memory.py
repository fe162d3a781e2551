"""A store in this process: slots with history, compare-and-set, and failures on demand.

It behaves like a real versioned store, so that the engine, tests and simulations can be run
against it: with `hidden_staging` a pointer is moved by `promote` (AWS stages, age), without it
writing is publishing (Vault KV). Without `readback` nothing written can be looked at again.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.keys import OpId, Target
from reconciler.core.observed import Head, StoredVersion, StoreView
from reconciler.core.secret import Secret, fingerprint
from reconciler.errors import (
    StoreConflictError,
    StoreError,
    StoreRefusedError,
    StoreUnavailableError,
)
from reconciler.interfaces.store import StoreAbilities, Verification


class Mishap(StrEnum):
    """How a call can be made to fail."""

    REFUSED = "refused"
    CONFLICT = "conflict"
    UNAVAILABLE_BEFORE = "unavailable before the effect"
    UNAVAILABLE_AFTER = "unavailable after the effect"


@dataclass(frozen=True, slots=True)
class _Written:
    version: StoredVersion
    owner: str
    secret: Secret


@dataclass(slots=True)
class _Slot:
    versions: dict[OpId, _Written] = field(default_factory=dict)
    current: OpId | None = None

    @property
    def owner(self) -> str | None:
        owners = {written.owner for written in self.versions.values()}
        return owners.pop() if len(owners) == 1 else "" if owners else None

    def etag(self, *, without: OpId | None = None) -> str:
        """Name the state, or the one there would be without an operation and its promotion."""
        current = None if self.current == without else self.current
        told = (f"{op}={self.versions[op].owner}" for op in sorted(self.versions) if op != without)
        return ";".join((f"current={current}", *told))

    def describe(self, target: Target) -> Head:
        current = self.versions.get(self.current) if self.current else None
        rest = (self.versions[op].version for op in sorted(self.versions) if op != self.current)
        return Head(
            target=target,
            owner=self.owner,
            etag=self.etag(),
            current=current.version if current else None,
            staged=tuple(rest),
        )


class MemoryStore:
    """A stateful store in memory. `salt` and `stack` are those of the stack that writes."""

    def __init__(
        self,
        *,
        name: str,
        salt: bytes,
        hidden_staging: bool = True,
        readback: bool = True,
        max_bytes: int = 64 * 1024,
    ) -> None:
        self.name = name
        self._salt = salt
        self._abilities = StoreAbilities(
            hidden_staging=hidden_staging, readback=readback, max_bytes=max_bytes
        )
        self._slots: dict[Target, _Slot] = {}
        self._mishaps: defaultdict[str, deque[Mishap]] = defaultdict(deque)

    @property
    def abilities(self) -> StoreAbilities:
        """What this store was told to be able to do."""
        return self._abilities

    def fail(self, method: str, mishap: Mishap, *, times: int = 1) -> None:
        """Make the next calls of a method, by its name, fail."""
        self._mishaps[method].extend([mishap] * times)

    def occupy(self, target: Target, version: StoredVersion, owner: str, secret: Secret) -> None:
        """Write as somebody else would: whatever is there, and published at once."""
        slot = self._slots.setdefault(target, _Slot())
        slot.versions[version.op] = _Written(version, owner, secret)
        slot.current = version.op

    def consume(self, target: Target) -> Secret | None:
        """Read as a consumer would, who knows of no versions."""
        slot = self._slots.get(target, _Slot())
        return slot.versions[slot.current].secret if slot.current else None

    async def heads(self, targets: tuple[Target, ...]) -> StoreView:
        """Look at many slots; see `StoreReader.heads`."""
        try:
            with self._mishap("heads"):
                return StoreView(
                    readback=self._abilities.readback,
                    store=self.name,
                    heads=tuple(map(self._look, sorted(set(targets)))),
                )
        except StoreError as error:
            return StoreView(store=self.name, problem=error.what)

    async def preflight(self, target: Target, owner: str, size: int) -> Head:
        """Say whether a write would be refused; see `Store.preflight`."""
        with self._mishap("preflight"):
            if size > self._abilities.max_bytes:
                raise StoreRefusedError(
                    f"{target} takes {self._abilities.max_bytes} bytes, not {size}"
                )
            self._refuse_foreign(target, owner, self._slots.get(target, _Slot()))
            return self._look(target)

    async def stage(
        self, target: Target, secret: Secret, version: StoredVersion, owner: str, expect: Head
    ) -> None:
        """Keep a version, published where staging is not hidden; see `Store.stage`."""
        with self._mishap("stage"):
            slot = self._slots.get(target, _Slot())
            if not _is_staged(target, slot, version):
                if expect.etag not in {slot.etag(), slot.etag(without=version.op)}:
                    raise StoreConflictError(f"{target} was changed since we looked at it")
                self._refuse_foreign(target, owner, slot)
                self._write(target, _Written(version, owner, secret))

    async def verify(self, target: Target, version: StoredVersion) -> Verification:
        """Compare fingerprints, where this store can be read; see `Store.verify`."""
        with self._mishap("verify"):
            if not self._abilities.readback:
                return Verification.UNVERIFIABLE
            found = self._find(target, version)
            return Verification.VERIFIED if found else Verification.MISMATCH

    async def promote(self, target: Target, version: StoredVersion) -> None:
        """Move the pointer; see `Store.promote`."""
        with self._mishap("promote"):
            slot = self._slots.get(target, _Slot())
            written = slot.versions.get(version.op)
            if written is None or written.version != version:
                raise StoreConflictError(f"{target} no longer holds the version that was staged")
            slot.current = version.op

    async def fetch(self, target: Target, version: StoredVersion) -> Secret | None:
        """Give one version's value, where this store can be read; see `Store.fetch`."""
        with self._mishap("fetch"):
            found = self._find(target, version) if self._abilities.readback else None
            return found.secret if found else None

    async def read(self, target: Target) -> Secret | None:
        """Read as a consumer would, where this store can be read; see `Store.read`."""
        with self._mishap("read"):
            return self.consume(target) if self._abilities.readback else None

    async def retire(self, target: Target, owner: str, keep: tuple[StoredVersion, ...]) -> None:
        """Forget this owner's other versions; see `Store.retire`."""
        with self._mishap("retire"):
            slot = self._slots.get(target, _Slot())
            kept = {version.op for version in keep}
            for op, written in tuple(slot.versions.items()):
                if op not in kept and written.owner == owner:
                    del slot.versions[op]
            slot.current = slot.current if slot.current in slot.versions else None
            if not slot.versions:
                self._slots.pop(target, None)

    def _look(self, target: Target) -> Head:
        return self._slots.get(target, _Slot()).describe(target)

    def _write(self, target: Target, written: _Written) -> None:
        slot = self._slots.setdefault(target, _Slot())
        slot.versions[written.version.op] = written
        if not self._abilities.hidden_staging:
            slot.current = written.version.op

    def _find(self, target: Target, version: StoredVersion) -> _Written | None:
        written = self._slots.get(target, _Slot()).versions.get(version.op)
        if written is None or written.version != version:
            return None
        same = fingerprint(written.secret, self._salt) == version.fingerprint
        return written if same else None

    def _refuse_foreign(self, target: Target, owner: str, slot: _Slot) -> None:
        if slot.owner not in {None, owner}:
            raise StoreRefusedError(
                f"{target} belongs to {slot.owner or 'somebody who left no mark'}",
                effect="Nothing was written to it",
                remedy="Give the key another path or field",
            )

    @contextmanager
    def _mishap(self, method: str) -> Iterator[None]:
        waiting = self._mishaps[method]
        mishap = waiting.popleft() if waiting else None
        if mishap is not None and mishap is not Mishap.UNAVAILABLE_AFTER:
            raise _describe(self.name, method, mishap)
        yield
        if mishap is not None:
            raise _describe(self.name, method, mishap)


def _describe(store: str, method: str, mishap: Mishap) -> StoreError:
    what = f"{store}: {method} was {mishap}"
    match mishap:
        case Mishap.REFUSED:
            return StoreRefusedError(what)
        case Mishap.CONFLICT:
            return StoreConflictError(what)
        case Mishap.UNAVAILABLE_BEFORE | Mishap.UNAVAILABLE_AFTER:
            return StoreUnavailableError(what)


def _is_staged(target: Target, slot: _Slot, version: StoredVersion) -> bool:
    written = slot.versions.get(version.op)
    if written and written.version != version:
        raise StoreConflictError(f"{target} holds another secret under the same operation")
    return written is not None
