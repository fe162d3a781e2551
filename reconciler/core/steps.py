"""What a plan is made of: actions, reasons, differences, steps, and what became of each step.

All of it is frozen and secret-free by type. Text, JSON and `apply` interpret this one value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.core.keys import Address, Cause, KeyId, OpId, Target, Value


class Action(StrEnum):
    """What a step does. `hold` does nothing: it says why a person has to look."""

    RECOVER = "recover"
    REVOKE = "revoke"
    SWITCH_ON = "switch_on"
    CREATE = "create"
    ROTATE = "rotate"
    DISABLE = "disable"
    UPDATE = "update"
    ENABLE = "enable"
    DEPLOY = "deploy"
    VERIFY = "verify"
    RESTORE = "restore"
    PROVIDE = "provide"
    NOTIFY = "notify"
    RETIRE = "retire"
    DELETE = "delete"
    FORGET = "forget"
    SWITCH_OFF = "switch_off"
    REDEPLOY = "redeploy"
    HOLD = "hold"


ORDER = tuple(Action)
"""Steps run in this order across keys: nothing is taken away before what replaces it is there."""

MINTS = frozenset({Action.CREATE, Action.ROTATE})
"""Actions that make a new version."""

REMOVALS = frozenset({Action.RETIRE, Action.DELETE})


class Reason(StrEnum):
    """Why a step is there, by name, for machines."""

    MISSING = "missing"
    VANISHED = "vanished"
    CHANGED = "changed"
    SWITCHED = "switched"
    DECLARED_AGAIN = "declared_again"
    UNDECLARED = "undeclared"
    DELETE_DUE = "delete_due"
    CONDEMNED = "condemned"
    UNPROVEN = "unproven"
    LEFT_OVER = "left_over"
    LATE_LANDING = "late_landing"
    ALREADY_GONE = "already_gone"
    DISABLED_OUTSIDE = "disabled_outside"
    ENABLED_OUTSIDE = "enabled_outside"
    EXPIRED = "expired"
    EXPIRY_PAST = "expiry_past"
    IMMUTABLE = "immutable"
    PROTECTED = "protected"
    PROVIDER_MOVED = "provider_moved"
    PROVIDER_GONE = "provider_gone"
    SECRET_MOVED = "secret_moved"  # noqa: S105 - a reason, not a password
    SECRET_MISSING = "secret_missing"  # noqa: S105 - a reason, not a password
    STORE_CHANGED = "store_changed"
    STORE_UNREADABLE = "store_unreadable"
    UNREADABLE = "unreadable"
    UNCONFIRMED = "unconfirmed"
    CLOCK_SKEWED = "clock_skewed"
    ASK = "ask"
    TOGGLED = "toggled"
    TOGGLED_OUTSIDE = "toggled_outside"
    NOT_DEPLOYED = "not_deployed"
    NO_SLOT = "no_slot"
    SOURCE_CHANGED = "source_changed"
    NEVER_PROVIDED = "never_provided"
    NOT_OURS = "not_ours"
    NO_UPSTREAM = "no_upstream"
    TOO_OLD = "too_old"
    EXPIRING = "expiring"
    EXPIRY_TOO_NEAR = "expiry_too_near"
    ASKED = "asked"
    COMPROMISED = "compromised"
    REVOKED = "revoked"
    PREDECESSOR = "predecessor"
    TOO_MANY = "too_many"
    SUPERSEDED = "superseded"
    STILL_USED = "still_used"
    NOT_USED_YET = "not_used_yet"
    NOT_ANNOUNCED = "not_announced"
    ROLLED_BACK = "rolled_back"
    UNUSED = "unused"


class Settlement(StrEnum):
    """How an open operation ends."""

    FINISH = "finish"
    """The spool has the secret: go on with the create where it stopped."""
    PUBLISH = "publish"
    """The store has the secret: verify and record it."""
    UNDO = "undo"
    """The key exists and nobody has its secret: delete it."""
    CONDEMN = "condemn"
    """The key exists, its secret is lost, and the store cannot rule out that someone has it:
    it dies once a replacement is verified.
    """
    GIVE_UP = "give_up"
    """The key does not exist: close the operation, and watch for a late landing."""
    CLOSE = "close"
    """An idempotent operation: close it; what remains to be done is planned anew."""
    WAIT = "wait"
    """Not enough could be read to tell."""
    ASK = "ask"
    """Only a person can tell."""


PROVIDER_KEYS = "provider_keys/"
"""How the address of every provider key begins."""


PROVIDERS = "providers/"
"""How the address of a step on a whole provider begins."""


def provider_address(provider: str) -> Address:
    """Give the address of a step on a whole provider; no key's address has a slash."""
    return Address(f"{PROVIDERS}{provider}")


def provider_key_address(name: str) -> Address:
    """Give the address of a step on a provider key."""
    return Address(f"{PROVIDER_KEYS}{name}")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not as wanted. `known` is false where the API tells no value for it.

    For sets, `added` and `removed` say which members come and go. `widens` marks a difference that
    gives the live key more than the manifest grants, `write_only` a field that no answer ever
    tells: it differs from what was last set.
    """

    field: str
    before: Value
    after: Value
    cause: Cause
    known: bool = True
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    widens: bool = False
    write_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action on one key, or on a whole provider.

    `impact` says what stops working, and when; None where nothing does. `precondition` is a hash of
    what was observed of this key, so that a step on something that changed since is not taken.
    `upstream` and `source` say where the secret of a provider key goes, and where it comes from.
    `projects` are those that a deploy is about, in its order. A step with an `op` goes on with what
    an interrupted run left over. `replaces` is the number of the version that a rotation is to
    follow, which goes on working for `overlap` at least, and until `due_at` as things are now.
    """

    address: Address
    provider: str
    action: Action
    cause: Cause
    reason: Reason
    sentence: str
    number: int | None = None
    key_id: KeyId | None = None
    op: OpId | None = None
    differences: tuple[Difference, ...] = ()
    impact: str | None = None
    due_at: datetime | None = None
    settlement: Settlement | None = None
    place: str | None = None
    precondition: str = ""
    upstream: str | None = None
    source: Target | None = None
    projects: tuple[str, ...] = ()
    replaces: int | None = None
    overlap: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Foreign:
    """A live key that this stack did not make and does not touch."""

    provider: str
    key_id: KeyId
    name: str
    last_used_at: datetime | None
    twin_of: Address | None = None


@dataclass(frozen=True, slots=True)
class ProviderState:
    """Which API a plan was made against, and whether it could be read whole.

    `nameless`: its keys have no name there, so that none is shown.
    """

    name: str
    origin: str
    dialect: str
    tenant: str | None
    problem: str | None
    nameless: bool = False


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What time alone will make due: a retirement, a deletion, a rotation; `at` at the earliest."""

    address: Address
    number: int
    action: Action
    at: datetime


class Topic(StrEnum):
    """What a remark is about."""

    EXPIRES = "expires"
    NEVER_USED = "never_used"
    LONG_UNUSED = "long_unused"
    NO_OWNER = "no_owner"
    TOO_OLD = "too_old"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something worth a look that calls for no step by itself."""

    address: Address
    number: int
    topic: Topic
    sentence: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a run would do, in order, and everything that it noticed and left alone."""

    stack: str
    lineage: str
    serial: int
    made_at: datetime
    providers: tuple[ProviderState, ...]
    steps: tuple[Step, ...]
    foreign: tuple[Foreign, ...] = ()
    scheduled: tuple[Scheduled, ...] = ()
    remarks: tuple[Remark, ...] = ()
    managed: int = 0
    digest: str = ""

    @property
    def actions(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(s for s in self.steps if s.action is not Action.HOLD)

    @property
    def holds(self) -> tuple[Step, ...]:
        """The steps that wait for a person."""
        return tuple(s for s in self.steps if s.action is Action.HOLD)

    @property
    def complete(self) -> bool:
        """Whether every provider could be read whole, and every store looked at."""
        unread = any(step.reason is Reason.STORE_UNREADABLE for step in self.steps)
        return not unread and all(p.problem is None for p in self.providers)


@dataclass(frozen=True, slots=True)
class Counts:
    """A plan in Terraform's three numbers. A plan that writes anything never totals 0/0/0."""

    add: int
    change: int
    destroy: int


def count(steps: tuple[Step, ...]) -> Counts:
    """Count steps by what they do: creations, deletions, and everything else that writes."""
    add = sum(s.action in MINTS for s in steps)
    destroy = sum(s.action is Action.DELETE for s in steps)
    idle = sum(s.action is Action.HOLD for s in steps)
    return Counts(add, len(steps) - add - destroy - idle, destroy)


class Outcome(StrEnum):
    """What became of a step."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """One step and what became of it."""

    step: Step
    outcome: Outcome
    sentence: str
