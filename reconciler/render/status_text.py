"""Every key and version as a table; stacked on terminals that are too narrow for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Unpack

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import Address, Stage
from reconciler.core.observed import Observed
from reconciler.core.recorded import IntentKind, Recorded
from reconciler.core.steps import PROVIDER_KEYS
from reconciler.render.coming import Beside, Event, word_coming
from reconciler.render.escaping import LONGEST_NAME, cut
from reconciler.render.incidents import name_of, owed
from reconciler.render.lines import BLANK, Line, Span, Style, paint, say
from reconciler.render.plan_sections import remark_lines
from reconciler.render.standing import (
    LiveState,
    Standing,
    Stored,
    expiring_within,
    given,
    not_yet_effective,
    open_intents,
    problems,
    projects,
    spooled,
    standings,
    switches,
    unmade,
)
from reconciler.render.tables import Column, lay_out, stack_lines, table_lines
from reconciler.render.values import as_utc, plural, since, word_age, word_due, word_span, word_time

COLUMNS: Final = (
    Column("KEY"),
    Column("VERSION"),
    Column("STAGE"),
    Column("API", rank=0),
    Column("STORE", rank=1),
    Column("EXPIRES", rank=3),
    Column("NEXT", rank=2),
    Column("LAST USED", rank=4),
    Column("AGE", rank=6),
    Column("ROTATED", rank=7),
    Column("OWNER", rank=5, most=24),
    Column("VERIFIED", rank=8),
    Column("SECRET", rank=9, most=60),
)
EXPIRING: Final = tuple(
    column._replace(rank=0) if column.title == "EXPIRES" else column for column in COLUMNS
)
"""Where that is what was asked for."""
EFFECT: Final = Column("IN EFFECT", rank=0)
"""Only where something has to be deployed first."""
"""The higher the rank, the earlier a narrow terminal goes without it."""

_HEAD = 2
_EFFECT_AT = 4
_STATES: Final = {
    LiveState.ACTIVE: Style.ADD,
    LiveState.DISABLED: Style.CHANGE,
    LiveState.EXPIRED: Style.LOUD,
    LiveState.ABSENT: Style.LOUD,
    LiveState.UNKNOWN: Style.WAIT,
}
_STORED: Final = {
    Stored.CURRENT: Style.ADD,
    Stored.STAGED: Style.CHANGE,
    Stored.MISSING: Style.LOUD,
    Stored.UNKNOWN: Style.WAIT,
}
_ENDED: Final = frozenset({Stage.GONE, Stage.DISABLED})


def status_text(
    recorded: Recorded,
    observed: Observed,
    keys: Mapping[Address, DesiredKey],
    now: datetime,
    *,
    width: int,
    color: bool,
    **beside: Unpack[Beside],
) -> str:
    """Write how every key stands, and what is open, spooled or due.

    `beside` has what a plan says, and what to leave out.
    """
    found = tuple(standings(recorded, observed, keys, beside))
    within = beside.get("within")
    if within is not None:
        return paint(_expiring(found, observed, now, width, within), width=width, color=color)
    lines = (
        *_versions(found, now, width),
        *_incidents(recorded, now),
        *_switches(recorded, observed),
        *_projects(observed, now),
        *_given(recorded, observed, now),
        *_not_made(unmade(recorded, keys)),
        *_not_yet_effective(recorded, observed, now),
        *_intents(recorded, observed, now),
        *_spool(recorded, observed),
        *_deletions(found, now),
        *remark_lines(beside.get("remarks", ()), remedy="--format json"),
        *_problems(observed),
        say(_summary(recorded, found), Style.HEAD),
    )
    return paint(lines, width=width, color=color)


def _versions(
    found: Sequence[Standing],
    now: datetime,
    width: int,
    columns: tuple[Column, ...] = COLUMNS,
) -> Iterator[Line]:
    if not found:
        return
    rows = [_cells(standing, now) for standing in found]
    if any(standing.runs_in is not None for standing in found):
        columns = (*columns[:_EFFECT_AT], EFFECT, *columns[_EFFECT_AT:])
        rows = [
            (*row[:_EFFECT_AT], _effect(standing), *row[_EFFECT_AT:])
            for row, standing in zip(rows, found, strict=True)
        ]
    layout = lay_out(columns, rows, width)
    if layout is None:
        for row in rows:
            yield from stack_lines(columns, row, head=_HEAD)
    else:
        yield from table_lines(columns, rows, layout)
        if layout.dropped:
            hidden = ", ".join(layout.dropped)
            yield BLANK
            remedy = "A wider terminal or `--format json` shows it."
            yield say(f"Not shown for want of room: {hidden}. {remedy}", Style.FAINT)
    yield BLANK


def _cells(standing: Standing, now: datetime) -> tuple[Span, ...]:
    return (
        Span(standing.key),
        Span(f"v{standing.version}"),
        _stage(standing),
        _state(standing),
        _stored(standing),
        _expires(standing, now),
        _next(standing, now),
        Span(_last_used(standing, now)),
        Span(word_age(since(standing.created_at, now))),
        Span(_rotated(standing, now)),
        Span(standing.owner or "-"),
        Span(word_due(standing.verified_at, now) if standing.verified_at else "not yet"),
        Span(str(standing.secret)),
    )


def _stage(standing: Standing) -> Span:
    if standing.condemned:
        return Span("condemned", Style.LOUD)
    return Span(standing.stage, Style.PLAIN if standing.stage is Stage.CURRENT else Style.FAINT)


def _state(standing: Standing) -> Span:
    ended = standing.stage in _ENDED
    return Span(standing.state, Style.FAINT if ended else _STATES[standing.state])


def _effect(standing: Standing) -> Span:
    """Say where a version counts: applied is not yet effective, where that takes a deploy."""
    ended = standing.stage in _ENDED or standing.state is LiveState.ABSENT
    if standing.runs_in is None:
        return Span("at once", Style.FAINT)
    if not standing.runs_in:
        return Span("nowhere" if ended else "not yet", Style.FAINT if ended else Style.CHANGE)
    where = ", ".join(cut(project, LONGEST_NAME) for project in standing.runs_in)
    return Span(where, Style.LOUD if ended else Style.ADD)


def _stored(standing: Standing) -> Span:
    ended = standing.stage in _ENDED
    return Span(standing.stored, Style.FAINT if ended else _STORED[standing.stored])


def _expires(standing: Standing, now: datetime) -> Span:
    if standing.expires_at is None:
        return Span("never" if standing.expiry_known else "unknown")
    over = since(standing.expires_at, now).total_seconds() >= 0
    return Span(word_due(standing.expires_at, now), Style.LOUD if over else Style.PLAIN)


def _next(standing: Standing, now: datetime) -> Span:
    over = standing.next is not None and standing.next.event is Event.EXPIRE
    loud = over and standing.expires_at is not None and as_utc(standing.expires_at) <= as_utc(now)
    return Span(word_coming(standing.next, now), Style.LOUD if loud else Style.PLAIN)


def _rotated(standing: Standing, now: datetime) -> str:
    """Say when the version that consumers use took the place of another one."""
    if standing.stage is not Stage.CURRENT:
        return "-"
    if standing.version == 1:
        return "never"
    return word_due(standing.promoted_at, now) if standing.promoted_at else "unknown"


def _last_used(standing: Standing, now: datetime) -> str:
    if standing.last_used_at is not None:
        return word_due(standing.last_used_at, now)
    return "unknown" if standing.state in {LiveState.UNKNOWN, LiveState.ABSENT} else "never used"


def _expiring(
    known: Sequence[Standing], observed: Observed, now: datetime, width: int, within: timedelta
) -> Iterator[Line]:
    found = expiring_within(known, now, within)
    yield from _versions(found, now, width, EXPIRING)
    yield from _problems(observed)
    working = [each for each in known if each.stage not in _ENDED]
    near, keys = ({each.key for each in some} for some in (found, working))
    ends = "key expires" if len(keys) == 1 else "keys expire"
    untold = len({each.key for each in working if not each.expiry_known})
    rest = f" It is not known when {plural(untold, 'key')} will." if untold else ""
    summary = f"{len(near)} of {len(keys)} {ends} within {word_span(within)}.{rest}"
    yield say(summary, Style.HEAD)


def _incidents(recorded: Recorded, now: datetime) -> Iterator[Line]:
    unsettled = [each for each in recorded.incidents if each.settled_at is None]
    if not unsettled:
        return
    yield say("Incidents:", Style.LOUD)
    for each in unsettled:
        what = "compromised" if each.compromised else "revoked"
        by = f"told {word_due(each.at, now)} by {cut(each.by, LONGEST_NAME)}"
        reason = f" ({cut(each.reason, LONGEST_NAME)})" if each.reason else ""
        yield say(f"{name_of(each)}: {what}, {by}{reason}", indent=2, hang=6)
        for debt in owed(each):
            yield say(debt, Style.LOUD, indent=6, hang=8)
    yield BLANK


def _switches(recorded: Recorded, observed: Observed) -> Iterator[Line]:
    sentences = [
        f"{cut(each.provider, LONGEST_NAME)}: all keys are {'on' if each.on else 'off'}"
        f"{'' if each.set_to in (None, each.on) else ', which is not how we had set them'}"
        for each in switches(recorded, observed)
    ]
    yield from _section("Switches for all keys:", sentences)


def _projects(observed: Observed, now: datetime) -> Iterator[Line]:
    sentences = [
        f"{cut(each.provider, LONGEST_NAME)} {cut(each.project, LONGEST_NAME)}: "
        f"{cut(each.stage, LONGEST_NAME)}, "
        f"{f'deployed {word_due(each.deployed_at, now)}' if each.deployed_at else 'never deployed'}"
        f" with {plural(each.keys, 'key')}{', all switched off' if each.enabled is False else ''}"
        for each in projects(observed)
    ]
    yield from _section("What projects run:", sentences)


def _given(recorded: Recorded, observed: Observed, now: datetime) -> Iterator[Line]:
    words = {True: "up to date", False: "its source has changed since", None: "not known"}
    sentences = [
        f"{cut(each.name.removeprefix(PROVIDER_KEYS), LONGEST_NAME)}: upstream "
        f"'{cut(each.upstream, LONGEST_NAME)}' of '{each.provider}' has {each.source}, given "
        f"{word_due(each.written_at, now)}, {words[each.fresh]}"
        for each in given(recorded, observed)
    ]
    yield from _section("Secrets given to gateways:", sentences)


def _not_made(addresses: Sequence[Address]) -> Iterator[Line]:
    yield from _section(
        "Declared, and not made yet:", [cut(address, LONGEST_NAME) for address in addresses]
    )


def _not_yet_effective(recorded: Recorded, observed: Observed, now: datetime) -> Iterator[Line]:
    words = {IntentKind.CREATE: "is made, and not accepted yet"}
    sentences = [
        f"{cut(intent.address, LONGEST_NAME)} v{intent.number} "
        f"{words.get(intent.kind, 'is deleted, and still accepted')} "
        f"({word_due(intent.started_at, now)})"
        for intent in not_yet_effective(recorded, observed)
    ]
    yield from _section("Applied, not yet effective (a deploy has to carry it):", sentences)


def _intents(recorded: Recorded, observed: Observed, now: datetime) -> Iterator[Line]:
    waiting = {intent.op for intent in not_yet_effective(recorded, observed)}
    sentences = [
        f"{cut(intent.address, LONGEST_NAME)} v{intent.number}: {intent.kind} begun "
        f"{word_due(intent.started_at, now)} by {cut(intent.holder, LONGEST_NAME)}, "
        f"{f'key {cut(intent.key_id, LONGEST_NAME)}' if intent.key_id else 'id not known'}, "
        f"operation {cut(intent.op, LONGEST_NAME)}"
        for intent in open_intents(recorded)
        if intent.op not in waiting
    ]
    yield from _section("Left over from an interrupted run, or under way right now:", sentences)
    yield from _section(
        "Given up, and watched in case they land late:",
        [f"{cut(op.address, LONGEST_NAME)}: operation {op.op}" for op in recorded.retired],
    )


def _spool(recorded: Recorded, observed: Observed) -> Iterator[Line]:
    sentences = [
        f"operation {cut(each.op, LONGEST_NAME)}: "
        f"{cut(each.key, LONGEST_NAME) if each.key else 'of no open operation'}"
        for each in spooled(recorded, observed)
    ]
    yield from _section("Secrets that rest in the spool:", sentences)


def _deletions(found: Sequence[Standing], now: datetime) -> Iterator[Line]:
    sentences = [
        f"{cut(each.key, LONGEST_NAME)} v{each.version} will be destroyed after "
        f"{word_time(each.delete_at)} ({word_due(each.delete_at, now)})"
        for each in found
        if each.stage is Stage.DISABLED and each.delete_at is not None
    ]
    yield from _section("Scheduled deletions:", sentences)


def _problems(observed: Observed) -> Iterator[Line]:
    for problem in problems(observed):
        yield say(f"Warning: {problem}", Style.LOUD)
        yield BLANK


def _section(title: str, sentences: Sequence[str]) -> Iterator[Line]:
    if not sentences:
        return
    yield say(title, Style.HEAD)
    yield from (say(sentence, indent=2, hang=6) for sentence in sentences)
    yield BLANK


def _summary(recorded: Recorded, found: Sequence[Standing]) -> str:
    living = sum(standing.stage is not Stage.GONE for standing in found)
    keys, versions = plural(len(recorded.keys), "key"), plural(living, "version")
    return f"Stack {cut(recorded.meta.stack, LONGEST_NAME)}: {keys}, {versions}."
