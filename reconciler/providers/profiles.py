"""From a dialect to what people are told about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, assert_never

from reconciler.core.capabilities import manifest_name
from reconciler.core.profile import (
    Access,
    CallProfile,
    FieldProfile,
    Profile,
    VariableProfile,
)
from reconciler.providers.abilities import capabilities
from reconciler.providers.dialect.calls import (
    CursorPaging,
    KeyListOperation,
    LastIdPaging,
    LinkPaging,
    NextUrlPaging,
    NoPaging,
    OffsetPaging,
    Operation,
    PagePaging,
)
from reconciler.providers.dialect.fields import (
    AnyField,
    EnumField,
    InstantField,
    SetField,
    StringField,
)
from reconciler.providers.dialect.model import Dialect

_VALUES: Final = {
    "string": "text",
    "enum": "one of several words",
    "bool": "true or false",
    "int": "a whole number",
    "set": "a list of texts",
    "rate": "a rate",
    "instant": "a time",
}


def describe(dialect: Dialect, file: str | None = None) -> Profile:
    """Say what a dialect is; `file` is where it was read from, if it is none of ours."""
    able = capabilities(dialect)
    gateway = dialect.gateway
    return Profile(
        name=dialect.dialect,
        title=dialect.title,
        reference=dialect.source.reference if dialect.source else None,
        run_live=dialect.source is not None and dialect.source.run_live,
        file=file,
        able=able,
        access=tuple(Access(scheme.kind, scheme.credentials) for scheme in dialect.auth),
        tenant=tuple(
            VariableProfile(
                name, each.say, each.default, required=not each.optional and each.default is None
            )
            for name, each in sorted(dialect.tenant.variables.items())
        ),
        fields=_fields(dialect.fields, able.fields, able.mutable),
        upstream_fields=_fields(
            gateway.fields if gateway else {},
            frozenset(rule.field for rule in able.gateway_fields),
            frozenset(),
        ),
        calls=tuple(_calls(dialect)),
        paging=_word_paging(dialect.operations.list),
        mark=_word_mark(dialect),
        has_audit=dialect.operations.audit is not None,
        reach=dialect.reach.say if dialect.reach else None,
    )


def _fields(
    fields: Mapping[str, AnyField], declared: frozenset[str], mutable: frozenset[str]
) -> tuple[FieldProfile, ...]:
    return tuple(
        FieldProfile(
            name=manifest_name(name),
            value="a date" if _is_date(field) else _VALUES[field.codec],
            declared=name in declared,
            mutable=name in mutable,
            told=field.read is not None,
            required=field.required,
            allowed=_allowed(field),
            never_empty=field.never_empty if isinstance(field, SetField) else None,
        )
        for name, field in sorted(fields.items())
    )


def _is_date(field: AnyField) -> bool:
    return isinstance(field, InstantField) and field.format in ("date", "date_start")


def _allowed(field: AnyField) -> tuple[str, ...]:
    if isinstance(field, EnumField):
        return tuple(field.values)
    return field.allowed if isinstance(field, StringField | SetField) else ()


def _calls(dialect: Dialect) -> Iterator[CallProfile]:
    operations = dialect.operations
    yield _call("list", operations.list)
    if operations.get is not None:
        yield _call("get", operations.get)
    supplied = "the secret is made by us" if operations.create.supplied else None
    yield _call("create", operations.create, supplied)
    if operations.update is not None:
        yield _call("update", operations.update)
    for name, field in sorted(dialect.fields.items()):
        if field.update_by is not None:
            yield _call(f"update {manifest_name(name)}", field.update_by)
    if operations.enable is not None:
        yield _call("enable", operations.enable)
    if operations.disable is not None:
        yield _call("disable", operations.disable, "for good" if operations.disable.final else None)
    yield _call("delete", operations.delete, "it stays listed" if operations.delete.soft else None)
    if operations.rotate is not None:
        yield _call("rotate", operations.rotate, f"never made: {operations.rotate.say}")
    if operations.verify is not None:
        at = "where keys are used" if operations.verify.at == "key_url" else None
        yield _call("verify", operations.verify, at)
    if operations.audit is not None:
        yield _call("audit", operations.audit)
    yield from _calls_around(dialect)


def _calls_around(dialect: Dialect) -> Iterator[CallProfile]:
    if dialect.toggle is not None:
        yield _call("switch all on", dialect.toggle.on)
        yield _call("switch all off", dialect.toggle.off)
    if (deploy := dialect.deploy) is not None:
        yield _call("projects", deploy.projects)
        yield _call("deploy", deploy.start)
        yield _call("deployment", deploy.state)
    if (gateway := dialect.gateway) is not None:
        yield _call("upstreams", gateway.list)
        if gateway.create is not None:
            yield _call("make upstream", gateway.create)
        tried = "the gateway tries the secret" if gateway.checked else None
        yield _call("put secret", gateway.update, tried)
    if dialect.reach is not None:
        yield _call("reach", dialect.reach.list)


def _call(name: str, operation: Operation, note: str | None = None) -> CallProfile:
    return CallProfile(name, f"{operation.method} {operation.path}", note)


def _word_paging(listing: KeyListOperation) -> str:
    match paging := listing.paging:
        case NoPaging():
            said = "in one answer"
        case PagePaging():
            said = f"in numbered pages of {paging.page_size}"
        case OffsetPaging():
            said = f"in runs of {paging.page_size} rows"
        case CursorPaging():
            said = "page by page, each with a cursor to the next"
        case LastIdPaging():
            said = "page by page, each after the last id of the one before"
        case NextUrlPaging():
            said = "page by page, each with the address of the next"
        case LinkPaging():
            said = "page by page, by the Link header"
        case _:
            assert_never(paging)
    if listing.rows != "full":
        said += "; each key is then looked up by its id"
    return said if listing.complete else f"{said}; absence from it proves nothing"


def _word_mark(dialect: Dialect) -> str:
    if dialect.marker is None:
        return "nowhere: only the state knows which keys are ours"
    limit = dialect.name_limit
    room = "" if limit is None else f", which has at most {limit} characters"
    places = {"name": "in the name", "text": "in a text of its own", "tag": "in a tag"}
    beside = "" if dialect.marker.kind == "name" else ", beside the name"
    return f"{places[dialect.marker.kind]}{beside}{room}"
