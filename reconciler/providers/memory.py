"""A key API in memory: stateful, for tests and simulations, with faults on demand.

`MemoryApi` is the far side and outlives any `MemoryDriver`; its other methods are what the world
does to it: people who interfere, faults, rows that a list hides. Of which kind it is, `Traits` say.
It passes the same contract suite as the real drivers do.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

from reconciler.core.desired import Call
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
    Said,
    Unknown,
)
from reconciler.providers.actions import Action
from reconciler.providers.memory_gateway import MemoryGateway
from reconciler.providers.memory_projects import Frozen, Project
from reconciler.providers.memory_rows import Row
from reconciler.providers.memory_traits import AGENTS, NAME_LIMIT, PLAIN, Off, Traits

T = TypeVar("T")

CAPABILITIES: Final = PLAIN.capabilities()
_DEFAULTS: Final[dict[str, Value]] = {
    SCOPES: ("chat",),
    EXPIRES_AT: None,
    RATE_LIMIT: 1000,
    AGENTS: (),
}
_SALT: Final = b"memory"
_CONFLICT, _NOT_FOUND, _INVALID = 409, 404, 422


class Fault(StrEnum):
    """What happens to one call: refused, or no clear answer, before or after its effect."""

    REFUSED = "refused"
    LOST_BEFORE = "lost before the effect"
    LOST_AFTER = "lost after the effect"


class MemoryApi(MemoryGateway):
    """The keys of one tenant. Names repeat freely; ids and secrets follow from a seed.

    `enabled` is the tenant-wide switch: off refuses every key at once, on counts for a project from
    its next deploy on.
    """

    def __init__(
        self, clock: Clock, *, seed: str = "", tenant: str = "memory", traits: Traits = PLAIN
    ) -> None:
        super().__init__()
        self.clock = clock
        self.tenant = tenant
        self.traits = traits
        self.enabled = True
        self.projects = {
            name: Project(name, traits.stages, tells_idle=traits.tells_idle)
            for name in traits.projects
        }
        self.problem: str | None = None
        self.hidden: set[KeyId] = set()
        self.dead: set[KeyId] = set()
        self.denied: set[str] = set()
        self.calls: list[Action] = []
        self._seed = seed
        self._made = 0
        self._rows: dict[KeyId, Row] = {}
        self._ids: dict[Fingerprint, KeyId] = {}
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
        return tuple(row.show(now, self.traits) for row in reversed(self._rows.values()))

    def listed(self) -> tuple[LiveKey, ...]:
        """Show the keys that the list shows: not the hidden, and not the newest where it lags."""
        ripe = self.clock.now() - self.traits.lag
        shown = {row.id for row in self._rows.values() if row.created_at <= ripe}
        return tuple(key for key in self.live() if key.id in shown - self.hidden)

    def find(self, key_id: KeyId) -> LiveKey | None:
        """Show one key."""
        row = self._rows.get(key_id)
        return row.show(self.clock.now(), self.traits) if row else None

    def add(self, fields: Attributes, mark: str = "") -> Created:
        """Make a key; it works at once, whatever `enabled` says, unless it has to be deployed."""
        self._made += 1
        digest = sha256(f"{self._seed}:{self._made}".encode()).digest()
        secret = Secret(f"mem_{digest.hex()}")
        given = Attributes.of({**_DEFAULTS, **fields.mapping()}).only(self.traits.fields)
        switch = {ENABLED: True} if self.traits.off is Off.REVERSIBLE else {}
        row = Row(
            id=KeyId(str(UUID(bytes=digest[:16]))),
            attributes=given.merge(switch),
            print=fingerprint(secret, _SALT),
            created_at=self.clock.now(),
            mark=mark,
        )
        self._rows[row.id] = row
        self._ids[row.print] = row.id
        return Created(row.show(self.clock.now(), self.traits), secret)

    def change(self, key_id: KeyId, fields: Attributes) -> LiveKey | None:
        """Change a key; None where there is none."""
        row = self._rows.get(key_id)
        if row is None:
            return None
        self._rows[key_id] = replace(row, attributes=row.attributes.merge(fields.mapping()))
        return self.find(key_id)

    def remove(self, key_id: KeyId) -> bool:
        """Delete a key, and say whether it was there; containers that hold it go on with it."""
        there = self._rows.pop(key_id, None) is not None
        if there and self.traits.keeps_dead:
            self.dead.add(key_id)
        return there

    def full(self) -> bool:
        """Whether this tenant has all the keys that it may have."""
        return self.traits.capacity is not None and len(self._rows) >= self.traits.capacity

    def start(self, project: str) -> bool:
        """Begin a deploy, which freezes the keys and the switch as they are now."""
        return self.projects[project].start(Frozen(frozenset(self._rows), self.enabled))

    def deploy_all(self) -> None:
        """Deploy every project to the end, as somebody else would."""
        for project in self.projects.values():
            project.finish(self.clock.now())
            self.start(project.name)
            project.finish(self.clock.now())

    def use(self, secret: Secret) -> bool:
        """Use a key where keys are used, and say whether it works: at the first project, if any."""
        key_id = self._ids.get(fingerprint(secret, _SALT))
        if key_id is None or not self._accepts(key_id, next(iter(self.projects.values()), None)):
            return False
        if key_id in self._rows:
            self._rows[key_id] = replace(self._rows[key_id], last_used_at=self.clock.now())
        return True

    def deny(self, *paths: str) -> None:
        """From now on, no key may do anything at these paths."""
        self.denied.update(paths)

    def accepted_by(self, secret: Secret) -> frozenset[str]:
        """Say which projects accept a key, without using it."""
        key_id = self._ids.get(fingerprint(secret, _SALT))
        return frozenset(
            project.name
            for project in self.projects.values()
            if key_id is not None and self._accepts(key_id, project)
        )

    def _accepts(self, key_id: KeyId, project: Project | None) -> bool:
        if not self.enabled:
            return False
        if project is not None:
            frozen = project.container or Frozen()
            return frozen.enabled is True and key_id in frozen.key_ids
        key = self.find(key_id)
        return key is not None and key.status is LiveStatus.ACTIVE


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
        keys = () if problem else api.listed()
        progress(len(keys), len(keys))
        return ProviderView(
            provider=self._provider,
            origin=self._origin,
            keys=keys,
            absent=frozenset() if problem else frozenset(api.dead),
            revoked=frozenset() if problem else frozenset(api.dead),
            tenant=api.tenant,
            problem=problem,
            enabled=api.enabled if api.traits.toggle else None,
            deployments=tuple(project.show() for project in api.projects.values()),
            reach=api.traits.reach,
        )

    async def get(self, key_id: KeyId) -> Outcome[LiveKey | None]:
        """Look one key up by id, hidden or not; in the list, where there is no look-up."""
        if self._api.traits.lookup:
            return self._run(Action.GET, lambda: Done(self._api.find(key_id)))
        listed = {key.id: key for key in self._api.listed()}
        return self._run(Action.LIST, lambda: Done(listed.get(key_id)))

    async def create(self, op: OpId, wanted: Attributes, mark: str) -> Outcome[Created]:
        """Create a key; a name must have 1 to 100 characters, where keys have names."""
        del op
        api = self._api
        named = NAME in api.traits.fields
        if named and not 1 <= len(str(wanted.get(NAME) or "")) <= NAME_LIMIT:
            return Refused("the name is too long or empty", _INVALID)
        if api.full():
            return Refused("this tenant has no room for another key", _CONFLICT)
        return self._run(Action.CREATE, lambda: Done(api.add(wanted, mark)))

    async def update(self, key_id: KeyId, changes: Attributes) -> Outcome[LiveKey | None]:
        """Change fields in place, `enabled` aside."""
        names = frozenset(name for name, _ in changes.pairs if name != ENABLED)
        return self._run(Action.UPDATE, lambda: self._change(key_id, changes.only(names)))

    async def enable(self, key_id: KeyId) -> Outcome[None]:
        """Switch a key on."""
        if self._api.traits.off is not Off.REVERSIBLE:
            return Refused("a key cannot be switched on", _INVALID)
        return self._set(Action.ENABLE, key_id, Attributes.of({ENABLED: True}))

    async def disable(self, key_id: KeyId) -> Outcome[None]:
        """Switch a key off, for good where that is the only way."""
        match self._api.traits.off:
            case Off.REVERSIBLE:
                off: dict[str, Value] = {ENABLED: False}
            case Off.FINAL:
                off = {EXPIRES_AT: self._api.clock.now()}
            case Off.NEVER:
                return Refused("a single key cannot be switched off", _INVALID)
        return self._set(Action.DISABLE, key_id, Attributes.of(off))

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

    async def ask(self, secret: Secret, call: Call) -> Said:
        """Use a key at a path, which is allowed unless it is denied to all."""
        if self._api.take_fault(Action.ASK):
            return Said.UNKNOWN
        if not self._api.use(secret):
            return Said.REJECTED
        return Said.DENIED if call.path in self._api.denied else Said.ALLOWED

    async def switch_all(self, *, on: bool) -> Outcome[None]:
        """Set the switch for all keys."""
        if not self._api.traits.toggle:
            return Refused("there is no switch for all")

        def switch() -> Done[None]:
            self._api.enabled = on
            return Done(None)

        return self._run(Action.SWITCH_ALL, switch)

    async def deploy(self, project: str) -> Outcome[None]:
        """Start a deploy, unless one is running."""

        def start() -> Outcome[None]:
            begun = self._api.start(project)
            return Done(None) if begun else Refused("a deploy is running already", _CONFLICT)

        if project not in self._api.projects:
            return Refused("there is no such project", _NOT_FOUND)
        return self._run(Action.DEPLOY, start)

    async def deployment(self, project: str) -> Outcome[Deployment]:
        """Look at a project, which goes on meanwhile."""
        found = self._api.projects.get(project)
        if found is None:
            return Refused("there is no such project", _NOT_FOUND)
        return self._run(Action.DEPLOYMENT, lambda: Done(found.look(self._api.clock.now())))

    async def upstreams(self) -> Outcome[tuple[Upstream, ...]]:
        """List the upstreams of the gateway."""
        return self._run(Action.UPSTREAMS, lambda: Done(self._api.upstreams()))

    async def put_upstream(
        self, upstream_id: str | None, name: str, fields: Attributes, secret: Secret
    ) -> Outcome[Upstream]:
        """Set the secret of an upstream, or make one."""
        return self._run(
            Action.PUT_UPSTREAM,
            lambda: Done(self._api.put_upstream(upstream_id, name, fields, secret)),
        )

    async def audit(self, key_id: KeyId) -> Outcome[tuple[AuditRecord, ...]]:
        """Nothing is logged here."""
        del key_id
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

    def _set(self, action: Action, key_id: KeyId, fields: Attributes) -> Outcome[None]:
        def change() -> Outcome[None]:
            changed = self._change(key_id, fields)
            return changed if isinstance(changed, Refused | Unknown) else Done(None)

        return self._run(action, change)
