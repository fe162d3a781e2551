"""What to do about an operation that an earlier run began and did not close.

A create whose answer was lost, a time-out and a crash are the same thing here: an intent, and what
is left in the world. Each settlement is idempotent, so that a crash during recovery is just another
open intent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.core.keys import KeyId, Stage
from reconciler.core.observed import Head, LiveKey, LiveStatus, SpoolView
from reconciler.core.recorded import Intent, IntentKind, KeyRow, Version
from reconciler.core.steps import Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A decision on one open operation, with the live key it is about, if there is one."""

    intent: Intent
    settlement: Settlement
    sentence: str
    key_id: KeyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is left of one operation. `candidates` are unrecorded live keys that carry its mark.

    `live` is the key of a known id; `gone` says that a known id is confirmed absent.
    """

    live: LiveKey | None
    gone: bool
    candidates: tuple[LiveKey, ...]
    head: Head | None
    store_unread: str | None
    spool: SpoolView
    unread: str | None
    declared: bool


def settle(intent: Intent, evidence: Evidence) -> Recovery:
    """Decide how one open operation ends. Total: every state of the evidence has its rule."""
    if evidence.unread is not None:
        return _say(intent, Settlement.WAIT, f"not settled yet: {evidence.unread}")
    if intent.kind is not IntentKind.CREATE:
        return _say(intent, Settlement.CLOSE, f"an interrupted {intent.kind} is looked at again")
    if evidence.store_unread is not None:
        return _say(intent, Settlement.WAIT, f"not settled yet: {evidence.store_unread}")
    spooled = intent.op in evidence.spool.ops and evidence.spool.readable
    if intent.key_id is None:
        return _settle_unanswered(intent, evidence, spooled=spooled)
    return _settle_answered(intent, evidence, spooled=spooled)


def _settle_unanswered(intent: Intent, evidence: Evidence, *, spooled: bool) -> Recovery:
    """The intent has no id: the answer was lost, or never came."""
    match evidence.candidates:
        case () if spooled:
            return _say(intent, Settlement.FINISH, "an interrupted create is finished")
        case ():
            return _say(intent, Settlement.GIVE_UP, "an interrupted create left no key behind")
        case (live,) if spooled:
            return _say(intent, Settlement.FINISH, "an interrupted create is finished", live.id)
        case (live,) if live.last_used_at is None and not _stored(intent, evidence):
            return _say(
                intent,
                Settlement.UNDO,
                f"an interrupted create left key {live.id} behind, whose secret nobody has: it is "
                "deleted, and the key is made anew",
                live.id,
            )
        case (live,):
            return _say(
                intent,
                Settlement.ASK,
                f"key {live.id} carries our mark and has been used, though its secret never reached"
                " the store: delete it at the API if nobody needs it",
                live.id,
            )
        case _ if spooled:
            return _say(intent, Settlement.FINISH, "an interrupted create is finished")
        case several:
            ids = ", ".join(sorted(str(live.id) for live in several))
            return _say(
                intent,
                Settlement.ASK,
                f"keys {ids} all carry the mark of one interrupted create: delete at the API those "
                "that nobody needs",
            )


def _settle_answered(intent: Intent, evidence: Evidence, *, spooled: bool) -> Recovery:
    """The intent has the id, so the API had answered and the secret was in our hands."""
    if evidence.gone:
        return _say(
            intent, Settlement.GIVE_UP, f"key {intent.key_id} of an interrupted create is gone"
        )
    if evidence.live is None:
        return _say(intent, Settlement.WAIT, "not settled yet: its key is not listed")
    if spooled:
        return _say(intent, Settlement.FINISH, "an interrupted create is finished", intent.key_id)
    if _stored(intent, evidence):
        return _say(intent, Settlement.PUBLISH, "an interrupted create is finished", intent.key_id)
    if not evidence.declared:
        return _say(
            intent,
            Settlement.UNDO,
            f"the secret of key {intent.key_id} was lost in an interrupted create, and the key "
            "left the manifest: it is deleted",
            intent.key_id,
        )
    return _say(
        intent,
        Settlement.CONDEMN,
        f"the secret of key {intent.key_id} was lost in an interrupted create: it is replaced, and "
        "deleted once the replacement works",
        intent.key_id,
    )


def _stored(intent: Intent, evidence: Evidence) -> bool:
    return evidence.head is not None and evidence.head.carries(intent.op)


def _say(
    intent: Intent, settlement: Settlement, sentence: str, key_id: KeyId | None = None
) -> Recovery:
    return Recovery(intent=intent, settlement=settlement, sentence=sentence, key_id=key_id)


def remember_effect(intent: Intent, row: KeyRow, live: LiveKey | None) -> KeyRow:
    """Give a row that knows what an interrupted operation of ours did to a living key.

    Without it, our own switching off would look like somebody else's, and be held for ever.
    """
    version = next((v for v in row.living if v.number == intent.number), None)
    if version is None or live is None:
        return row
    off = live.status is LiveStatus.DISABLED
    match intent.kind:
        case IntentKind.DISABLE if off:
            return replace(row, disabled_by_us=True)
        case IntentKind.RETIRE | IntentKind.DELETE if off and version.stage is Stage.CURRENT:
            return _with(row, _on_its_way_out(intent, row, version))
        case IntentKind.ENABLE if not off:
            back = replace(version, stage=Stage.CURRENT, disabled_at=None, delete_at=None)
            return replace(_with(row, back), disabled_by_us=False)
        case _:
            return row


def _on_its_way_out(intent: Intent, row: KeyRow, version: Version) -> Version:
    began = intent.started_at
    due = began + row.delete_after
    return replace(version, stage=Stage.DISABLED, disabled_at=began, delete_at=due)


def _with(row: KeyRow, version: Version) -> KeyRow:
    versions = (version if v.number == version.number else v for v in row.versions)
    return replace(row, versions=tuple(versions))
