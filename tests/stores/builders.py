"""What the tests of stores and spools are built from: values, stores, and a look at folders."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from reconciler.core.keys import KeyId, OpId, Target
from reconciler.core.observed import Head, StoredVersion
from reconciler.core.secret import Secret, fingerprint
from reconciler.interfaces.store import Store
from reconciler.stores.age import AgeStore
from reconciler.stores.sealing import generate_identity

STACK = "acme-agents"
OWNER = "acme-agents/crm-prod"
NEIGHBOUR = "acme-agents/crm-staging"
STRANGER = "other-stack/billing"
SALT = b"sixteen byte salt"
TARGET = Target("local", "crm/agents", "API_KEY")

_T = TypeVar("_T")


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run one call of a store or spool to its end."""
    return asyncio.run(work)


def new_op() -> OpId:
    """Make an operation id that no other test has."""
    return OpId(uuid.uuid4().hex)


@cache
def keypair() -> tuple[str, str]:
    """Make one age identity and its recipient for all tests; they guard nothing."""
    return generate_identity()


@dataclass(frozen=True)
class Item:
    """A secret on its way, with the version that it will be."""

    text: str = "sk-live-7d1f0a2b"
    op: OpId = field(default_factory=new_op)

    @property
    def secret(self) -> Secret:
        return Secret(self.text)

    @property
    def version(self) -> StoredVersion:
        return StoredVersion(
            op=self.op, key_id=KeyId("key-1"), fingerprint=fingerprint(self.secret, SALT)
        )


def age_store(root: Path, *, readable: bool = True) -> AgeStore:
    """Make a store on a folder, with or without the identity that opens its files."""
    identity, recipient = keypair()
    return AgeStore(
        name="local",
        root=root,
        recipients=(recipient,),
        identity=Secret(identity) if readable else None,
        salt=SALT,
    )


def look(store: Store, target: Target = TARGET) -> Head:
    """Look at one slot."""
    view = run(store.heads((target,)))
    assert view.problem is None
    return view.heads[0]


def stage(
    store: Store,
    item: Item,
    *,
    target: Target = TARGET,
    owner: str = OWNER,
    expect: Head | None = None,
) -> None:
    """Stage as the engine does: after a preflight, against what it saw."""
    head = expect or run(store.preflight(target, owner, len(item.text)))
    run(store.stage(target, item.secret, item.version, owner, head))


def publish(store: Store, item: Item, target: Target = TARGET) -> None:
    """Stage and promote."""
    stage(store, item, target=target)
    run(store.promote(target, item.version))


def value(store: Store, item: Item, target: Target = TARGET) -> str | None:
    """Fetch a version's plain text."""
    secret = run(store.fetch(target, item.version))
    return secret.reveal() if secret is not None else None


def files(root: Path) -> dict[str, bytes]:
    """Give every plain file below a folder, by relative path."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
