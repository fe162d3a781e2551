"""A plan as text that reads like Terraform's, and that tools which read Terraform's understand.

Everything below the headings is indented, so that no name from outside can begin a line and be
taken for a summary or an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import Address
from reconciler.core.steps import Action, Plan, Step, count
from reconciler.render.escaping import LONGEST_NAME, clean, cut
from reconciler.render.lines import BLANK, Line, Span, Style, paint, say
from reconciler.render.looks import legend
from reconciler.render.plan_sections import (
    foreign_lines,
    refusal_lines,
    remark_lines,
    scheduled_lines,
    unread_lines,
)
from reconciler.render.plan_steps import step_lines
from reconciler.render.values import plural

NO_CHANGES = "No changes. Your keys match the manifest."


def plan_text(
    plan: Plan,
    keys: Mapping[Address, DesiredKey],
    refusals: Sequence[str] = (),
    *,
    width: int,
    color: bool,
    verbose: bool = False,
) -> str:
    """Write a whole plan; `keys` is what the manifest declares, to show what will be made."""
    lines = _lines(plan, keys, refusals, width=width, verbose=verbose)
    return paint(lines, width=width, color=color)


def plan_summary(plan: Plan, refusals: Sequence[str] = ()) -> str:
    """Write the last sentence of a plan: Terraform's words first, then our own detail."""
    return clean("".join(span.text for span in _summary(plan, refusals).spans))


def _lines(
    plan: Plan,
    keys: Mapping[Address, DesiredKey],
    refusals: Sequence[str],
    *,
    width: int,
    verbose: bool,
) -> Iterator[Line]:
    actions, holds = plan.actions, plan.holds
    nameless = {provider.name for provider in plan.providers if provider.nameless}
    if plan.steps:
        yield from legend(frozenset(step.action for step in plan.steps))
    for title, steps in (
        ("Keywright will perform the following actions:", actions),
        ("Keywright leaves these keys alone until you decide:", holds),
    ):
        if steps:
            yield from (say(title, Style.HEAD), BLANK)
        for step in steps:
            yield from step_lines(
                step,
                keys.get(step.address),
                width=width,
                verbose=verbose,
                nameless=step.provider in nameless,
            )
    yield from foreign_lines(plan.foreign, verbose=verbose)
    yield from scheduled_lines(plan.scheduled, plan.made_at, verbose=verbose)
    yield from remark_lines(plan.remarks, verbose=verbose)
    yield from unread_lines(plan.providers)
    yield from refusal_lines(refusals)
    yield _summary(plan, refusals)


def _summary(plan: Plan, refusals: Sequence[str]) -> Line:
    """The sentence itself is never broken, however narrow the terminal: programs look for it."""
    actions, holds = plan.actions, plan.holds
    unread = [f"'{cut(p.name, LONGEST_NAME)}'" for p in plan.providers if p.problem is not None]
    if actions:
        return _sentence(_planned(actions), _details(actions, holds, unread, refusals))
    if unread:
        about = f"{'provider' if len(unread) == 1 else 'providers'} {', '.join(unread)}"
        return _sentence(f"Nothing can be said about {about}.", _waiting(holds))
    if holds:
        return _sentence("No changes to make.", _waiting(holds))
    if refusals:
        return _sentence("No changes to make, but apply would refuse this plan (see above).", "")
    return _sentence(NO_CHANGES, "")


def _sentence(main: str, detail: str) -> Line:
    return Line((Span(main, Style.HEAD, solid=True), Span(f" {detail}" if detail else "")), 0, 2)


def _planned(actions: Sequence[Step]) -> str:
    counts = count(tuple(actions))
    return f"Plan: {counts.add} to add, {counts.change} to change, {counts.destroy} to destroy."


def _details(
    actions: Sequence[Step],
    holds: Sequence[Step],
    unread: Sequence[str],
    refusals: Sequence[str],
) -> str:
    rotations = sum(step.action is Action.ROTATE for step in actions)
    left_over = sum(step.action is Action.RECOVER for step in actions)
    parts = [
        f"{number} {what}"
        for number, what in (
            (rotations, "rotation" if rotations == 1 else "rotations"),
            (len(holds), "held"),
            (left_over, "left over"),
            (len(unread), "not read"),
            (len(refusals), "refused"),
        )
        if number
    ]
    return f"{', '.join(parts)}." if parts else ""


def _waiting(holds: Sequence[Step]) -> str:
    waiting = len({step.address for step in holds})
    if not waiting:
        return ""
    return f"{plural(waiting, 'key')} {'waits' if waiting == 1 else 'wait'} for you (see above)."
