"""The table of every outcome that ends an apply, also a failed or interrupted one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.core.steps import Outcome, Result
from reconciler.render.cells import cells
from reconciler.render.escaping import LONGEST_NAME, clean
from reconciler.render.lines import BLANK, Line, Span, Style, paint, say
from reconciler.render.looks import LOOKS
from reconciler.render.outcomes import WORST_LAST, next_steps
from reconciler.render.tables import Column, Layout, lay_out, stack_lines

_COLUMNS: Final = (Column("KEY"), Column("ACTION"), Column("OUTCOME"))
_SENTENCE: Final = Column("WHAT HAPPENED")
_GUTTER = 2
_LEAST_ROOM = 30
"""A sentence gets at least so many cells beside the other columns, and as many as its longest word,
or a line of its own.
"""

_STYLES: Final = {
    Outcome.DONE: Style.ADD,
    Outcome.SKIPPED: Style.WAIT,
    Outcome.REFUSED: Style.CHANGE,
    Outcome.UNKNOWN: Style.LOUD,
    Outcome.FAILED: Style.LOUD,
}


def outcome_table(results: Sequence[Result], *, width: int, color: bool) -> str:
    """Write every outcome, what went wrong last and loud, with what to do next."""
    if not results:
        return "Nothing was done."
    return paint(_lines(results, width), width=width, color=color)


def _lines(results: Sequence[Result], width: int) -> Iterator[Line]:
    ordered = sorted(results, key=lambda result: WORST_LAST.index(result.outcome))
    rows = [_cells(result) for result in ordered]
    layout = lay_out(_COLUMNS, rows, width - _GUTTER - _room(results))
    if layout is None:
        for result, row in zip(ordered, rows, strict=True):
            yield from stack_lines(_COLUMNS, row, head=len(row))
            yield say(result.sentence, _loud(result), indent=4, hang=4)
    else:
        titles = tuple(Span(column.title, Style.FAINT) for column in _COLUMNS)
        yield _beside(layout, titles, Span(_SENTENCE.title, Style.FAINT))
        for result, row in zip(ordered, rows, strict=True):
            yield _beside(layout, row, Span(result.sentence, _loud(result)))
    yield from _advice(results)


def _room(results: Sequence[Result]) -> int:
    words = (cells(word) for each in results for word in clean(each.sentence).split())
    return max((_LEAST_ROOM, *words))


def _advice(results: Sequence[Result]) -> Iterator[Line]:
    advice = next_steps(results)
    if advice:
        yield from (BLANK, say("What to do next:", Style.HEAD))
    for each in advice:
        yield Line((Span("* ", solid=True), Span(each)), 2, 4)


def _cells(result: Result) -> tuple[Span, ...]:
    step = result.step
    action = step.action.replace("_", " ")
    if step.number is not None:
        action = f"{action} v{step.number}"
    mark = LOOKS[step.action].mark
    outcome = str(result.outcome)
    return (
        Span(clean(step.address, LONGEST_NAME)),
        Span(action, mark.style),
        Span(outcome if result.outcome is Outcome.DONE else outcome.upper(), _style(result)),
    )


def _beside(layout: Layout, row: Sequence[Span], sentence: Span) -> Line:
    """Put the sentence beside its row, and let it go on below itself."""
    spans: list[Span] = []
    for cell, width in zip(row, layout.widths, strict=True):
        gap = " " * (width - cells(cell.text) + _GUTTER)
        spans += (cell._replace(solid=True), Span(gap, solid=True))
    return Line((*spans, sentence), 0, layout.width + _GUTTER)


def _style(result: Result) -> Style:
    return _STYLES[result.outcome]


def _loud(result: Result) -> Style:
    return Style.LOUD if _style(result) is Style.LOUD else Style.PLAIN
