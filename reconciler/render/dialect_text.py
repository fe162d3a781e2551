"""Dialects for people: a list of them, and everything about one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from reconciler.core.capabilities import Capabilities, Marker, manifest_name
from reconciler.core.keys import EXPIRES_AT
from reconciler.core.profile import CallProfile, FieldProfile, Profile, VariableProfile
from reconciler.render.cells import cells, pad
from reconciler.render.escaping import clean
from reconciler.render.lines import BLANK, Line, Span, Style, paint, say
from reconciler.render.tables import Column, lay_out, stack_lines, table_lines
from reconciler.render.values import word_span

_COLUMNS: Final = (
    Column("NAME"),
    Column("RUN LIVE", rank=1),
    Column("CHANGE", rank=2),
    Column("SWITCH", rank=3),
    Column("EXPIRY", rank=4),
    Column("MARK", rank=5),
    Column("COUNTS", rank=6),
)
"""The higher the rank, the earlier a narrow terminal goes without it."""

_FIELDS: Final = (Column("FIELD"), Column("VALUE"), Column("CHANGED", rank=1))
_OPTIONS: Final = _FIELDS[:2]
_CALLS: Final = (Column("OPERATION"), Column("CALL", most=120))
_PLACES: Final = {Marker.NAME: "name", Marker.FIELD: "own field", Marker.NONE: "nowhere"}
_STEPS: Final = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
    (timedelta(seconds=1), "second"),
    (timedelta(milliseconds=1), "millisecond"),
)


def dialect_list_text(profiles: Sequence[Profile], *, width: int, color: bool) -> str:
    """Write one row for each dialect, with what it is below it."""
    return paint(_list(profiles, width), width=width, color=color)


def dialect_show_text(profile: Profile, *, width: int, color: bool) -> str:
    """Write everything about one dialect."""
    return paint(_show(profile, width), width=width, color=color)


def word_step(step: timedelta) -> str:
    """Name the granularity to which an API keeps times."""
    return next((word for span, word in _STEPS if step >= span), "microsecond")


def _list(profiles: Sequence[Profile], width: int) -> Iterator[Line]:
    rows = [_row(profile) for profile in profiles]
    layout = lay_out(_COLUMNS, rows, width)
    drawn = list(table_lines(_COLUMNS, rows, layout)) if layout else []
    yield from drawn[:1]
    for number, (profile, row) in enumerate(zip(profiles, rows, strict=True), start=1):
        yield from (drawn[number : number + 1] if layout else stack_lines(_COLUMNS, row, head=1))
        source = f", from {profile.reference}" if profile.reference else ""
        yield say(f"{profile.title}{source}", Style.FAINT, indent=2, hang=4)
    yield BLANK
    if layout and layout.dropped:
        hidden = ", ".join(layout.dropped)
        remedy = "A wider terminal or `--format json` shows it."
        yield say(f"Not shown for want of room: {hidden}. {remedy}", Style.FAINT)
    yield say("`keywright dialect show NAME` tells more, and `show FILE` of your own.")


def _row(profile: Profile) -> tuple[Span, ...]:
    able = profile.able
    return (
        Span(profile.name, Style.HEAD),
        Span("yes", Style.ADD) if profile.run_live else Span("no"),
        Span("in place" if able.mutable else "new key"),
        Span(_word_switch(able)),
        Span(_word_expiry(able)),
        Span(_PLACES[able.marker]),
        Span("on deploy" if able.on_deploy else "at once"),
    )


def _word_switch(able: Capabilities) -> str:
    if able.can_enable:
        return "on and off"
    return "off for good" if able.can_disable else "no"


def _word_expiry(able: Capabilities) -> str:
    if EXPIRES_AT not in able.fields:
        return "never"
    rule = able.rule_of(EXPIRES_AT)
    return "always" if rule is not None and rule.required is not None else "optional"


def _show(profile: Profile, width: int) -> Iterator[Line]:
    yield say(f"{profile.name}: {profile.title}", Style.HEAD)
    if profile.reference is not None:
        yield say(f"Written from {profile.reference}.", indent=2, hang=2)
    live = "Run" if profile.run_live else "Never run"
    yield say(f"{live} against the real API.", indent=2, hang=2)
    if profile.file is not None:
        yield say(f"Read from {profile.file}.", indent=2, hang=2)
    yield from _section("Credentials, one of these under `auth`", _access(profile))
    if profile.tenant:
        yield from _section("To be told under `tenant`", _named(map(_variable, profile.tenant)))
    yield from _section("Fields of a key", _field_table(_FIELDS, profile.fields, width))
    refused = [(manifest_name(field), reason) for field, reason in profile.able.refusals]
    if refused:
        yield from _section("Refused", _named(refused))
    if profile.able.takes_provider_keys:
        options = _field_table(_OPTIONS, profile.upstream_fields, width)
        yield from _section("Options of a provider key, to make an upstream", options)
    yield from _section("Calls", _call_table(profile.calls, width))
    yield from _section("How it behaves", _named(_facts(profile)))
    yield from _section("It cannot", _bullets(_cannot(profile)))


def _section(title: str, lines: Iterable[Line]) -> Iterator[Line]:
    yield BLANK
    yield say(title, Style.HEAD)
    yield from lines


def _access(profile: Profile) -> Iterator[Line]:
    return _named((each.kind, ", ".join(each.credentials)) for each in profile.access)


def _variable(variable: VariableProfile) -> tuple[str, str]:
    if variable.default is not None:
        return variable.name, f"{variable.say} (by default {variable.default})"
    return variable.name, variable.say if variable.required else f"{variable.say} (optional)"


def _field_table(
    columns: Sequence[Column], fields: Sequence[FieldProfile], width: int
) -> Iterator[Line]:
    if not fields:
        yield say("none", Style.FAINT, indent=2)
        return
    rows = [_field_row(each)[: len(columns)] for each in fields]
    notes = [tuple(_notes(each)) for each in fields]
    yield from _noted_table(columns, rows, notes, width)


def _field_row(field: FieldProfile) -> tuple[Span, ...]:
    changed = "in place" if field.mutable else "by a new key"
    return Span(field.name), Span(field.value), Span(changed if field.declared else "never")


def _notes(field: FieldProfile) -> Iterator[str]:
    if not field.declared:
        yield "only shown: it cannot be declared"
    if field.required is not None:
        yield f"must be declared: {field.required}"
    if field.allowed:
        yield f"takes {', '.join(field.allowed)}"
    if field.never_empty is not None:
        yield f"must not be empty: {field.never_empty}"
    if not field.told:
        yield "cannot be read back"


def _call_table(calls: Sequence[CallProfile], width: int) -> Iterator[Line]:
    rows = [(Span(each.name), Span(each.call)) for each in calls]
    notes = [() if each.note is None else (each.note,) for each in calls]
    return _noted_table(_CALLS, rows, notes, width)


def _noted_table(
    columns: Sequence[Column],
    rows: Sequence[tuple[Span, ...]],
    notes: Sequence[tuple[str, ...]],
    width: int,
) -> Iterator[Line]:
    """Draw a table with remarks below its rows; stacked where a terminal is too narrow for it."""
    layout = lay_out(columns, rows, width - 2)
    drawn = list(table_lines(columns, rows, layout, indent=2)) if layout else []
    yield from drawn[:1]
    for number, (row, remarks) in enumerate(zip(rows, notes, strict=True), start=1):
        if layout:
            yield drawn[number]
        else:
            yield from stack_lines(columns, row, head=1, indent=2)
        yield from (say(remark, Style.FAINT, indent=6, hang=8) for remark in remarks)


def _facts(profile: Profile) -> Iterator[tuple[str, str]]:
    able = profile.able
    yield "marks", profile.mark
    yield "lists", profile.paging
    yield "effect", "from the next deploy on" if able.on_deploy else "at once"
    if able.has_toggle:
        yield "switch", "one for all keys of a tenant: `keys_enabled`"
    if able.takes_provider_keys:
        yield "gateway", "takes secrets of other APIs: `provider_keys`"
    if able.used_elsewhere:
        yield "use", "keys are used at another address: `key_url`"
    if profile.reach is not None:
        yield "reach", profile.reach
    capacity = "no limit is known" if able.capacity is None else f"{able.capacity} keys"
    yield "capacity", capacity
    if EXPIRES_AT in able.fields:
        yield "expiry", _word_bounds(able)
    if able.list_lag:
        yield "lag", f"a new key may be missing from the list for {word_span(able.list_lag)}"


def _word_bounds(able: Capabilities) -> str:
    said = f"kept to the {word_step(able.expiry_step)}"
    if able.shortest is not None:
        said += f", {word_span(able.shortest)} away at least"
    return said if able.longest is None else f"{said}, {word_span(able.longest)} away at most"


def _cannot(profile: Profile) -> Iterator[str]:
    able, calls = profile.able, {each.name for each in profile.calls}
    if "get" not in calls:
        yield "look up one key by its id: the whole list is read"
    if not able.mutable:
        yield "change a key: every change is a new one"
    if not able.can_disable:
        yield "switch a key off before it is deleted"
    elif not able.can_enable:
        yield "switch a key on again"
    if EXPIRES_AT not in able.fields:
        yield "let a key expire"
    if not able.can_verify:
        yield "try a new key out"
    if not able.tells_last_use:
        yield "tell when a key was last used"
    if not profile.has_audit:
        yield "tell what was done to a key"
    if able.marker is Marker.NONE:
        yield "find a lost key by a mark: a person decides, unless the provider is `exclusive`"


def _bullets(sentences: Iterable[str]) -> Iterator[Line]:
    found = tuple(sentences)
    for sentence in found:
        yield Line((Span("* ", solid=True), Span(sentence)), 2, 4)
    if not found:
        yield say("nothing is missing", Style.FAINT, indent=2)


def _named(pairs: Iterable[tuple[str, str]]) -> Iterator[Line]:
    """Draw names with what is said of each, aligned where the names are short."""
    found = tuple(pairs)
    widest = max((cells(clean(name)) for name, _ in found), default=0)
    for name, said in found:
        yield Line((Span(pad(clean(name), widest + 2), solid=True), Span(said)), 2, widest + 4)
