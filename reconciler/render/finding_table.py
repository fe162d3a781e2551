"""What trying a dialect out found, as a table for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.core.findings import Answer, Finding
from reconciler.render.escaping import clean
from reconciler.render.jsonable import FORMAT_VERSION, plain, to_json
from reconciler.render.lines import BLANK, Line, Span, Style, paint, say
from reconciler.render.values import plural

_STYLES: Final = {
    Answer.WORKS: Style.ADD,
    Answer.BROKEN: Style.LOUD,
    Answer.UNTOLD: Style.WAIT,
    Answer.NONE: Style.FAINT,
}
_COUNTED: Final = {
    Answer.WORKS: "work",
    Answer.BROKEN: "do not work",
    Answer.UNTOLD: "could not be told",
    Answer.NONE: "the API has no use for",
}
_CHECK, _ANSWER, _GUTTER = 14, 18, 2
_LEAST_ROOM = 30


def finding_table(
    findings: Sequence[Finding], left: Sequence[str], *, width: int, color: bool
) -> str:
    """Write every finding, what was left behind, and how it all ended."""
    return paint(_lines(findings, left, width), width=width, color=color)


def finding_line(finding: Finding) -> str:
    """Write one finding on one line, while the others are still to come."""
    return clean(f"{finding.check}: {finding.answer}")


def findings_json(
    dialect: str, origin: str, findings: Sequence[Finding], left: Sequence[str]
) -> str:
    """Write the same for machines."""
    return to_json(
        {
            "format_version": FORMAT_VERSION,
            "dialect": dialect,
            "origin": origin,
            "findings": [plain(finding) for finding in findings],
            "left_behind": tuple(left),
        }
    )


def _lines(findings: Sequence[Finding], left: Sequence[str], width: int) -> Iterator[Line]:
    wide = width >= _CHECK + _ANSWER + 2 * _GUTTER + _LEAST_ROOM
    if wide:
        yield _row("CHECK", Span("ANSWER", Style.FAINT), Span("WHAT WAS SEEN", Style.FAINT))
    for finding in findings:
        answer = Span(finding.answer, _STYLES[finding.answer], solid=True)
        loud = Style.LOUD if finding.answer is Answer.BROKEN else Style.PLAIN
        if wide:
            yield _row(finding.check, answer, Span(finding.sentence, loud))
        else:
            yield Line((Span(f"{finding.check}: ", solid=True), answer))
            yield say(finding.sentence, loud, indent=4, hang=4)
    yield BLANK
    for sentence in left:
        yield say(sentence, Style.LOUD)
    yield say(_summary(findings), Style.HEAD)


def _row(check: str, answer: Span, seen: Span) -> Line:
    first = Span(f"{check:<{_CHECK}}{'':{_GUTTER}}", solid=True)
    second = Span(f"{answer.text:<{_ANSWER}}{'':{_GUTTER}}", answer.style, solid=True)
    return Line((first, second, seen), 0, _CHECK + _ANSWER + 2 * _GUTTER)


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.answer for finding in findings)
    parts = [f"{counts[answer]} {words}" for answer, words in _COUNTED.items() if counts[answer]]
    return f"{plural(len(findings), 'check')}: {', '.join(parts)}."
