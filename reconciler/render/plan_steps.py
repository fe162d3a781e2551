"""One step of a plan as text: its header, its reason, what it breaks, and its attributes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.capabilities import manifest_name
from reconciler.core.desired import DesiredKey
from reconciler.core.keys import ENABLED, Cause
from reconciler.core.steps import (
    MINTS,
    PROVIDER_KEYS,
    PROVIDERS,
    Action,
    Difference,
    Reason,
    Step,
)
from reconciler.render.blocks import PLAIN, Row, block, key_head, row
from reconciler.render.headers import aside, subject, words
from reconciler.render.lines import BLANK, Line, Span, Style
from reconciler.render.looks import CHANGE, CREATE, LOOKS, REMOVE
from reconciler.render.values import (
    SECRET,
    UNKNOWN,
    quote,
    word_lifetime,
    word_membership,
    word_order,
    word_span,
    word_value,
)

_WIDE = 60


def step_lines(
    step: Step, key: DesiredKey | None, *, width: int, verbose: bool, nameless: bool = False
) -> Iterator[Line]:
    """Draw one step; `key` is what the manifest declares, where it still does.

    `nameless`: its API knows no names of keys.
    """
    look = LOOKS[step.action]
    yield _heading(step)
    yield _reason(step, wide=width >= _WIDE or verbose)
    if step.impact:
        yield Line((Span("! ", Style.LOUD, solid=True), Span(step.impact, Style.LOUD)), 4, 6)
    rows = [*_rows(step, key, nameless=nameless), *(_inner(step) if verbose else ())]
    yield from block(_head(step), look.mark, rows, 2)
    yield BLANK


def _heading(step: Step) -> Line:
    whole = step.action is Action.ROTATE
    return Line(
        (
            Span(f"# {subject(step)}", Style.HEAD, solid=True),
            Span(aside(step), Style.HEAD),
            Span(" ", Style.HEAD),
            Span(words(step), Style.HEAD, solid=whole),
        ),
        2,
        6,
    )


def _head(step: Step) -> str:
    if step.address.startswith(PROVIDERS):
        return f"provider {quote(step.provider)}"
    if step.upstream is None:
        return key_head(step.address)
    return f"provider_key {quote(step.address.removeprefix(PROVIDER_KEYS))}"


def _reason(step: Step, *, wide: bool) -> Line:
    place = (Span(f"  {step.place}", Style.FAINT),) if wide and step.place else ()
    return Line((Span(f"({step.sentence})"), *place), 4, 5)


def _rows(step: Step, key: DesiredKey | None, *, nameless: bool) -> Iterator[Row]:
    match step.action:
        case Action.CREATE | Action.ROTATE:
            yield from _made(step, key, nameless=nameless)
            return
        case _ if step.projects:
            yield row("projects", word_order(step.projects), CHANGE)
        case Action.DELETE:
            yield from (_lose(each) for each in _identity(step))
        case _ if step.upstream is not None:
            yield from _provided(step)
        case Action.REVOKE:
            yield from (each._replace(mark=LOOKS[step.action].mark) for each in _identity(step))
        case Action.RESTORE if step.replaces is not None:
            yield from _identity(replace(step, number=None))
            yield row("version", f"v{step.replaces} -> v{step.number}", CHANGE)
        case Action.ENABLE:
            yield from _identity(step)
            yield row(ENABLED, "false -> true", CHANGE)
        case Action.DISABLE | Action.RETIRE:
            yield from _identity(step)
            yield row(ENABLED, "true -> false", CHANGE)
        case _:
            yield from _identity(step)
            yield from _operation(step)
    yield from map(_differ, step.differences)


def _provided(step: Step) -> Iterator[Row]:
    yield row("provider", quote(step.provider))
    yield row("upstream", quote(step.upstream or ""))
    moves = step.action is Action.PROVIDE
    mark = CHANGE if moves else PLAIN
    yield Row("secret", (Span(SECRET, solid=True), Span(f" <- {step.source}")), mark)


def _identity(step: Step) -> Iterator[Row]:
    if step.key_id is not None:
        yield row("id", quote(step.key_id))
    if step.number is not None:
        yield row("version", f"v{step.number}")


def _lose(each: Row) -> Row:
    return Row(each.name, (*each.value, Span(" -> null", Style.FAINT)), REMOVE)


def _operation(step: Step) -> Iterator[Row]:
    if step.op is not None:
        how = f" ({step.settlement})" if step.settlement else ""
        yield row("operation", f"{quote(step.op)}{how}")


def _made(step: Step, key: DesiredKey | None, *, nameless: bool) -> Iterator[Row]:
    """Say what will be made, as far as it is declared, each field that differs in its own place."""
    forces = step.action is Action.ROTATE and step.reason is Reason.IMMUTABLE
    rows = (_differ(each, forces=forces) for each in step.differences)
    differing = {each.name: each for each in rows}
    if step.action is Action.ROTATE and step.replaces is not None:
        yield row("version", f"v{step.replaces} -> v{step.number}", CHANGE)
    elif step.number is not None and step.number > 1:
        yield row("version", f"v{step.number}", CREATE)
    for name, value in _declared(key) if key else (("provider", quote(step.provider)),):
        if name != "name" or not nameless:
            yield differing.pop(name, row(name, value, CREATE))
    yield from differing.values()
    if key is not None:
        yield Row("secret", (Span(SECRET, solid=True), Span(f" -> {key.target}")), CREATE)


def _declared(key: DesiredKey) -> Iterator[tuple[str, str]]:
    yield "name", quote(key.name)
    yield "provider", quote(key.provider)
    for name, value in (
        ("owner", key.owner),
        ("service", key.service),
        ("environment", key.environment),
    ):
        if value is not None:
            yield name, quote(value)
    for label, value in key.labels:
        yield f"labels.{label}", quote(value)
    if (expires := word_lifetime(key.lifetime)) is not None:
        yield "expires", expires
    for field, attribute in key.attributes.pairs:
        yield manifest_name(field), word_value(field, attribute)
    if key.protect:
        yield "protect", "true"


def _differ(difference: Difference, *, forces: bool = False) -> Row:
    before, after = _before_and_after(difference)
    spans = [Span(f"{before} -> {after}")]
    if moves := word_membership(difference.added, difference.removed):
        spans.append(Span(f"  {moves}", Style.FAINT))
    if forces:
        spans.append(Span("  # forces rotation", Style.REMOVE))
    if difference.cause is Cause.DRIFT:
        spans.append(Span("  # drift", Style.CHANGE))
    if difference.write_only:
        spans.append(Span("  # cannot be read back", Style.FAINT))
    if difference.widens:
        spans.append(Span("  # live key may do MORE than declared", Style.LOUD))
    return Row(manifest_name(difference.field), tuple(spans), CHANGE)


def _before_and_after(difference: Difference) -> tuple[str, str]:
    field, after = difference.field, word_value(difference.field, difference.after)
    before = word_value(field, difference.before) if difference.known else UNKNOWN
    if before == after:
        return str(difference.before), str(difference.after)
    return before, after


def _inner(step: Step) -> Iterator[Row]:
    """Tell what only somebody who looks closely wants to know."""
    yield row("cause", f"{step.cause}, {step.reason}")
    if step.action not in MINTS:
        yield row("provider", quote(step.provider))
    if step.overlap is not None:
        yield row("overlap", word_span(step.overlap))
    if step.precondition:
        yield row("precondition", quote(step.precondition))
