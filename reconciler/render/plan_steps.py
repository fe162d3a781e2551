"""One step of a plan as text: its header, its reason, what it breaks, and its attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from reconciler.core.capabilities import manifest_name
from reconciler.core.desired import DesiredKey
from reconciler.core.keys import ENABLED, Cause
from reconciler.core.steps import PROVIDER_KEYS, PROVIDERS, Action, Difference, Reason, Step
from reconciler.render.blocks import PLAIN, Mark, Row, block, key_head, row
from reconciler.render.escaping import LONGEST_NAME, cut
from reconciler.render.lines import BLANK, Line, Span, Style, say
from reconciler.render.values import (
    SECRET,
    UNKNOWN,
    quote,
    word_lifetime,
    word_membership,
    word_order,
    word_time,
    word_value,
)


class Look(NamedTuple):
    """How one kind of action looks: its symbol, its header, its line in the legend."""

    mark: Mark
    header: str
    legend: str


_CHANGE = Mark("~", Style.CHANGE)
_CREATE = Mark("+", Style.ADD)
_REMOVE = Mark("-", Style.REMOVE)
LOOKS: Final[Mapping[Action, Look]] = {
    Action.RECOVER: Look(
        Mark("~", Style.WAIT),
        "is left over from an interrupted run",
        "finish or undo what an interrupted run left over",
    ),
    Action.CREATE: Look(_CREATE, "will be created", "create"),
    Action.UPDATE: Look(_CHANGE, "will be updated in-place", "update in-place"),
    Action.ENABLE: Look(_CHANGE, "will be enabled", "enable"),
    Action.DISABLE: Look(_CHANGE, "will be disabled", "disable"),
    Action.VERIFY: Look(_CHANGE, "will be tried out", "try out"),
    Action.PROVIDE: Look(_CHANGE, "will be given to its gateway", "give a secret to a gateway"),
    Action.SWITCH_ON: Look(
        _CHANGE, "will have all its keys switched on", "switch all keys of a provider on"
    ),
    Action.SWITCH_OFF: Look(
        _CHANGE, "will have all its keys switched off", "switch all keys of a provider off"
    ),
    Action.DEPLOY: Look(_CHANGE, "will be deployed", "deploy"),
    Action.REDEPLOY: Look(
        _CHANGE, "will be deployed, once keys are gone", "deploy, once keys are gone"
    ),
    Action.RETIRE: Look(
        _CHANGE, "will be disabled now, and destroyed later", "disable now, destroy later"
    ),
    Action.DELETE: Look(_REMOVE, "will be destroyed", "destroy"),
    Action.FORGET: Look(_CHANGE, "will be forgotten", "forget"),
    Action.HOLD: Look(Mark("!", Style.WAIT), "waits for you", "wait for you"),
}
_WIDE = 60


def step_lines(
    step: Step, key: DesiredKey | None, *, width: int, verbose: bool, nameless: bool = False
) -> Iterator[Line]:
    """Draw one step; `key` is what the manifest declares, where it still does.

    `nameless`: its API knows no names of keys.
    """
    look = LOOKS[step.action]
    header = f"# {_subject(step)}"
    yield Line((Span(header, Style.HEAD, solid=True), Span(f" {_header(step)}", Style.HEAD)), 2, 6)
    yield _reason(step, wide=width >= _WIDE or verbose)
    if step.impact:
        yield Line((Span("! ", Style.LOUD, solid=True), Span(step.impact, Style.LOUD)), 4, 6)
    rows = [*_rows(step, key, nameless=nameless), *(_inner(step) if verbose else ())]
    yield from block(_head(step), look.mark, rows, 2)
    yield BLANK


def _head(step: Step) -> str:
    if step.address.startswith(PROVIDERS):
        return f"provider {quote(step.provider)}"
    if step.upstream is None:
        return key_head(step.address)
    return f"provider_key {quote(step.address.removeprefix(PROVIDER_KEYS))}"


def _subject(step: Step) -> str:
    """Name the key, and the version where only an old one of it is meant."""
    address = cut(step.address.replace(PROVIDERS, "provider "), LONGEST_NAME)
    return (
        f"{address} v{step.number}" if step.reason is Reason.CONDEMNED and step.key_id else address
    )


def _header(step: Step) -> str:
    if step.action is Action.RETIRE and step.due_at:
        return f"will be disabled now, and destroyed after {word_time(step.due_at)}"
    return LOOKS[step.action].header


def _reason(step: Step, *, wide: bool) -> Line:
    place = (Span(f"  {step.place}", Style.FAINT),) if wide and step.place else ()
    return Line((Span(f"({step.sentence})"), *place), 4, 5)


def _rows(step: Step, key: DesiredKey | None, *, nameless: bool) -> Iterator[Row]:
    match step.action:
        case Action.CREATE:
            yield from _created(step, key, nameless=nameless)
        case _ if step.projects:
            yield row("projects", word_order(step.projects), _CHANGE)
        case Action.DELETE:
            yield from (_lose(each) for each in _identity(step))
        case _ if step.upstream is not None:
            yield from _provided(step)
        case Action.ENABLE:
            yield from _identity(step)
            yield row(ENABLED, "false -> true", _CHANGE)
        case Action.DISABLE | Action.RETIRE:
            yield from _identity(step)
            yield row(ENABLED, "true -> false", _CHANGE)
        case _:
            yield from _identity(step)
            yield from _operation(step)
    yield from map(_differ, step.differences)


def _provided(step: Step) -> Iterator[Row]:
    yield row("provider", quote(step.provider))
    yield row("upstream", quote(step.upstream or ""))
    moves = step.action is Action.PROVIDE
    mark = _CHANGE if moves else PLAIN
    yield Row("secret", (Span(SECRET, solid=True), Span(f" <- {step.source}")), mark)


def _identity(step: Step) -> Iterator[Row]:
    if step.key_id is not None:
        yield row("id", quote(step.key_id))
    if step.number is not None:
        yield row("version", f"v{step.number}")


def _lose(each: Row) -> Row:
    return Row(each.name, (*each.value, Span(" -> null", Style.FAINT)), _REMOVE)


def _operation(step: Step) -> Iterator[Row]:
    if step.op is not None:
        how = f" ({step.settlement})" if step.settlement else ""
        yield row("operation", f"{quote(step.op)}{how}")


def _created(step: Step, key: DesiredKey | None, *, nameless: bool) -> Iterator[Row]:
    """Say what will be made, as far as it is declared."""
    if step.number is not None and step.number > 1:
        yield row("version", f"v{step.number}", _CREATE)
    if key is None:
        yield row("provider", quote(step.provider), _CREATE)
        return
    for name, value in _declared(key):
        if name != "name" or not nameless:
            yield row(name, value, _CREATE)
    yield Row("secret", (Span(SECRET, solid=True), Span(f" -> {key.target}")), _CREATE)


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


def _differ(difference: Difference) -> Row:
    before, after = _before_and_after(difference)
    spans = [Span(f"{before} -> {after}")]
    if moves := word_membership(difference.added, difference.removed):
        spans.append(Span(f"  {moves}", Style.FAINT))
    if difference.cause is Cause.DRIFT:
        spans.append(Span("  # drift", Style.CHANGE))
    if difference.write_only:
        spans.append(Span("  # cannot be read back", Style.FAINT))
    if difference.widens:
        spans.append(Span("  # live key may do MORE than declared", Style.LOUD))
    return Row(manifest_name(difference.field), tuple(spans), _CHANGE)


def _before_and_after(difference: Difference) -> tuple[str, str]:
    field, after = difference.field, word_value(difference.field, difference.after)
    before = word_value(field, difference.before) if difference.known else UNKNOWN
    if before == after:
        return str(difference.before), str(difference.after)
    return before, after


def _inner(step: Step) -> Iterator[Row]:
    """Tell what only somebody who looks closely wants to know."""
    yield row("cause", f"{step.cause}, {step.reason}")
    if step.action is not Action.CREATE:
        yield row("provider", quote(step.provider))
    if step.precondition:
        yield row("precondition", quote(step.precondition))


def legend(actions: frozenset[Action]) -> Iterator[Line]:
    """Explain the symbols of the actions that occur, and no others."""
    yield say("Actions are indicated with the following symbols:")
    for action in Action:
        if action in actions:
            mark, _, words = LOOKS[action]
            yield Line((Span(f"{mark.symbol} ", mark.style, solid=True), Span(words)), 2, 4)
    yield BLANK
