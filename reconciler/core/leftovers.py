"""The steps that settle what interrupted runs left behind."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.keys import Address, Cause, KeyId
from reconciler.core.matching import Late
from reconciler.core.recorded import IntentKind
from reconciler.core.recover import Recovery
from reconciler.core.steps import Action, Reason, Settlement, Step
from reconciler.core.strays import evidence_of
from reconciler.core.tenant import Effect


def recovery_step(recovery: Recovery) -> Step:
    """Say how one open operation ends."""
    intent = recovery.intent
    waits = recovery.settlement in {Settlement.WAIT, Settlement.ASK}
    theirs = recovery.effect is Effect.THEIR_DEPLOY
    action = _goes_on_as(recovery)
    return Step(
        address=intent.address,
        provider=intent.provider,
        action=Action.HOLD if waits else action,
        cause=Cause.RECOVERY,
        reason=Reason.NOT_DEPLOYED if theirs else Reason.ASK if waits else Reason.LEFT_OVER,
        sentence=recovery.sentence,
        number=intent.number,
        key_id=recovery.key_id,
        op=intent.op,
        settlement=recovery.settlement,
    )


def _goes_on_as(recovery: Recovery) -> Action:
    """What has to wait for a deploy of this run takes its turn among the creates and deletes."""
    if recovery.effect is not Effect.OUR_DEPLOY:
        return Action.RECOVER
    creates = recovery.intent.kind is IntentKind.CREATE
    return Action.CREATE if creates else Action.DELETE


def condemned_step(number: int, provider: str, key_id: KeyId | None, address: Address) -> Step:
    """Delete a version whose secret was lost."""
    return Step(
        address=address,
        provider=provider,
        action=Action.DELETE,
        cause=Cause.RECOVERY,
        reason=Reason.CONDEMNED,
        sentence=f"the secret of v{number} was lost in an interrupted run, and nobody has it",
        number=number,
        key_id=key_id,
    )


def waiting_for_proof(step: Step) -> Step:
    """Hold the deletion of a version whose replacement was neither tried out nor used."""
    return replace(
        step,
        action=Action.HOLD,
        reason=Reason.UNPROVEN,
        sentence=f"{step.sentence}; it is deleted once its replacement was used, or tried out where"
        " its stored secret can be read",
    )


def waiting_for_others(step: Step) -> Step:
    """Hold the deletion of a version that is gone, and that some container still accepts."""
    return replace(
        step,
        action=Action.HOLD,
        reason=Reason.NOT_DEPLOYED,
        sentence=f"{step.sentence}; it is gone, and works on until a deploy, which the manifest "
        "leaves to somebody else",
    )


def late_step(late: Late, *, certain: bool, marked: bool) -> Step:
    """Delete what a given-up create brought after all, or have a person look at it."""
    if certain:
        sentence = (
            f"an interrupted create landed late as key {late.live.id}, whose secret nobody has: it "
            "is deleted"
        )
    elif marked:
        sentence = (
            f"key {late.live.id} carries the mark of an interrupted create, and has been used or "
            "copied: delete it at the API if nobody needs it"
        )
    else:
        sentence = (
            "an interrupted create was given up, and keys carry no mark here: it may have landed "
            f"late as {evidence_of((late.live,))}; delete it at the API if nobody needs it"
        )
    return Step(
        address=late.retired.address,
        provider=late.retired.provider,
        action=Action.RECOVER if certain else Action.HOLD,
        cause=Cause.RECOVERY,
        reason=Reason.LATE_LANDING if certain else Reason.ASK,
        sentence=sentence,
        key_id=late.live.id,
        op=late.retired.op,
    )
