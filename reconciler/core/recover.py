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
from reconciler.core.strays import evidence_of
from reconciler.core.tenant import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A decision on one open operation, with the live key it is about, if there is one.

    `effect` says when what it does counts: where a deploy has to come first, it goes on in this
    very run (ours), or in one after it (theirs).
    """

    intent: Intent
    settlement: Settlement
    sentence: str
    key_id: KeyId | None = None
    effect: Effect = Effect.NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is left of one operation. `candidates` are unrecorded live keys that may be its own.

    `live` is the key of a known id; `gone` says that a known id is confirmed absent. `effect` is
    when a key of a known id counts, or stops to where it is gone. `lagging`: the list may not show
    yet what it made. `certain`: a candidate is its own beyond doubt, by mark or because nobody else
    makes keys there; `marked` says which of the two.
    `replaceable`: what was stored of it cannot be read to try it out, and the version before works.
    """

    live: LiveKey | None
    gone: bool
    candidates: tuple[LiveKey, ...]
    head: Head | None
    store_unread: str | None
    spool: SpoolView
    unread: str | None
    declared: bool
    effect: Effect = Effect.NOW
    lagging: bool = False
    marked: bool = True
    certain: bool = True
    replaceable: bool = False


def settle(intent: Intent, evidence: Evidence) -> Recovery:
    """Decide how one open operation ends. Total: every state of the evidence has its rule."""
    if evidence.unread is not None:
        return _say(intent, Settlement.WAIT, f"not settled yet: {evidence.unread}")
    if intent.kind is IntentKind.RESTORE:
        return _settle_restore(intent, evidence)
    if intent.kind is not IntentKind.CREATE:
        return _settle_idempotent(intent, evidence)
    if evidence.store_unread is not None:
        return _say(intent, Settlement.WAIT, f"not settled yet: {evidence.store_unread}")
    spooled = intent.op in evidence.spool.ops and evidence.spool.readable
    if intent.key_id is not None:
        return _settle_answered(intent, evidence, spooled=spooled)
    if spooled:
        return _finish_unanswered(intent, evidence)
    return _settle_unanswered(intent, evidence)


def _settle_idempotent(intent: Intent, evidence: Evidence) -> Recovery:
    """Close it, unless it took a key away that some container still accepts."""
    if intent.kind is not IntentKind.DELETE or not evidence.gone:
        return _say(intent, Settlement.CLOSE, f"an interrupted {intent.kind} is looked at again")
    match evidence.effect:
        case Effect.THEIR_DEPLOY:
            sentence = f"v{intent.number} was deleted, and works on{_UNTIL_THEIRS}"
            return _say(intent, Settlement.WAIT, sentence, effect=evidence.effect)
        case Effect.OUR_DEPLOY:
            sentence = f"v{intent.number} was deleted, and works on until a deploy"
            return _say(intent, Settlement.CLOSE, sentence, effect=evidence.effect)
        case _:
            sentence = f"an interrupted {intent.kind} is looked at again"
            return _say(intent, Settlement.CLOSE, sentence)


def _settle_restore(intent: Intent, evidence: Evidence) -> Recovery:
    """Consumers may read the older version already, so it is finished while that one is there."""
    if evidence.live is not None:
        return _say(intent, Settlement.FINISH, "an interrupted undo is finished")
    if evidence.gone:
        return _say(
            intent, Settlement.CLOSE, f"an interrupted undo is closed: v{intent.number} is gone"
        )
    return _say(intent, Settlement.WAIT, f"not settled yet: v{intent.number} is not listed")


def _finish_unanswered(intent: Intent, evidence: Evidence) -> Recovery:
    """The spool has the secret, and with it the id of the key, which no record has yet."""
    only = evidence.candidates if evidence.marked else ()
    known = only[0].id if len(only) == 1 else None
    ours = evidence.effect is Effect.OUR_DEPLOY
    return _say(
        intent,
        Settlement.FINISH,
        "an interrupted create is finished",
        known,
        effect=Effect.OUR_DEPLOY if ours else Effect.NOW,
    )


def _settle_unanswered(intent: Intent, evidence: Evidence) -> Recovery:
    """The intent has no id and nobody has its secret: the answer was lost, or never came."""
    match evidence.candidates:
        case () if evidence.lagging:
            return _say(
                intent,
                Settlement.WAIT,
                "not settled yet: the list may not show yet what an interrupted create made",
            )
        case ():
            return _say(intent, Settlement.GIVE_UP, "an interrupted create left no key behind")
        case several if not evidence.certain:
            return _say(
                intent,
                Settlement.ASK,
                "an interrupted create got no answer, and keys carry no mark here: it may have "
                f"made {evidence_of(several)}; delete at the API what nobody needs, or declare "
                "`exclusive: true` if nobody else makes keys here",
            )
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
        case several if not evidence.marked:
            return _say(
                intent,
                Settlement.ASK,
                "an interrupted create made one of several keys, though nobody else should make "
                f"any here: {evidence_of(several)}; delete at the API what nobody needs",
            )
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
    if evidence.replaceable and not spooled and _is_staged(intent, evidence):
        return _say(
            intent,
            Settlement.UNDO,
            f"key {intent.key_id} of an interrupted create can be tried out no more, since its "
            "stored secret cannot be read: it is deleted before anybody reads it",
        )
    if spooled or _stored(intent, evidence):
        return _settle_kept(intent, evidence, spooled=spooled)
    if not evidence.declared:
        return _say(
            intent,
            Settlement.UNDO,
            f"the secret of key {intent.key_id} was lost in an interrupted create, and the key "
            "left the manifest: it is deleted",
        )
    return _say(
        intent,
        Settlement.CONDEMN,
        f"the secret of key {intent.key_id} was lost in an interrupted create: it is replaced, and "
        "deleted once the replacement works",
    )


_UNTIL_THEIRS = " until a deploy, which the manifest leaves to somebody else"


def _settle_kept(intent: Intent, evidence: Evidence, *, spooled: bool) -> Recovery:
    """The key lives and its secret is kept: what is missing may be a deploy."""
    how = Settlement.FINISH if spooled else Settlement.PUBLISH
    effect = evidence.effect
    if effect is Effect.NOW:
        return _say(intent, how, "an interrupted create is finished")
    if not evidence.declared:
        return _say(
            intent,
            Settlement.UNDO,
            f"key {intent.key_id} left the manifest before it came into effect: it is deleted",
        )
    if effect is Effect.THEIR_DEPLOY:
        sentence = f"key {intent.key_id} is made, and does not count{_UNTIL_THEIRS}"
        return _say(intent, Settlement.WAIT, sentence, effect=effect)
    sentence = "it is made, and comes into effect with a deploy"
    return _say(intent, how, sentence, effect=effect)


def _stored(intent: Intent, evidence: Evidence) -> bool:
    return evidence.head is not None and evidence.head.carries(intent.op)


def _is_staged(intent: Intent, evidence: Evidence) -> bool:
    """Whether the secret rests in its slot, and consumers do not read it."""
    head = evidence.head
    published = head is not None and head.current is not None and head.current.op == intent.op
    return _stored(intent, evidence) and not published


def _say(
    intent: Intent,
    settlement: Settlement,
    sentence: str,
    key_id: KeyId | None = None,
    *,
    effect: Effect = Effect.NOW,
) -> Recovery:
    return Recovery(
        intent=intent,
        settlement=settlement,
        sentence=sentence,
        key_id=key_id or intent.key_id,
        effect=effect,
    )


def remember_effect(intent: Intent, row: KeyRow, live: LiveKey | None) -> KeyRow:
    """Give a row that knows what an interrupted operation of ours did to a living key.

    Without it, our own switching off would look like somebody else's, and be held for ever.
    """
    version = next((v for v in row.living if v.number == intent.number), None)
    if version is None or live is None:
        return row
    off, ended = live.status is LiveStatus.DISABLED, live.status is not LiveStatus.ACTIVE
    match intent.kind:
        case IntentKind.DISABLE if off:
            return replace(row, disabled_by_us=True)
        case IntentKind.RETIRE | IntentKind.DELETE if ended and version.stage in _WORKING:
            return _with(row, _on_its_way_out(intent, row, version))
        case IntentKind.ENABLE if not off:
            back = replace(version, stage=Stage.CURRENT, disabled_at=None, delete_at=None)
            return replace(_with(row, back), disabled_by_us=False)
        case _:
            return row


_WORKING = frozenset({Stage.CURRENT, Stage.RETIRING})


def _on_its_way_out(intent: Intent, row: KeyRow, version: Version) -> Version:
    began = intent.started_at
    due = began + row.delete_after
    return replace(version, stage=Stage.DISABLED, disabled_at=began, delete_at=due)


def _with(row: KeyRow, version: Version) -> KeyRow:
    versions = (version if v.number == version.number else v for v in row.versions)
    return replace(row, versions=tuple(versions))
