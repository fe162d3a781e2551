"""What we recorded: which versions are ours, their stage and times. The third input.

Never a secret: fingerprints, ids and deadlines only. These types are what a backend stores, one row
each; `rev` rises by one with every write and is what a compare-and-swap compares (0 = not yet
written).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.core.keys import Address, KeyId, OpId, Stage, Target
from reconciler.core.secret import Fingerprint

FORMAT = 3
"""Version of the rows below; a state with a higher one is refused, a lower one migrated."""


class IntentKind(StrEnum):
    """Which operation an intent announces."""

    CREATE = "create"
    UPDATE = "update"
    ENABLE = "enable"
    DISABLE = "disable"
    RETIRE = "retire"
    DELETE = "delete"
    RESTORE = "restore"
    """Pointing consumers back to an older version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One call that was made with a version, what came of it, and when: evidence."""

    call: str
    answer: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One live credential that was issued for a key.

    `lifetime` is the span asked for (None: none was), `expires_at` what the API granted. `applied`
    has each managed field with the canonical text of the value that we last set: a live difference
    is `drift` where the manifest still says that value, and `config` where it says another.
    `condemned` marks a version whose secret is lost: it dies once its replacement is verified.

    `target` is the slot that its secret is in. `promoted_at` is when consumers were pointed to it,
    `announced_at` when they had been told. A retiring version works at least until `retire_at`,
    which is `overlap` after consumers were told of its successor; None as long as they were not.
    `proofs` has the latest answer to each call that it was tried out with.
    """

    number: int
    provider: str
    key_id: KeyId
    op: OpId
    stage: Stage
    target: Target
    fingerprint: Fingerprint | None = None
    created_at: datetime
    lifetime: timedelta | None = None
    expires_at: datetime | None = None
    verified_at: datetime | None = None
    disabled_at: datetime | None = None
    delete_at: datetime | None = None
    condemned: bool = False
    applied: tuple[tuple[str, str], ...] = ()
    promoted_at: datetime | None = None
    announced_at: datetime | None = None
    overlap: timedelta | None = None
    retire_at: datetime | None = None
    proofs: tuple[Proof, ...] = ()

    @property
    def superseded(self) -> bool:
        """Whether a newer version was made to take its place."""
        return self.overlap is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key with its versions, and the copy of what it needs once the manifest drops it.

    `target` is the slot of the newest version. `disabled_by_us` tells our own switching off from
    somebody else's.
    """

    address: Address
    provider: str
    dialect: str
    target: Target
    delete_after: timedelta
    versions: tuple[Version, ...] = ()
    owner: str | None = None
    environment: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    protect: bool = False
    disabled_by_us: bool = False
    rev: int = 0

    @property
    def current(self) -> Version | None:
        """The version that consumers use, if there is one."""
        for version in self.versions:  # asked many times for each key of a plan
            if version.stage is Stage.CURRENT:
                return version
        return None

    @property
    def living(self) -> tuple[Version, ...]:
        """Every version that is not confirmed dead."""
        return tuple([v for v in self.versions if v.stage is not Stage.GONE])


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The durable record of one operation, written before its effect.

    For a create, `key_id` and `fingerprint` are filled in as soon as they are known, and always
    before the secret is written to a store. `seen` has the ids that were there before, where an API
    carries no mark: a lost create is then the one that is new. `sent` remembers of a create the
    fields that no answer tells, as `Version.applied` does. `overlap` is how long the version that
    a create replaces is to work on.
    """

    op: OpId
    kind: IntentKind
    address: Address
    provider: str
    number: int
    name: str
    target: Target
    started_at: datetime
    holder: str
    lifetime: timedelta | None = None
    key_id: KeyId | None = None
    fingerprint: Fingerprint | None = None
    seen: tuple[KeyId, ...] = ()
    sent: tuple[tuple[str, str], ...] = ()
    overlap: timedelta | None = None
    rev: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredOp:
    """A create that was given up unanswered and may still land late; swept while it is listed.

    `released` marks one whose key a person took out of the record: it is nobody's business of ours.
    """

    op: OpId
    provider: str
    address: Address
    retired_at: datetime
    released: bool = False
    seen: tuple[KeyId, ...] = ()
    rev: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRow:
    """Which API a provider of this stack is; a change is refused until it is said.

    `keys_enabled` is how we last set the tenant-wide switch, or saw it set as the manifest says;
    None where we never did. `dead` are ids of ours that are in no other row, and that are gone at
    the API while some container may still accept them.
    """

    name: str
    origin: str
    dialect: str
    tenant: str | None
    keys_enabled: bool | None = None
    dead: tuple[KeyId, ...] = ()
    rev: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKeyRow:
    """One secret that we brought into a gateway.

    `source_etag` names the state of the slot that it was read from, `fingerprint` the value. `made`
    says that the upstream itself is ours.
    """

    address: Address
    provider: str
    upstream: str
    upstream_id: str
    source: Target
    source_etag: str
    fingerprint: Fingerprint
    written_at: datetime
    made: bool = False
    rev: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditNote:
    """One entry of an API's own log about a key, as far as it tells."""

    at: datetime | None
    actor: str | None
    action: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One version that a person took out of service at once, and what is still owed for it.

    Written without the stack's lock, and therefore in a row of its own: whoever holds the lock
    reads it before anything is promoted, restored or switched on. `case` is the same for all that
    one command revoked. `revoked_at` is when the API agreed, `rejected_at` when the key was seen to
    be refused. `replace` asks for a new version, `replaced_by` is its number. `settled_at` is when
    nothing more was owed.
    """

    id: OpId
    case: OpId
    address: Address
    provider: str
    number: int
    key_id: KeyId
    at: datetime
    by: str
    reason: str
    compromised: bool
    replace: bool
    revoked_at: datetime | None = None
    rejected_at: datetime | None = None
    last_used_at: datetime | None = None
    audit: tuple[AuditNote, ...] = ()
    replaced_by: int | None = None
    settled_at: datetime | None = None
    rev: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StackMeta:
    """The stack itself. `lineage` is a random id given by `init`; `epoch` rises with every lock."""

    stack: str
    lineage: str
    salt: bytes
    recipient: str | None
    serial: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The whole state of a stack, each kind of row sorted by its name, incidents by `at` and id."""

    meta: StackMeta
    keys: tuple[KeyRow, ...] = ()
    intents: tuple[Intent, ...] = ()
    retired: tuple[RetiredOp, ...] = ()
    providers: tuple[ProviderRow, ...] = ()
    provider_keys: tuple[ProviderKeyRow, ...] = ()
    incidents: tuple[Incident, ...] = ()
