"""What was revoked in an emergency, what the API says about it, and what is still owed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.core.recorded import AuditNote, Incident
from reconciler.render.escaping import LONGEST_NAME, cut
from reconciler.render.jsonable import FORMAT_VERSION, plain, to_json
from reconciler.render.lines import BLANK, Line, Span, Style, paint, say
from reconciler.render.tables import Column, lay_out, stack_lines, table_lines
from reconciler.render.values import plural, quote, word_time

_COLUMNS: Final = (
    Column("KEY"),
    Column("VERSION"),
    Column("REVOKED"),
    Column("REJECTED", rank=1),
    Column("LAST USED", rank=2),
    Column("BY", rank=3, most=24),
    Column("REASON", rank=4, most=40),
)
_HEAD = 2


def incident_text(incidents: Sequence[Incident], *, width: int, color: bool) -> str:
    """Write what was revoked as a table, and then what is known and owed of each version."""
    return paint(_lines(incidents, width), width=width, color=color)


def incident_json(incidents: Sequence[Incident]) -> str:
    """Write the same for machines."""
    return to_json(
        {"format_version": FORMAT_VERSION, "incidents": [plain_incident(i) for i in incidents]}
    )


def plain_incident(incident: Incident) -> dict[str, object]:
    """Give every field of one incident, and what is still owed for it."""
    return {**plain(incident), "owed": owed(incident)}


def owed(incident: Incident) -> tuple[str, ...]:
    """Say what is still owed, the most urgent first; nothing where it is settled."""
    if incident.settled_at is not None:
        return ()
    debts = []
    if incident.revoked_at is None:
        debts.append("not revoked yet: it may still work")
    elif incident.rejected_at is None:
        debts.append("not proven rejected yet")
    if incident.replace and incident.replaced_by is None:
        debts.append("no replacement yet: the next apply makes it")
    return tuple(debts)


def name_of(incident: Incident) -> str:
    """Name the version that an incident is about."""
    return f"{cut(incident.address, LONGEST_NAME)} v{incident.number}"


def _lines(incidents: Sequence[Incident], width: int) -> Iterator[Line]:
    if not incidents:
        yield say("Nothing was revoked.", Style.HEAD)
        return
    yield from _table([_cells(incident) for incident in incidents], width)
    for incident in incidents:
        yield from (BLANK, *_details(incident))
    yield from (BLANK, say(_summary(incidents), Style.HEAD))


def _table(rows: Sequence[Sequence[Span]], width: int) -> Iterator[Line]:
    layout = lay_out(_COLUMNS, rows, width)
    if layout is None:
        for row in rows:
            yield from stack_lines(_COLUMNS, row, head=_HEAD)
        return
    yield from table_lines(_COLUMNS, rows, layout)
    if layout.dropped:
        hidden = ", ".join(layout.dropped)
        remedy = "A wider terminal or `--format json` shows it."
        yield from (
            BLANK,
            say(f"Not shown for want of room: {hidden}. {remedy}", Style.FAINT),
        )


def _cells(incident: Incident) -> tuple[Span, ...]:
    return (
        Span(incident.address),
        Span(f"v{incident.number}"),
        _revoked(incident),
        _rejected(incident),
        Span(word_time(incident.last_used_at) if incident.last_used_at else "not known"),
        Span(incident.by),
        Span(incident.reason or "-"),
    )


def _revoked(incident: Incident) -> Span:
    if incident.revoked_at is None:
        return Span("not yet", Style.LOUD)
    return Span(word_time(incident.revoked_at), Style.ADD)


def _rejected(incident: Incident) -> Span:
    if incident.rejected_at is None:
        return Span("not proven", Style.CHANGE)
    return Span(word_time(incident.rejected_at), Style.ADD)


def _details(incident: Incident) -> Iterator[Line]:
    why = ", compromised" if incident.compromised else ""
    told = f"told {word_time(incident.at)} by {cut(incident.by, LONGEST_NAME)}"
    yield say(f"# {name_of(incident)}{why}, {told}", Style.HEAD, indent=2)
    if incident.reason:
        yield say(f"({incident.reason})", indent=4, hang=5)
    yield from (say(_note(each), indent=4, hang=8) for each in incident.audit)
    if incident.replaced_by is not None:
        yield say(f"replaced by v{incident.replaced_by}", indent=4)
    elif not incident.replace:
        yield say("no replacement was asked for", indent=4)
    for debt in owed(incident):
        yield Line((Span("! ", Style.LOUD, solid=True), Span(debt, Style.LOUD)), 4, 6)


def _note(note: AuditNote) -> str:
    when = word_time(note.at) if note.at else "at an unknown time"
    actor = f" by {cut(note.actor, LONGEST_NAME)}" if note.actor else ""
    request = f", request {quote(note.request_id)}" if note.request_id else ""
    return f"the API's log: {when}, {cut(note.action, LONGEST_NAME)}{actor}{request}"


def _summary(incidents: Sequence[Incident]) -> str:
    total = len(incidents)
    revoked = sum(each.revoked_at is not None for each in incidents)
    owing = sum(bool(owed(each)) for each in incidents)
    rest = f"; something is still owed for {owing} of them (see above)" if owing else ""
    return f"{revoked} of {plural(total, 'version')} revoked{rest}."
