"""A key API in memory: stateful, for tests and simulations, with faults on demand.

`MemoryApi` is the far side and outlives any `MemoryDriver`; its other methods are what the world
does to it: people who interfere, faults, rows that a list hides. It passes the same contract suite
as the real drivers do.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

from reconciler.core.capabilities import Capabilities
from reconciler.core.keys import (
    ENABLED,
    EXPIRES_AT,
    NAME,
    RATE_LIMIT,
    SCOPES,
    Attributes,
    KeyId,
    OpId,
    Value,
)
from reconciler.core.observed import Deployment, LiveKey, LiveStatus, ProviderView, Upstream
from reconciler.core.secret import Fingerprint, Secret, fingerprint
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import (
    AuditRecord,
    Created,
    Done,
    Outcome,
    Probe,
    Refused,
    Unknown,
)
from reconciler.providers.actions import Action

T = TypeVar("T")

AGENTS: Final = "options.agent_ids"
CAPABILITIES: Final = Capabilities(
    dialect="memory",
    fields=frozenset({NAME, SCOPES, EXPIRES_AT, ENABLED, RATE_LIMIT, AGENTS}),
    mutable=frozenset({NAME, SCOPES, EXPIRES_AT, ENABLED, RATE_LIMIT, AGENTS}),
    name_limit=100,
)
_DEFAULTS: Final[dict[str, Value]] = {
    SCOPES: ("chat",),
    EXPIRES_AT: None,
    RATE_LIMIT: 1000,
    AGENTS: (),
}
_SALT: Final = b"memory"
_NAME_LIMIT: Final = 100
_CONFLICT, _NOT_FOUND, _INVALID = 409, 404, 422


class Fault(StrEnum):
    """What happens to one call: refused, or no clear answer, before or after its effect."""

    REFUSED = "refused"
    LOST_BEFORE = "lost before the effect"
    LOST_AFTER = "lost after the effect"


@dataclass(frozen=True, slots=True)
class _Row:
    id: KeyId
    attributes: Attributes
    print: Fingerprint
    created_at: datetime
    last_used_at: datetime | None = None

    def expired(self, now: datetime) -> bool:
        expiry = self.attributes.get(EXPIRES_AT)
        return isinstance(expiry, datetime) and expiry <= now

    def show(self, now: datetime) -> LiveKey:
        status = LiveStatus.EXPIRED if self.expired(now) else LiveStatus.ACTIVE
        if self.attributes.get(ENABLED) is False:
            status = LiveStatus.DISABLED
        return LiveKey(
            id=self.id,
            name=str(self.attributes.get(NAME)),
            status=status,
            attributes=self.attributes,
            created_at=self.created_at,
            last_used_at=self.last_used_at,
        )


class MemoryApi:
    """The keys of one tenant. Names repeat freely; ids and secrets follow from a seed."""

    def __init__(self, clock: Clock, *, seed: str = "", tenant: str = "memory") -> None:
        self.clock = clock
        self.tenant = tenant
        self.problem: str | None = None
        self.hidden: set[KeyId] = set()
        self.calls: list[Action] = []
        self._seed = seed
        self._made = 0
        self._rows: dict[KeyId, _Row] = {}
        self._ids: dict[Fingerprint, KeyId] = {}
        self._upstreams: dict[str, tuple[Upstream, Fingerprint]] = {}
        self._faults: defaultdict[Action, deque[Fault]] = defaultdict(deque)

    def fail_next(self, action: Action, *faults: Fault) -> None:
        """Let the next calls of an action go wrong, one fault each."""
        self._faults[action].extend(faults)

    def take_fault(self, action: Action) -> Fault | None:
        """Note a call, and give what goes wrong with it."""
        self.calls.append(action)
        faults = self._faults[action]
        return faults.popleft() if faults else None

    def live(self) -> tuple[LiveKey, ...]:
        """Show every key that exists, hidden ones included, the newest first."""
        now = self.clock.now()
        return tuple(row.show(now) for row in reversed(self._rows.values()))

    def find(self, key_id: KeyId) -> LiveKey | None:
        """Show one key."""
        row = self._rows.get(key_id)
        return row.show(self.clock.now()) if row else None

    def add(self, fields: Attributes) -> Created:
        """Make a key; it works at once, whatever `enabled` says."""
        self._made += 1
        digest = sha256(f"{self._seed}:{self._made}".encode()).digest()
        secret = Secret(f"mem_{digest.hex()}")
        row = _Row(
            id=KeyId(str(UUID(bytes=digest[:16]))),
            attributes=Attributes.of({**_DEFAULTS, **fields.mapping(), ENABLED: True}),
            print=fingerprint(secret, _SALT),
            created_at=self.clock.now(),
        )
        self._rows[row.id] = row
        self._ids[row.print] = row.id
        return Created(row.show(self.clock.now()), secret)

    def change(self, key_id: KeyId, fields: Attributes) -> LiveKey | None:
        """Change a key; None where there is none."""
        row = self._rows.get(key_id)
        if row is None:
            return None
        self._rows[key_id] = replace(row, attributes=row.attributes.merge(fields.mapping()))
        return self.find(key_id)

    def remove(self, key_id: KeyId) -> bool:
        """Delete a key, and say whether it was there."""
        return self._rows.pop(key_id, None) is not None

    def upstreams(self) -> tuple[Upstream, ...]:
        """Show the upstreams of the gateway that this also is; their secrets are never shown."""
        return tuple(upstream for upstream, _ in self._upstreams.values())

    def put_upstream(
        self, upstream_id: str | None, name: str, fields: Attributes, secret: Secret
    ) -> Upstream:
        """Set the secret of an upstream, or make one; names repeat freely."""
        found = self._upstreams.get(upstream_id or "")
        upstream = (
            found[0]
            if found
            else Upstream(id=str(len(self._upstreams) + 1), name=name, attributes=fields)
        )
        self._upstreams[upstream.id] = (upstream, fingerprint(secret, _SALT))
        return upstream

    def upstream_has(self, name: str, secret: Secret) -> bool:
        """Whether an upstream of this name has this very secret."""
        held = fingerprint(secret, _SALT)
        return any(u.name == name and kept == held for u, kept in self._upstreams.values())

    def use(self, secret: Secret) -> bool:
        """Use a key, and say whether it works."""
        key_id = self._ids.get(fingerprint(secret, _SALT))
        row = self._rows.get(key_id) if key_id else None
        now = self.clock.now()
        if row is None or row.show(now).status is not LiveStatus.ACTIVE:
            return False
        self._rows[row.id] = replace(row, last_used_at=now)
        return True


class MemoryDriver:
    """A `KeyDriver` for a `MemoryApi`."""

    def __init__(
        self, api: MemoryApi, *, provider: str = "memory", origin: str = "memory:"
    ) -> None:
        self._api = api
        self._provider = provider
        self._origin = origin

    async def survey(self, progress: Callable[[int, int], None]) -> ProviderView:
        """List every key that is not hidden."""
        api = self._api
        fault = api.take_fault(Action.LIST)
        problem = api.problem or (f"the list was {fault}" if fault else None)
        keys = () if problem else tuple(key for key in api.live() if key.id not in api.hidden)
        progress(len(keys), len(keys))
        return ProviderView(
            provider=self._provider,
            origin=self._origin,
            keys=keys,
            tenant=api.tenant,
            problem=problem,
        )

    async def get(self, key_id: KeyId) -> Outcome[LiveKey | None]:
        """Look one key up by id, hidden or not."""
        return self._run(Action.GET, lambda: Done(self._api.find(key_id)))

    async def create(self, op: OpId, wanted: Attributes, mark: str) -> Outcome[Created]:  # noqa: ARG002
        """Create a key; a name must have 1 to 100 characters."""
        if not 1 <= len(str(wanted.get(NAME) or "")) <= _NAME_LIMIT:
            return Refused("the name is too long or empty", _INVALID)
        return self._run(Action.CREATE, lambda: Done(self._api.add(wanted)))

    async def update(self, key_id: KeyId, changes: Attributes) -> Outcome[LiveKey | None]:
        """Change fields in place, `enabled` aside."""
        names = frozenset(name for name, _ in changes.pairs if name != ENABLED)
        return self._run(Action.UPDATE, lambda: self._change(key_id, changes.only(names)))

    async def enable(self, key_id: KeyId) -> Outcome[None]:
        """Switch a key on."""
        return self._switch(Action.ENABLE, key_id, on=True)

    async def disable(self, key_id: KeyId) -> Outcome[None]:
        """Switch a key off."""
        return self._switch(Action.DISABLE, key_id, on=False)

    async def delete(self, key_id: KeyId) -> Outcome[None]:
        """Delete a key; absent already is done."""

        def remove() -> Done[None]:
            self._api.remove(key_id)
            return Done(None)

        return self._run(Action.DELETE, remove)

    async def probe(self, secret: Secret) -> Probe:
        """Use a key once."""
        if self._api.take_fault(Action.VERIFY):
            return Probe.UNKNOWN
        return Probe.ACCEPTED if self._api.use(secret) else Probe.REJECTED

    async def upstreams(self) -> Outcome[tuple[Upstream, ...]]:
        """List the upstreams of the gateway."""
        return self._run(Action.UPSTREAMS, lambda: Done(self._api.upstreams()))

    async def deployment(self, project: str) -> Outcome[Deployment]:  # noqa: ARG002
        """Nothing is deployed here."""
        return Refused("nothing is deployed")

    async def switch_all(self, *, on: bool) -> Outcome[None]:  # noqa: ARG002
        """There is no switch for all."""
        return Refused("there is no switch for all")

    async def deploy(self, project: str) -> Outcome[None]:  # noqa: ARG002
        """Nothing is deployed here."""
        return Refused("nothing is deployed")

    async def put_upstream(
        self, upstream_id: str | None, name: str, fields: Attributes, secret: Secret
    ) -> Outcome[Upstream]:
        """Set the secret of an upstream, or make one."""
        return self._run(
            Action.PUT_UPSTREAM,
            lambda: Done(self._api.put_upstream(upstream_id, name, fields, secret)),
        )

    async def audit(self, key_id: KeyId) -> Outcome[tuple[AuditRecord, ...]]:  # noqa: ARG002
        """Nothing is logged here."""
        return Refused("there is no log")

    async def close(self) -> None:
        """Nothing to give back."""

    def _run(self, action: Action, effect: Callable[[], Outcome[T]]) -> Outcome[T]:
        fault = self._api.take_fault(action)
        match fault:
            case Fault.REFUSED:
                return Refused(f"{action} was refused", _CONFLICT)
            case Fault.LOST_BEFORE:
                return Unknown(f"{action}: no answer")
            case Fault.LOST_AFTER:
                effect()
                return Unknown(f"{action}: no answer")
            case None:
                return effect()

    def _change(self, key_id: KeyId, fields: Attributes) -> Outcome[LiveKey | None]:
        key = self._api.change(key_id, fields)
        return Done(key) if key else Refused("there is no such key", _NOT_FOUND)

    def _switch(self, action: Action, key_id: KeyId, *, on: bool) -> Outcome[None]:
        def switch() -> Outcome[None]:
            changed = self._change(key_id, Attributes.of({ENABLED: on}))
            return changed if isinstance(changed, Refused | Unknown) else Done(None)

        return self._run(action, switch)
