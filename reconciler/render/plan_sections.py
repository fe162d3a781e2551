"""What a plan says beside its steps: foreign keys, what is due, remarks, unread APIs, refusals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from reconciler.core.steps import Action, Foreign, ProviderState, Remark, Scheduled
from reconciler.render.escaping import LONGEST_NAME, cut
from reconciler.render.lines import BLANK, Line, Span, Style, say
from reconciler.render.values import quote, word_soon, word_time

_FEW = 10
_NEXT = 3
_VERBOSE = "--verbose"
_EVER = datetime.max.replace(tzinfo=UTC)


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
    yield from _hidden(len(ordered) - len(shown), _VERBOSE)
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


def scheduled_lines(
    scheduled: Sequence[Scheduled], now: datetime, *, verbose: bool
) -> Iterator[Line]:
    """List what has begun and is due later, and the rotations that come next."""
    if not scheduled:
        return
    yield say("Under way:", Style.HEAD)
    for each in scheduled:
        if each.action is not Action.ROTATE:
            yield say(_scheduled(each, now), indent=2, hang=6)
    rotations = sorted(
        (each for each in scheduled if each.action is Action.ROTATE), key=lambda each: each.at
    )
    shown = rotations if verbose else rotations[:_NEXT]
    yield from (say(_scheduled(each, now), indent=2, hang=6) for each in shown)
    yield from _hidden(len(rotations) - len(shown), _VERBOSE)
    yield BLANK


def _scheduled(each: Scheduled, now: datetime) -> str:
    name = f"{cut(each.address, LONGEST_NAME)} v{each.number}"
    due = f"{word_time(each.at)} ({word_soon(each.at, now)})"
    match each.action:
        case Action.RETIRE:
            return f"{name} works until {due}, then it is disabled"
        case Action.DELETE:
            return f"{name} is disabled, and will be destroyed after {due}"
        case Action.ROTATE:
            return f"{name} is rotated next after {due}"
        case _:
            return f"{name} is due after {due}: {each.action.replace('_', ' ')}"


def remark_lines(
    remarks: Sequence[Remark], *, verbose: bool = False, remedy: str = _VERBOSE
) -> Iterator[Line]:
    """List what is worth a look and calls for no step, the nearest first; `remedy` shows all."""
    if not remarks:
        return
    ordered = sorted(remarks, key=lambda each: (each.at is None, each.at or _EVER, each.address))
    shown = ordered if verbose else ordered[:_FEW]
    yield say("Worth a look:", Style.HEAD)
    for each in shown:
        name = f"{cut(each.address, LONGEST_NAME)} v{each.number}"
        yield Line((Span(f"{name}: "), Span(each.sentence)), 2, 6)
    yield from _hidden(len(ordered) - len(shown), remedy)
    yield BLANK


def _hidden(number: int, remedy: str) -> Iterator[Line]:
    if number > 0:
        yield say(f"… and {number} more ({remedy} lists them all)", Style.FAINT, indent=2)


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
