"""The ordered tables of small checks that decide what happens to one key.

Each check looks at one `Situation` and says nothing, or gives a `Finding` with its cause, its named
reason and a sentence. The first finding is the decision; order is therefore meaning: what makes a
key untouchable comes before what would change it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from reconciler.core.keys import EXPIRES_AT, At, Cause, Stage
from reconciler.core.leaving import (
    already_gone,
    delete_due,
    enabled_outside,
    never_made,
    protected,
    undeclared,
)
from reconciler.core.observed import LiveStatus
from reconciler.core.situation import (
    Finding,
    Situation,
    expiry_changes,
    hold,
    lapsed,
    stands,
    wants,
)
from reconciler.core.steps import Action, Reason

Check = Callable[[Situation], Finding | None]


def decide(situation: Situation) -> tuple[Finding, ...]:
    """Give what has to happen to one key; nothing when all is well.

    A key that left the manifest has one finding, and so has one that is not there. Switching a
    living key off is decided by itself, since it must never wait for anything else; then its fields
    and switching it on; its stored secret is looked at when nothing else has to change.
    """
    if situation.key is None:
        return _first(UNDECLARED, situation)
    return _first(LIFE, situation) or _living(situation) or _first(STORED, situation)


def _living(situation: Situation) -> tuple[Finding, ...]:
    rest = _first(STUCK, situation)
    if not rest:
        rest = _first(FIELDS, situation) + _first(ON, situation)
    return _first(OFF, situation) + rest


def _first(table: tuple[Check, ...], situation: Situation) -> tuple[Finding, ...]:
    found = next((found for check in table if (found := check(situation))), None)
    return (found,) if found else ()


# --- both kinds of key ---------------------------------------------------------------------------


def provider_gone(s: Situation) -> Finding | None:
    """Its provider left the manifest, so nothing there can be reached any more."""
    if s.able is not None or s.row is None:
        return None
    return hold(
        Reason.PROVIDER_GONE,
        f"provider '{s.row.provider}' is no longer in the manifest: put it back until this key "
        "is gone",
        Cause.CONFIG,
    )


def unreadable(s: Situation) -> Finding | None:
    """Without the live key, and with an incomplete read, nothing may be concluded."""
    if s.live is not None or s.absent or s.unread is None:
        return None
    return hold(Reason.UNREADABLE, f"not decided: {s.unread}")


def unconfirmed(s: Situation) -> Finding | None:
    """The list does not show a recorded key, and a look-up by id could not settle it."""
    if s.version is None or s.version.stage is Stage.GONE or s.live is not None or s.absent:
        return None
    if s.lagging:
        return None
    return hold(
        Reason.UNCONFIRMED, f"v{s.version.number} is not listed, and could not be confirmed gone"
    )


# --- declared keys -------------------------------------------------------------------------------


def provider_moved(s: Situation) -> Finding | None:
    """The manifest moved the key to another provider, which takes a rotation."""
    if not (s.key and s.row and s.version and s.row.provider != s.key.provider):
        return None
    if s.absent:
        return None
    return hold(
        Reason.PROVIDER_MOVED,
        f"moving from provider '{s.row.provider}' to '{s.key.provider}' needs a rotation, which "
        "this version does not do yet",
        Cause.CONFIG,
    )


def dated_in_the_past(s: Situation) -> Finding | None:
    """A key that has to be made would be dead at once."""
    lifetime = s.key.lifetime if s.key else None
    if s.live is not None or s.lagging:
        return None
    if not isinstance(lifetime, At) or lifetime.instant > s.now:
        return None
    return _too_late(lifetime.instant)


def expiry_past(s: Situation) -> Finding | None:
    """The manifest moves the expiry of a living key into the past."""
    if s.live is None or s.expiry is None or s.expiry > s.now or not expiry_changes(s):
        return None
    return _too_late(s.expiry)


def _too_late(due: datetime) -> Finding:
    return hold(
        Reason.EXPIRY_PAST,
        f"`expires` asks for {due:%Y-%m-%d %H:%M} UTC, which is past: give a later one",
        Cause.CONFIG,
    )


def condemned(s: Situation) -> Finding | None:
    """The only version left has a secret that an interrupted run lost."""
    if s.version is not None or not (s.row and s.row.living):
        return None
    return Finding(
        Action.CREATE,
        Cause.RECOVERY,
        Reason.CONDEMNED,
        "the secret of its only version was lost in an interrupted run: it is replaced",
    )


def no_place_for_its_secret(s: Situation) -> Finding | None:
    """It has to be made, and the store that should take its secret cannot be used."""
    if s.live is not None or s.lagging or s.store_unread is None:
        return None
    return hold(Reason.STORE_UNREADABLE, f"it is not made: {s.store_unread}")


def missing(s: Situation) -> Finding | None:
    """Declared and never made, or gone for good by our own hand."""
    if s.version is not None and s.version.stage is not Stage.GONE:
        return None
    return Finding(Action.CREATE, Cause.CONFIG, Reason.MISSING, "it does not exist yet")


def vanished(s: Situation) -> Finding | None:
    """Somebody deleted it at the API."""
    if s.version is None or not s.absent:
        return None
    return Finding(
        Action.CREATE,
        Cause.DRIFT,
        Reason.VANISHED,
        f"v{s.version.number} was deleted outside Keywright",
        f"v{s.version.number} does not work any more; consumers need the new secret",
    )


def declared_again(s: Situation) -> Finding | None:
    """It was being removed, and the manifest has it back while it still exists."""
    if s.version is None or s.version.stage is not Stage.DISABLED or s.live is None:
        return None
    if wants(s, enabled=False):
        return None
    return Finding(
        Action.ENABLE,
        Cause.CONFIG,
        Reason.DECLARED_AGAIN,
        f"it is declared again; v{s.version.number} is switched back on",
    )


def disabled_outside(s: Situation) -> Finding | None:
    """Somebody switched it off. It may be an incident, so we never switch it on by ourselves."""
    if not stands(s, LiveStatus.DISABLED) or (s.row and s.row.disabled_by_us):
        return None
    if s.version is not None and s.version.stage is Stage.DISABLED:
        return None
    if wants(s, enabled=False):
        return None
    return hold(
        Reason.DISABLED_OUTSIDE,
        "it was disabled outside Keywright, which may be an incident: enable it there, or declare "
        "`enabled: false`",
    )


def switched_off(s: Situation) -> Finding | None:
    """The manifest says off, and it is on."""
    revived = stands(s, LiveStatus.EXPIRED) and expiry_changes(s)
    if not (stands(s, LiveStatus.ACTIVE) or revived) or not wants(s, enabled=False):
        return None
    drifted = bool(s.row and s.row.disabled_by_us)
    return Finding(
        Action.DISABLE,
        Cause.DRIFT if drifted else Cause.CONFIG,
        Reason.SWITCHED,
        "it was switched on outside Keywright" if drifted else "`enabled` is false",
        "the key stops working at once",
    )


def expired(s: Situation) -> Finding | None:
    """Time ran out, and the manifest does not move the expiry into the future.

    Where somebody let it run out before its time, it may be an incident: it is not brought back.
    """
    moved = next((d for d in s.differences if d.field == EXPIRES_AT), None)
    if not lapsed(s) or (moved is not None and moved.cause is Cause.CONFIG):
        return None
    if moved is not None:
        return hold(
            Reason.DISABLED_OUTSIDE,
            "it was expired outside Keywright, which may be an incident: give it a later expiry "
            "there, declare another `expires`, or remove the key",
        )
    return hold(
        Reason.EXPIRED,
        "it has expired, and no longer works: set a later `expires`, or remove the key",
        Cause.CLOCK,
    )


def immutable(s: Situation) -> Finding | None:
    """A field differs that this API cannot change in place."""
    able = s.able
    stuck = [d.field for d in s.differences if able and d.field not in able.mutable]
    if not stuck:
        return None
    return hold(
        Reason.IMMUTABLE,
        f"{', '.join(stuck)} cannot be changed in place; that needs a rotation, which this version "
        "does not do yet",
        Cause.CONFIG,
    )


def changed(s: Situation) -> Finding | None:
    """Fields differ that can be changed in place."""
    if not s.differences:
        return None
    ours = any(d.cause is Cause.CONFIG for d in s.differences)
    loud = any(d.widens for d in s.differences)
    why = "the manifest changed" if ours else "it was changed outside Keywright"
    return Finding(
        Action.UPDATE,
        Cause.CONFIG if ours else Cause.DRIFT,
        Reason.CHANGED,
        f"{why}, and the live key may do MORE than declared" if loud else why,
    )


def switched_on(s: Situation) -> Finding | None:
    """We switched it off for the manifest, which now says on."""
    if not stands(s, LiveStatus.DISABLED) or not wants(s, enabled=True):
        return None
    return Finding(Action.ENABLE, Cause.CONFIG, Reason.SWITCHED, "`enabled` is true")


def secret_moved(s: Situation) -> Finding | None:
    """The manifest names another slot; the secret cannot be asked for again."""
    if not (s.key and s.row and s.row.living and s.row.target != s.key.target):
        return None
    return hold(
        Reason.SECRET_MOVED,
        f"its secret is in {s.row.target}, and moving it to {s.key.target} needs a rotation, "
        "which this version does not do yet",
        Cause.CONFIG,
    )


def store_unreadable(s: Situation) -> Finding | None:
    """The store could not be looked at, so nothing is known of the secret."""
    if s.store_unread is None or s.version is None:
        return None
    return hold(Reason.STORE_UNREADABLE, f"its secret was not checked: {s.store_unread}")


def secret_missing(s: Situation) -> Finding | None:
    """The slot no longer has the secret of the current version."""
    if s.version is None or s.head is None or s.head.carries(s.version.op):
        return None
    return hold(
        Reason.SECRET_MISSING,
        f"the secret of v{s.version.number} is not in {s.head.target} any more: restore it from a "
        "backup, or declare the key under another address to get a new one",
    )


def store_changed(s: Situation) -> Finding | None:
    """The slot points to something else than the current version."""
    if s.version is None or s.head is None:
        return None
    if s.head.current is not None and s.head.current.op == s.version.op:
        return None
    return hold(
        Reason.STORE_CHANGED,
        f"{s.head.target} does not point to v{s.version.number} any more: somebody changed the "
        "store",
    )


def unproven(s: Situation) -> Finding | None:
    """It was not seen to be accepted, or rejected, as it should be."""
    if s.version is None or s.version.verified_at is not None or s.live is None:
        return None
    if s.able is None or not s.able.can_verify or not s.can_read_secrets or not s.provable:
        return None
    return Finding(
        Action.VERIFY,
        Cause.RECOVERY,
        Reason.UNPROVEN,
        f"v{s.version.number} was not yet seen to work as it should",
    )


LIFE: tuple[Check, ...] = (
    provider_gone,
    provider_moved,
    unreadable,
    unconfirmed,
    dated_in_the_past,
    no_place_for_its_secret,
    condemned,
    missing,
    vanished,
)
OFF: tuple[Check, ...] = (switched_off,)
STUCK: tuple[Check, ...] = (expiry_past, expired, disabled_outside, immutable)
FIELDS: tuple[Check, ...] = (changed,)
ON: tuple[Check, ...] = (declared_again, switched_on)
STORED: tuple[Check, ...] = (
    secret_moved,
    store_unreadable,
    secret_missing,
    store_changed,
    unproven,
)
DECLARED: tuple[Check, ...] = (*LIFE, *OFF, *STUCK, *FIELDS, *ON, *STORED)
UNDECLARED: tuple[Check, ...] = (
    never_made,
    provider_gone,
    unreadable,
    already_gone,
    unconfirmed,
    protected,
    enabled_outside,
    delete_due,
    undeclared,
)
