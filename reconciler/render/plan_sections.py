"""What a plan says beside its steps: foreign keys, removals under way, unread APIs, refusals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.core.steps import Foreign, ProviderState, Scheduled
from reconciler.render.escaping import LONGEST_NAME, cut
from reconciler.render.lines import BLANK, Line, Span, Style, say
from reconciler.render.values import quote, word_due, word_time

_FEW = 10


def unread_lines(providers: Sequence[ProviderState]) -> Iterator[Line]:
    """Say which providers could not be read, and what that means."""
    for provider in providers:
        if provider.problem is not None:
            yield say(f"Warning: provider {_name(provider.name)} could not be read", Style.LOUD)
            yield say(provider.problem, indent=2)
            yield say(
                "Nothing that is missing there is created, and nothing is deleted, until it can "
                "be read.",
                indent=2,
            )
            yield BLANK


def foreign_lines(foreign: Sequence[Foreign], *, verbose: bool) -> Iterator[Line]:
    """List keys that nobody declared, those first that have the name of a declared one."""
    if not foreign:
        return
    ordered = sorted(foreign, key=lambda each: each.twin_of is None)
    shown = ordered if verbose else ordered[:_FEW]
    yield say(f"Unmanaged keys ({len(foreign)}), which are left alone:", Style.HEAD)
    for each in shown:
        yield from _foreign(each)
    if hidden := len(ordered) - len(shown):
        yield say(f"… and {hidden} more (--verbose lists them all)", Style.FAINT, indent=2)
    yield BLANK


def _foreign(each: Foreign) -> Iterator[Line]:
    used = f"last used {word_time(each.last_used_at)}" if each.last_used_at else "no known use"
    where = f" at {_name(each.provider)}, id {quote(each.key_id)}, {used}"
    named = Span(quote(each.name)) if each.name else Span("(no name)", Style.FAINT)
    yield Line((named, Span(where, Style.FAINT)), 2, 6)
    if each.twin_of is not None:
        twin = cut(each.twin_of, LONGEST_NAME)
        sentence = f"has the name of declared key {twin} but not our mark; it is left alone"
        yield say(sentence, Style.WAIT, indent=6, hang=6)


def scheduled_lines(scheduled: Sequence[Scheduled], now: datetime) -> Iterator[Line]:
    """List removals that have begun and are due later."""
    if not scheduled:
        return
    yield say("Under way:", Style.HEAD)
    for each in scheduled:
        yield say(
            f"{cut(each.address, LONGEST_NAME)} v{each.number} is disabled, and will be destroyed "
            f"after {word_time(each.delete_at)} ({word_due(each.delete_at, now)})",
            indent=2,
            hang=6,
        )
    yield BLANK


def refusal_lines(refusals: Sequence[str]) -> Iterator[Line]:
    """Say everything that guards object to."""
    if not refusals:
        return
    yield say("Apply would refuse this plan:", Style.LOUD)
    for refusal in refusals:
        yield Line((Span("* ", Style.LOUD, solid=True), Span(refusal)), 2, 4)
    yield BLANK


def _name(name: str) -> str:
    return f"'{cut(name, LONGEST_NAME)}'"
