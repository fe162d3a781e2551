"""The ordered tables of small checks that decide what happens to one key.

Each check looks at one `Situation` and says nothing, or gives a `Finding` with its cause, its named
reason and a sentence. The first finding is the decision; order is therefore meaning: what makes a
key untouchable comes before what would change it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.core.desired import OnExternalDisable, OnUnused
from reconciler.core.keys import ENABLED, EXPIRES_AT, Cause, Stage
from reconciler.core.leaving import (
    already_gone,
    delete_due,
    enabled_outside,
    never_made,
    protected,
    undeclared,
)
from reconciler.core.observed import LiveStatus
from reconciler.core.renewal import (
    asked,
    due,
    immutable,
    minute,
    provider_moved,
    rolled_back,
    rotate,
    secret_missing,
    secret_moved,
    store_changed,
    too_near,
)
from reconciler.core.retirement import idle_since, unannounced
from reconciler.core.revoked import replaced_or_not, still_works
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
    """Give what has to happen to one key, by the version in use; nothing when all is well.

    A key that left the manifest has one finding, and so has one that is not there. What was revoked
    goes before everything else. Switching a living key off is decided by itself, since it must
    never wait for anything; then whether it needs a new version; its fields and switching it on;
    its stored secret is looked at when nothing else has to change.
    """
    revoked = _first(TAKEN_BACK, situation)
    if situation.key is None:
        return revoked or _first(UNDECLARED, situation)
    if revoked or situation.incident is not None:
        return revoked + _first(INSTEAD, situation)
    return _first(LIFE, situation) or _alive(situation)


def _alive(situation: Situation) -> tuple[Finding, ...]:
    """Decide on a living key. That a rotation waits its turn must not hide what cannot wait."""
    found = _living(situation)
    patient = all(finding.reason is Reason.PREDECESSOR for finding in found)
    stored = _first(STORED, situation) if patient else ()
    if any(finding.action is Action.ROTATE for finding in stored):
        return stored
    urgent = tuple(finding for finding in stored if finding.action is not Action.HOLD)
    return found + (urgent if found else stored)


def _living(situation: Situation) -> tuple[Finding, ...]:
    off = _first(OFF, situation)
    stuck = () if situation.asked else _first(STUCK, situation)
    if stuck:
        return off + stuck
    on = () if situation.asked else _first(ON, situation)
    idle = any(finding.reason is Reason.UNUSED for finding in off)
    renewal = () if on or idle else _first(RENEWAL, situation)
    if any(finding.reason is Reason.PROVIDER_MOVED for finding in renewal):
        return off + renewal
    replaced = any(finding.action is Action.ROTATE for finding in renewal)
    fields = _first(FIELDS, left_as_it_ends(situation) if replaced else situation)
    return off + renewal + fields + on


def left_as_it_ends(s: Situation) -> Situation:
    """Look away from the end of a version that is replaced: it is never given a longer life."""
    return replace(s, differences=tuple(d for d in s.differences if d.field != EXPIRES_AT))


def _first(table: tuple[Check, ...], situation: Situation) -> tuple[Finding, ...]:
    for check in table:
        if (found := check(situation)) is not None:
            return (found,)
    return ()


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


def ends_too_soon(s: Situation) -> Finding | None:
    """A key that has to be made would be dead at once."""
    return None if s.live is not None or s.lagging else too_near(s)


def expiry_past(s: Situation) -> Finding | None:
    """The manifest moves the expiry of a living key into the past."""
    if s.live is None or s.expiry is None or s.expiry > s.now or not expiry_changes(s):
        return None
    return hold(
        Reason.EXPIRY_PAST,
        f"`expires` asks for {minute(s.expiry)}, which is past: give a later one",
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


def nothing_in_use(s: Situation) -> Finding | None:
    """What is left of it are versions that had a successor, and that one is gone."""
    if s.version is None or not s.version.superseded:
        return None
    return Finding(
        Action.CREATE, Cause.RECOVERY, Reason.MISSING, "none of its versions is in use any more"
    )


def vanished(s: Situation) -> Finding | None:
    """It is gone at the API: run out, revoked, or deleted by somebody."""
    if s.version is None or s.key is None or not s.absent:
        return None
    if s.ends_at is not None and s.ends_at <= s.now:
        return _ran_out(s, f"v{s.version.number} expired on {minute(s.ends_at)}, and is gone")
    if not s.revoked:
        return _anew(s, Cause.DRIFT, Reason.VANISHED, "was deleted outside Keywright")
    if s.asked or s.key.on_external_disable is OnExternalDisable.ROTATE:
        return _anew(s, Cause.DRIFT, Reason.DISABLED_OUTSIDE, "was revoked outside Keywright")
    return hold(
        Reason.DISABLED_OUTSIDE,
        f"v{s.version.number} was revoked outside Keywright, which may be an incident: "
        f"`keywright rotate {s.key.address}` makes a new version, or remove the key",
    )


def _anew(s: Situation, cause: Cause, reason: Reason, what: str) -> Finding:
    number = s.version.number if s.version else 0
    impact = f"v{number} does not work any more; consumers need the new secret"
    return Finding(Action.CREATE, cause, reason, f"v{number} {what}", impact)


def _ran_out(s: Situation, said: str) -> Finding:
    """Replace what expired where the manifest rotates it, and where a person wants that."""
    if s.key is not None and (s.asked or s.key.rotation.due_some_day):
        cause = Cause.CONFIG if s.asked else Cause.CLOCK
        if s.absent:
            return Finding(Action.CREATE, cause, Reason.EXPIRED, f"{said}: it is replaced")
        return rotate(s, Reason.EXPIRED, Cause.CLOCK, f"{said}: it is replaced")
    way_out = "set a later `expires`, declare `rotate`, or remove the key"
    return hold(Reason.EXPIRED, f"{said}: {way_out}", Cause.CLOCK)


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
    said = "it was disabled outside Keywright"
    match s.key.on_external_disable if s.key else OnExternalDisable.HOLD:
        case OnExternalDisable.ROTATE:
            what = f"{said}: `on_external_disable` is rotate"
            return rotate(s, Reason.DISABLED_OUTSIDE, Cause.DRIFT, what)
        case OnExternalDisable.REACTIVATE if s.able and s.able.can_enable:
            what = f"{said}: `on_external_disable` is reactivate"
            return Finding(Action.ENABLE, Cause.DRIFT, Reason.DISABLED_OUTSIDE, what)
        case _:
            way_out = "enable it there, or declare `enabled: false`"
            what = f"{said}, which may be an incident: {way_out}"
            return hold(Reason.DISABLED_OUTSIDE, what)


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
    return _ran_out(s, "it has expired, and no longer works")


def changed(s: Situation) -> Finding | None:
    """Fields differ that can be changed in place; not where it moves to another API anyway."""
    moves = s.key is not None and s.version is not None and s.version.provider != s.key.provider
    if not s.mendable or moves:
        return None
    ours = any(d.cause is Cause.CONFIG for d in s.mendable)
    loud = any(d.widens for d in s.mendable)
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


def store_unreadable(s: Situation) -> Finding | None:
    """The store could not be looked at, so nothing is known of the secret."""
    if s.store_unread is None or s.version is None:
        return None
    return hold(Reason.STORE_UNREADABLE, f"its secret was not checked: {s.store_unread}")


def unused(s: Situation) -> Finding | None:
    """Nobody has used it for long, and the manifest says to switch such a key off."""
    idle = idle_since(s)
    if idle is None or s.key is None or s.key.on_unused is not OnUnused.DISABLE or s.asked:
        return None
    if ENABLED in s.key.attributes or not stands(s, LiveStatus.ACTIVE):
        return None
    return Finding(
        Action.DISABLE,
        Cause.CLOCK,
        Reason.UNUSED,
        f"{idle}: `on_unused` is disable",
        "the key stops working at once; declare `enabled: true` to have it back",
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


TAKEN_BACK: tuple[Check, ...] = (still_works,)
INSTEAD: tuple[Check, ...] = (provider_gone, replaced_or_not)
LIFE: tuple[Check, ...] = (
    provider_gone,
    unreadable,
    unconfirmed,
    ends_too_soon,
    no_place_for_its_secret,
    condemned,
    missing,
    nothing_in_use,
    vanished,
)
OFF: tuple[Check, ...] = (switched_off, unused)
STUCK: tuple[Check, ...] = (expiry_past, expired, disabled_outside)
RENEWAL: tuple[Check, ...] = (asked, rolled_back, provider_moved, immutable, secret_moved, due)
FIELDS: tuple[Check, ...] = (changed,)
ON: tuple[Check, ...] = (declared_again, switched_on)
STORED: tuple[Check, ...] = (store_unreadable, secret_missing, store_changed, unproven, unannounced)
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
