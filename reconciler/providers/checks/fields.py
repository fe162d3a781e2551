"""Fields: each readable and writable in a way that makes sense, and a place for our mark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.core.keys import ENABLED, EXPIRES_AT, NAME, RATE_LIMIT, SCOPES, OpId
from reconciler.core.ownership import mark_name, mark_of
from reconciler.documents.places import Path
from reconciler.providers.checks.problem import Problem
from reconciler.providers.dialect.fields import AnyField, InstantField
from reconciler.providers.dialect.model import Dialect

_CODECS: Final = {
    NAME: "string",
    SCOPES: "set",
    ENABLED: "bool",
    RATE_LIMIT: "rate",
    EXPIRES_AT: "instant",
}
_NAME: Path = ("fields", NAME)
_MARKER: Path = ("marker",)
_UPDATE: Path = ("operations", "update")
_LEAST_NAME: Final = len(mark_name("{name}.{mark}", "a", mark_of("a", OpId("0" * 32)), None))


def check_fields(dialect: Dialect) -> Iterator[Problem]:
    """Check every field, and what marks a key as ours."""
    for name, field in dialect.fields.items():
        here: Path = ("fields", name)
        yield from _check_codec(name, field, here)
        yield from _check_use(dialect, name, field, here)
        if isinstance(field, InstantField) and (field.shortest or 0) > (field.longest or 10**12):
            said = "cannot be more than `longest`"
            yield Problem((*here, "shortest"), said, ((*here, "longest"),))
    for name in dialect.refuses:
        field_is_there = name in dialect.fields and dialect.fields[name].create is not None
        if field_is_there or (name == ENABLED and dialect.operations.enable is not None):
            said = "cannot be refused: `fields` has it"
            yield Problem(("refuses", name), said, (("fields", name),))
    yield from _check_marker(dialect)


def _check_codec(name: str, field: AnyField, here: Path) -> Iterator[Problem]:
    wanted = _CODECS.get(name, field.codec)
    if field.codec != wanted:
        yield Problem((*here, "codec"), f"must be `{wanted}`, which {name} always is")


def _check_use(dialect: Dialect, name: str, field: AnyField, here: Path) -> Iterator[Problem]:
    create, update, update_by = (*here, "create"), (*here, "update"), (*here, "update_by")
    if name == ENABLED:
        for path, value in ((create, field.create), (update, field.update)):
            if value is not None:
                said = "has no effect: `operations.enable` and `operations.disable` switch keys"
                yield Problem(path, said)
        return
    together = field.update is not None and field.update_by is None
    if together and dialect.operations.update is None:
        said = "is never sent: there is neither `operations.update` nor an `update_by`"
        yield Problem(update, said, (_UPDATE, update_by))
    if field.create is None and name != NAME:
        changed = field.update is not None or field.update_by is not None
        if changed or field.required is not None:
            why = "only what a creation takes can be declared"
            yield Problem(create, f"is missing: {why}", (update, update_by))
        elif field.read is None:
            yield Problem((*here, "read"), "is missing: the field is neither read nor written")


def _check_marker(dialect: Dialect) -> Iterator[Problem]:
    marker, name = dialect.marker, dialect.fields.get(NAME)
    if name is not None and name.create is None:
        yield Problem((*_NAME, "create"), "is missing: a key gets its name when it is created")
    if marker is None:
        return
    if marker.kind == "name":
        yield from _check_marked_name(dialect)
        return
    for part in ("read", "create"):
        if getattr(marker, part) is None:
            said = f"is missing: a mark that is a {marker.kind} has a field of its own"
            yield Problem((*_MARKER, part), said, ((*_MARKER, "kind"),))


def _check_marked_name(dialect: Dialect) -> Iterator[Problem]:
    marker, name, limit = dialect.marker, dialect.fields.get(NAME), dialect.name_limit
    kind = ((*_MARKER, "kind"),)
    for part in ("read", "create"):
        if getattr(marker, part) is not None:
            yield Problem((*_MARKER, part), "is only for a mark in a field of its own", kind)
    if name is None:
        yield Problem(_NAME, "is missing: it carries the mark", kind)
    elif name.read is None:
        yield Problem((*_NAME, "read"), "is missing: the mark in a name has to be read again", kind)
    if limit is not None and limit < _LEAST_NAME:
        said = f"must be at least {_LEAST_NAME}: a shorter name has no room for the mark"
        yield Problem(("name_limit",), said, kind)
