"""The two worlds that the contract is run in, and rows to fill them with."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from reconciler.backends.file import FileBackend
from reconciler.backends.memory import MemoryBackend, MemoryState
from reconciler.core.keys import Address, KeyId, OpId, Stage, Target
from reconciler.core.recorded import (
    AuditNote,
    Incident,
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
from reconciler.core.secret import Fingerprint
from reconciler.interfaces.backend import Backend, Holder, Row

T = TypeVar("T")
STACK = "prod"
NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
META = StackMeta(stack=STACK, lineage="l-1", salt=b"\x00\xff salt", recipient="age1xyz")
HOLDER = Holder(
    who="mara",
    host=os.uname().nodename,
    pid=os.getpid(),
    command="keywright apply",
    job_url="https://ci.example/jobs/7",
    since=NOW,
)
TARGET = Target("vault", "apps/crm", "api_key")


class World(Protocol):
    """A place for one stack, which several backends can share."""

    def backend(self) -> Backend: ...

    def break_lock(self) -> None:
        """Free the lock behind the back of its holder."""


@dataclass
class FileWorld:
    folder: Path

    def backend(self) -> Backend:
        return FileBackend(self.folder, STACK)

    def break_lock(self) -> None:
        (self.folder / "state.lock").unlink(missing_ok=True)


@dataclass
class MemoryWorld:
    state: MemoryState = field(default_factory=MemoryState)

    def backend(self) -> Backend:
        return MemoryBackend(self.state, STACK)

    def break_lock(self) -> None:
        self.state.break_lock()


async def opened(world: World) -> Backend:
    """Give a backend on a new state, locked."""
    backend = world.backend()
    await backend.initialise(META)
    await backend.lock(HOLDER)
    return backend


async def refusal(attempt: Awaitable[object], kind: type[Exception]) -> str:
    """Await what must be refused, and give the words of the refusal."""
    with pytest.raises(kind) as caught:
        await attempt
    assert type(caught.value) is kind
    return str(caught.value)


def read_refusal(folder: Path, kind: type[Exception], stack: str = STACK) -> str:
    """Read, and lock, what must be refused alike."""

    async def run() -> str:
        backend = FileBackend(folder, stack)
        await refusal(backend.lock(HOLDER), kind)
        words = await refusal(backend.read(), kind)
        await backend.close()
        return words

    return asyncio.run(run())


def incident_refusal(folder: Path, kind: type[Exception], stack: str = STACK) -> str:
    """Write an incident, and give the words of the refusal."""

    async def run() -> str:
        backend = FileBackend(folder, stack)
        words = await refusal(backend.write_incident(an_incident()), kind)
        await backend.close()
        return words

    return asyncio.run(run())


def read_meta_refusal(folder: Path, kind: type[Exception], stack: str = STACK) -> str:
    """Read only the meta, and give the words of the refusal."""

    async def run() -> str:
        backend = FileBackend(folder, stack)
        words = await refusal(backend.read_meta(), kind)
        await backend.close()
        return words

    return asyncio.run(run())


async def contents(world: World) -> Recorded:
    """Read everything, as a run without the lock does."""
    backend = world.backend()
    try:
        return await backend.read()
    finally:
        await backend.close()


def each(make: Callable[[int], T], count: int) -> list[T]:
    return [make(number) for number in range(count)]


def an_op(number: int) -> OpId:
    return OpId(f"{number:032x}")


def a_version(number: int = 1, **fields: object) -> Version:
    version: dict[str, object] = {
        "number": number,
        "provider": "gateway",
        "key_id": KeyId(f"key_{number}"),
        "op": an_op(number),
        "stage": Stage.CURRENT,
        "target": TARGET,
        "fingerprint": Fingerprint("0123456789abcdef" * 2),
        "created_at": NOW,
        "lifetime": timedelta(days=400, microseconds=1),
        "expires_at": NOW + timedelta(days=90),
        "verified_at": None,
    }
    return Version(**(version | fields))  # type: ignore[arg-type]


def a_key(number: int = 0, rev: int = 0, owner: str | None = None) -> KeyRow:
    return KeyRow(
        address=Address(f"crm-{number}"),
        provider="gateway",
        dialect="portkey",
        target=TARGET,
        delete_after=timedelta(days=7),
        versions=(a_version(1, stage=Stage.RETIRING, delete_at=NOW), a_version(2)),
        owner=owner,
        rev=rev,
    )


def an_intent(number: int = 0, rev: int = 0) -> Intent:
    return Intent(
        op=an_op(number),
        kind=IntentKind.CREATE,
        address=Address(f"crm-{number}"),
        provider="gateway",
        number=3,
        name="crm.kw-3f9c2a1b",
        target=TARGET,
        started_at=NOW,
        holder="mara",
        lifetime=timedelta(hours=1),
        rev=rev,
    )


def a_retired_op(number: int = 0, rev: int = 0) -> RetiredOp:
    return RetiredOp(
        op=an_op(number),
        provider="gateway",
        address=Address(f"crm-{number}"),
        retired_at=NOW,
        rev=rev,
    )


def a_provider(number: int = 0, rev: int = 0) -> ProviderRow:
    return ProviderRow(
        name=f"gateway-{number}",
        origin="https://api.example",
        dialect="portkey",
        tenant=None,
        rev=rev,
    )


def a_provider_key(number: int = 0, rev: int = 0) -> ProviderKeyRow:
    return ProviderKeyRow(
        address=Address(f"provider_keys/openai-{number}"),
        provider="gateway",
        upstream="openai",
        upstream_id="7",
        source=TARGET,
        source_etag="e1",
        fingerprint=Fingerprint("ab" * 16),
        written_at=NOW,
        rev=rev,
    )


def an_incident(number: int = 0, rev: int = 0) -> Incident:
    return Incident(
        id=an_op(number),
        case=an_op(99),
        address=Address(f"crm-{number}"),
        provider="gateway",
        number=2,
        key_id=KeyId(f"key_{number}"),
        at=NOW,
        by="mara",
        reason="seen in a paste",
        compromised=True,
        replace=True,
        last_used_at=NOW - timedelta(hours=1),
        audit=(
            AuditNote(at=NOW, actor="mara", action="use"),
            AuditNote(at=None, actor=None, action="seen"),
        ),
        rev=rev,
    )


MAKERS: tuple[Callable[[int, int], Row], ...] = (
    a_key,
    an_intent,
    a_retired_op,
    a_provider,
    a_provider_key,
    an_incident,
)
"""One for every kind of row, by number and rev."""
