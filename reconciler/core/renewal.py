"""The checks whose answer is a new version beside the one in use: a rotation, and why.

The former version goes on working until its successor has taken over. Where something stands
against a rotation that is due, the finding is a hold that says what for.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.core.keys import At, Cause
from reconciler.core.observed import LiveStatus
from reconciler.core.situation import Finding, Situation, hold, stands, wants
from reconciler.core.steps import Action, Reason

_PATIENT = frozenset(
    {Reason.TOO_OLD, Reason.IMMUTABLE, Reason.ASKED, Reason.PROVIDER_MOVED, Reason.SECRET_MOVED}
)
"""Reasons that can wait until the rotation before them has come to its end."""
AT_ONCE = timedelta(0)


def rotate(
    s: Situation, reason: Reason, cause: Cause, sentence: str, overlap: timedelta | None = None
) -> Finding:
    """Give a rotation; `overlap` stands in for what the manifest says."""
    declared = s.key.rotation.overlap if s.key else AT_ONCE
    finding = Finding(
        Action.ROTATE,
        cause,
        reason,
        sentence,
        overlap=declared if overlap is None else overlap,
    )
    return _unless_something_waits(s, finding)


def _unless_something_waits(s: Situation, finding: Finding) -> Finding:
    elder = s.predecessor
    if elder is not None and finding.reason in _PATIENT:
        wait = f"it waits until v{elder.number} is retired"
        return hold(Reason.PREDECESSOR, f"{finding.sentence}; {wait}", finding.cause)
    if s.store_unread is not None:
        sentence = f"{finding.sentence}; it is not rotated: {s.store_unread}"
        return hold(Reason.STORE_UNREADABLE, sentence, finding.cause)
    if (near := too_near(s)) is not None:
        return replace(near, sentence=f"{finding.sentence}; {near.sentence}")
    return finding


def too_near(s: Situation) -> Finding | None:
    """Say so where a version that is made now would end before it could take over."""
    key, able = s.key, s.able
    if key is None or not isinstance(key.lifetime, At):
        return None
    shortest = able.shortest if able and able.shortest else AT_ONCE
    ends = key.lifetime.instant
    if ends > s.now + shortest and ends > s.now:
        return None
    near = "past" if ends <= s.now else "too near for this API"
    return hold(
        Reason.EXPIRY_PAST if ends <= s.now else Reason.EXPIRY_TOO_NEAR,
        f"`expires` asks for {minute(ends)}, which is {near}: give a later one",
        Cause.CONFIG,
    )


def minute(instant: datetime) -> str:
    """Word an instant for a sentence."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def asked(s: Situation) -> Finding | None:
    """A person wants a new version now."""
    if not s.asked:
        return None
    return rotate(s, Reason.ASKED, Cause.CONFIG, "you asked for a new version")


def provider_moved(s: Situation) -> Finding | None:
    """The manifest moved the key to another provider: it is made there, then retired here."""
    if not (s.key and s.version and s.version.provider != s.key.provider):
        return None
    sentence = f"it moves from provider '{s.version.provider}' to '{s.key.provider}'"
    return rotate(s, Reason.PROVIDER_MOVED, Cause.CONFIG, sentence)


def immutable(s: Situation) -> Finding | None:
    """A field differs that this API cannot change in place."""
    stuck = s.stuck
    if not stuck:
        return None
    fields = ", ".join(d.field for d in stuck)
    ours = any(d.cause is Cause.CONFIG for d in stuck)
    who = "" if ours else " and was changed outside Keywright"
    sentence = f"{fields} cannot be changed in place{who}, which forces a new version"
    return rotate(s, Reason.IMMUTABLE, Cause.CONFIG if ours else Cause.DRIFT, sentence)


def secret_moved(s: Situation) -> Finding | None:
    """The manifest names another slot; the secret cannot be asked for again."""
    if not (s.key and s.version and s.version.target != s.key.target):
        return None
    sentence = f"its secret moves from {s.version.target} to {s.key.target}"
    return rotate(s, Reason.SECRET_MOVED, Cause.CONFIG, sentence)


def rolled_back(s: Situation) -> Finding | None:
    """The slot points to an older version of ours that still lives: somebody meant it to."""
    current = s.head.current if s.head else None
    if s.version is None or current is None or current.op == s.version.op:
        return None
    older = next((v for v in s.row.living if v.op == current.op), None) if s.row else None
    if older is None:
        return None
    return hold(
        Reason.ROLLED_BACK,
        f"{s.version.target} points to v{older.number} again, which somebody must have done: "
        f"`keywright undo {s.key.address if s.key else ''}` makes that the version in use",
    )


def secret_missing(s: Situation) -> Finding | None:
    """The slot no longer has the secret of the current version, and is still ours."""
    if s.version is None or s.head is None or s.head.carries(s.version.op):
        return None
    if not s.slot_is_ours:
        return None
    sentence = f"the secret of v{s.version.number} is not in {s.head.target} any more"
    return rotate(s, Reason.SECRET_MISSING, Cause.DRIFT, sentence)


def store_changed(s: Situation) -> Finding | None:
    """The slot points to something else than the current version."""
    if s.version is None or s.head is None:
        return None
    if s.head.current is not None and s.head.current.op == s.version.op:
        return None
    sentence = (
        f"{s.head.target} does not point to v{s.version.number} any more: somebody changed the "
        "store"
    )
    if not s.slot_is_ours:
        way_out = "restore the slot, or give the key another one"
        return hold(Reason.STORE_CHANGED, f"{sentence}, and it is not ours now: {way_out}")
    return rotate(s, Reason.STORE_CHANGED, Cause.DRIFT, sentence)


def due(s: Situation) -> Finding | None:
    """Its time has come; not for a key that the manifest or we switched off: nobody uses it."""
    if s.due is None or s.due.at > s.now or s.version is None or wants(s, enabled=False):
        return None
    if stands(s, LiveStatus.DISABLED):
        return None
    if s.due.reason is Reason.EXPIRING:
        ends = f" on {minute(s.ends_at)}" if s.ends_at else ""
        sentence = f"v{s.version.number} expires{ends}"
    else:
        sentence = f"v{s.version.number} was made on {minute(s.version.created_at)}"
    return rotate(s, s.due.reason, Cause.CLOCK, f"{sentence}: a new version is due")
