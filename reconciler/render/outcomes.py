"""What became of each step, in single lines and in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.core.steps import Action, Counts, Outcome, Result, Step, count
from reconciler.render.escaping import LONGEST_NAME, clean, cut
from reconciler.render.values import plural

HAPPENED: Final[Mapping[Action, str]] = {
    Action.RECOVER: "recovered",
    Action.REVOKE: "revoked",
    Action.CREATE: "created",
    Action.ROTATE: "rotated",
    Action.UPDATE: "updated",
    Action.ENABLE: "switched on",
    Action.DISABLE: "switched off",
    Action.VERIFY: "tried out",
    Action.RESTORE: "restored",
    Action.NOTIFY: "announced",
    Action.PROVIDE: "given to its gateway",
    Action.SWITCH_ON: "all keys are switched on",
    Action.SWITCH_OFF: "all keys are switched off",
    Action.DEPLOY: "deployed",
    Action.REDEPLOY: "deployed",
    Action.RETIRE: "switched off",
    Action.DELETE: "deleted",
    Action.FORGET: "forgotten",
    Action.HOLD: "held",
}
"""What a step that is done has done."""

WORST_LAST: Final = (
    Outcome.DONE,
    Outcome.SKIPPED,
    Outcome.REFUSED,
    Outcome.UNKNOWN,
    Outcome.FAILED,
)


_ADVICE: Final[Mapping[Outcome, str]] = {
    Outcome.FAILED: "Failed ({}): remove the cause, then run `keywright apply` again; it goes on.",
    Outcome.UNKNOWN: "No clear answer ({}): run `keywright plan`; it finds out what happened.",
    Outcome.REFUSED: "Refused ({}), and nothing changed there: correct what was objected to.",
    Outcome.SKIPPED: "Not begun ({}): run `keywright apply` again.",
}


def apply_line(result: Result) -> str:
    """Write one outcome on one line, for logs: `crm-prod: created v1 (9f3e…), secret in …`."""
    step, sentence = result.step, result.sentence
    if result.outcome is Outcome.DONE:
        said = _told_once(step, sentence)
    else:
        said = (
            f"{step.action.replace('_', ' ')}{_version(step)} {result.outcome.upper()}: {sentence}"
        )
    return clean(f"{cut(step.address, LONGEST_NAME)}: {said}")


def apply_summary(results: Sequence[Result]) -> str:
    """Write the last sentence of an apply: Terraform's words, then what did not work."""
    counts = applied(results)
    numbers = f"{counts.add} added, {counts.change} changed, {counts.destroy} destroyed"
    trouble = [
        f"{number} {outcome}"
        for outcome in reversed(WORST_LAST)
        if outcome is not Outcome.DONE and (number := outcomes(results)[outcome])
    ]
    if trouble:
        return f"Apply incomplete: Keys: {numbers}; {', '.join(trouble)}."
    return f"Apply complete! Keys: {numbers}."


def applied(results: Sequence[Result]) -> Counts:
    """Count the steps that are done, in Terraform's three numbers."""
    return count(tuple(r.step for r in results if r.outcome is Outcome.DONE))


def outcomes(results: Sequence[Result]) -> dict[Outcome, int]:
    """Count results by their outcome."""
    found = dict.fromkeys(Outcome, 0)
    for result in results:
        found[result.outcome] += 1
    return found


def next_steps(results: Sequence[Result]) -> tuple[str, ...]:
    """Say what to do about each kind of outcome that is not done."""
    found = outcomes(results)
    return tuple(
        advice.format(plural(found[outcome], "step"))
        for outcome, advice in _ADVICE.items()
        if found[outcome]
    )


def _told_once(step: Step, sentence: str) -> str:
    """Put what happened before a sentence, unless the sentence begins with it anyway."""
    happened = HAPPENED[step.action]
    rest = sentence
    if step.number is not None:
        rest = rest.removeprefix(f"v{step.number}").lstrip()
    rest = rest.removeprefix(happened).lstrip()
    head = f"{happened}{_version(step)}"
    if not rest:
        return head
    return f"{head}{rest}" if rest[0] in ",:;." else f"{head} {_aside(rest)}"


def _aside(rest: str) -> str:
    return rest if rest.startswith("(") else f"({rest})"


def _version(step: Step) -> str:
    return f" v{step.number}" if step.number is not None else ""
