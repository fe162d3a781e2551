"""Bodies that we send: no two parts of one may take the same place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from reconciler.core.keys import ENABLED
from reconciler.documents.places import Path
from reconciler.documents.suggestions import dot
from reconciler.providers.checks.operations import list_operations
from reconciler.providers.checks.problem import Problem
from reconciler.providers.dialect.auth import Login
from reconciler.providers.dialect.calls import CursorPaging, Operation
from reconciler.providers.dialect.fields import AnyField
from reconciler.providers.dialect.model import Dialect

_Part: TypeAlias = tuple[Path, str]
"""Where a dialect says that something goes into a body, and the dotted path there."""


def check_bodies(dialect: Dialect) -> Iterator[Problem]:
    """Check every body that is put together from several parts."""
    operations, here = dialect.operations, ("operations",)
    yield from _check_call((*here, "create"), operations.create, _of_create(dialect))
    yield from _check_updates(dialect)
    for path, listing in list_operations(dialect):
        paging = listing.paging
        if isinstance(paging, CursorPaging) and paging.place == "body":
            cursor = ((*path, "paging", "cursor"), paging.cursor)
            yield from _check_call(path, listing, [cursor])
    yield from _check_gateway(dialect)
    for number, scheme in enumerate(dialect.auth):
        if isinstance(scheme, Login):
            yield from _check_login(("auth", number), scheme)


def _check_updates(dialect: Dialect) -> Iterator[Problem]:
    """Check the change of several fields, and each that changes one alone."""
    update, together = dialect.operations.update, list[_Part]()
    for name, field in dialect.fields.items():
        here: Path = ("fields", name)
        if field.update_by is not None:
            purpose, place = ("update", field.update) if field.update else ("create", field.create)
            alone = [((*here, purpose), place)] if place else []
            yield from _check_call((*here, "update_by"), field.update_by, alone)
        elif field.update is not None and name != ENABLED:
            together.append(((*here, "update"), field.update))
    if update is None:
        return
    if update.style == "json_patch":
        yield from _clashes(together)
    else:
        yield from _check_call(("operations", "update"), update, together)


def _of_fields(
    fields: Mapping[str, AnyField], purpose: Literal["create", "update"], above: Path = ()
) -> list[_Part]:
    found: list[_Part] = []
    for name, field in fields.items():
        place = field.create if purpose == "create" else field.update
        if place is not None and name != ENABLED:
            found.append(((*above, "fields", name, purpose), place))
    return found


def _of_create(dialect: Dialect) -> list[_Part]:
    parts = _of_fields(dialect.fields, "create")
    if dialect.marker is not None and dialect.marker.create is not None:
        parts.append((("marker", "create"), dialect.marker.create))
    supplied = dialect.operations.create.supplied
    if supplied is not None:
        parts.append((("operations", "create", "supplied", "path"), supplied.path))
    return parts


def _check_gateway(dialect: Dialect) -> Iterator[Problem]:
    gateway = dialect.gateway
    if gateway is None:
        return
    here: Path = ("gateway",)
    secret: _Part = ((*here, "secret"), gateway.secret)
    changed = _of_fields(gateway.fields, "update", here)
    yield from _check_call((*here, "update"), gateway.update, [secret, *changed])
    if gateway.create is not None:
        name: _Part = ((*here, "create_name"), gateway.create_name)
        made = _of_fields(gateway.fields, "create", here)
        yield from _check_call((*here, "create"), gateway.create, [name, secret, *made])


def _check_login(here: Path, login: Login) -> Iterator[Problem]:
    """A form has plain names, in which a dot means nothing."""
    parts = [
        ((*here, part, name), name) for part in ("send", "fixed") for name in getattr(login, part)
    ]
    if login.encoding == "json":
        yield from _clashes(parts)
    else:
        yield from _clashes([(path, name.replace(".", "_")) for path, name in parts])


def _check_call(here: Path, call: Operation, parts: list[_Part]) -> Iterator[Problem]:
    body: Path = (*here, "body")
    if parts and call.body is not None and not isinstance(call.body, dict):
        also = tuple(path for path, _ in parts)
        yield Problem(body, "must be a mapping: other parts go into it", also)
    for path, place in parts:
        if call.encoding == "form" and "." in place:
            said = "cannot have a dot: a form has no parts in parts"
            yield Problem(path, said, ((*here, "encoding"),))
    yield from _clashes([*_of_body(body, "", call.body), *parts])


def _of_body(path: Path, place: str, body: object) -> Iterator[_Part]:
    """Give the places that a fixed body takes."""
    if not isinstance(body, dict) or not body:
        if place:
            yield path, place
        return
    for name, value in body.items():
        yield from _of_body((*path, name), f"{place}.{name}" if place else name, value)


def _clashes(parts: Iterable[_Part]) -> Iterator[Problem]:
    """Give every part whose place is taken, or lies within or around one that is."""
    taken: dict[str, Path] = {}
    around: dict[str, Path] = {}
    for path, place in parts:
        names = place.split(".")
        above = [".".join(names[:count]) for count in range(1, len(names) + 1)]
        other = next((taken[each] for each in above if each in taken), around.get(place))
        if other is not None:
            said = f"takes the place of {dot(other)} in the same body"
            yield Problem(path, said, (other,))
            continue
        taken[place] = path
        for each in above:
            around.setdefault(each, path)
