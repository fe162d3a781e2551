"""The {names} in what we send: each is filled in, and what has to be said is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from reconciler.documents.places import Path
from reconciler.documents.suggestions import suggest
from reconciler.providers.checks.problem import Problem
from reconciler.providers.dialect.auth import ClientCredentials, Login
from reconciler.providers.dialect.calls import Operation
from reconciler.providers.dialect.model import Dialect

_ALWAYS: Final = frozenset({"now", "yesterday"})
_OF_KEY: Final = frozenset({"id"})
_OF_PROJECT: Final = frozenset({"project"})
_OF_OPERATION: Final = frozenset({"op", "op_uuid"})
BUILT_IN: Final = _ALWAYS | _OF_KEY | _OF_PROJECT | _OF_OPERATION
"""The names that are not the tenant's."""

_NAMED = re.compile(r"\{(\w+)\}")
_VARIABLES: Final[Path] = ("tenant", "variables")


class _Use(NamedTuple):
    """A call, with the names that it may use beside those that there always are.

    `must`: it may not only use one of them, but cannot do without, or nobody knows what is meant.
    """

    path: Path
    call: Operation
    names: frozenset[str] = frozenset()
    must: str | None = None


class _Known(NamedTuple):
    """The names that always have a value in a text, and those that may have one."""

    sure: frozenset[str]
    unsure: frozenset[str]


def check_texts(dialect: Dialect) -> Iterator[Problem]:
    """Check every text that is sent."""
    variables = dialect.tenant.variables
    sure = frozenset(n for n, v in variables.items() if v.default is not None or not v.optional)
    unsure = frozenset(variables) - sure
    for use in _uses(dialect):
        known = _Known(sure | _ALWAYS | use.names, unsure)
        texts = tuple(_of_call(use))
        for path, text in texts:
            yield from _check_text(path, text, known, may_lack=path[-1] != "path")
        found = {name for _, text in texts for name in _NAMED.findall(text)}
        if use.must is not None and not use.names & found:
            (name,) = use.names
            said = (
                f"does not say which {use.must}: put {{{name}}} into it, or into `query` or `body`"
            )
            yield Problem((*use.path, "path"), said, tuple(place for place, _ in texts))
    for path, text in _of_access(dialect):
        yield from _check_text(path, text, _Known(sure, unsure), may_lack=False)


def _check_text(path: Path, text: str, known: _Known, *, may_lack: bool) -> Iterator[Problem]:
    """Check one text. What is nothing but an optional name is left out where it has no value."""
    alone = may_lack and _NAMED.fullmatch(text) is not None
    for name in dict.fromkeys(_NAMED.findall(text)):
        if name in known.unsure and not alone:
            said = f"{{{name}}} may be missing: give the variable a default, or make it mandatory"
            yield Problem(path, said, ((*_VARIABLES, name),))
        elif name not in known.sure | known.unsure:
            said = f"{{{name}}} is not filled in here{suggest(name, known.sure | known.unsure)}"
            yield Problem(path, said, (_VARIABLES,))
    if set(_NAMED.sub("", text)) & set("{}"):
        yield Problem(path, "has a brace that belongs to no {name}")


def _uses(dialect: Dialect) -> Iterator[_Use]:
    yield from _uses_of_keys(dialect)
    for name, field in dialect.fields.items():
        if field.update_by is not None:
            yield _Use(("fields", name, "update_by"), field.update_by, _OF_KEY, "key")
    if dialect.tenant.told is not None and dialect.tenant.told.call is not None:
        yield _Use(("tenant", "told", "call"), dialect.tenant.told.call)
    if dialect.toggle is not None:
        yield _Use(("toggle", "switch_on"), dialect.toggle.on)
        yield _Use(("toggle", "switch_off"), dialect.toggle.off)
    if (deploy := dialect.deploy) is not None:
        yield _Use(("deploy", "projects"), deploy.projects)
        yield _Use(("deploy", "start"), deploy.start, _OF_PROJECT, "project")
        yield _Use(("deploy", "state"), deploy.state, _OF_PROJECT, "project")
    if (gateway := dialect.gateway) is not None:
        yield _Use(("gateway", "list"), gateway.list)
        yield _Use(("gateway", "update"), gateway.update, _OF_KEY, "upstream")
        if gateway.create is not None:
            yield _Use(("gateway", "create"), gateway.create)
    if dialect.reach is not None:
        yield _Use(("reach", "list"), dialect.reach.list)


def _uses_of_keys(dialect: Dialect) -> Iterator[_Use]:
    operations = dialect.operations
    yield _Use(("operations", "list"), operations.list)
    yield _Use(("operations", "create"), operations.create, _OF_OPERATION)
    if operations.verify is not None:
        yield _Use(("operations", "verify"), operations.verify)
    if operations.audit is not None:
        yield _Use(("operations", "audit"), operations.audit, _OF_KEY)
    for name in ("delete", "get", "update", "enable", "disable", "rotate"):
        call: Operation | None = getattr(operations, name)
        if call is not None:
            yield _Use(("operations", name), call, _OF_KEY, "key")


def _of_call(use: _Use) -> Iterator[tuple[Path, str]]:
    yield (*use.path, "path"), use.call.path
    for name, value in use.call.query.items():
        if isinstance(value, str):
            yield (*use.path, "query", name), value
    yield from _of_body((*use.path, "body"), use.call.body)


def _of_body(path: Path, body: object) -> Iterator[tuple[Path, str]]:
    if isinstance(body, str):
        yield path, body
    elif isinstance(body, dict):
        for name, value in body.items():
            yield from _of_body((*path, name), value)
    elif isinstance(body, list):
        for number, value in enumerate(body):
            yield from _of_body((*path, number), value)


def _of_access(dialect: Dialect) -> Iterator[tuple[Path, str]]:
    for name, text in dialect.headers.items():
        yield ("headers", name), text
    for number, scheme in enumerate(dialect.auth):
        here: Path = ("auth", number)
        if isinstance(scheme, Login | ClientCredentials):
            yield (*here, "path"), scheme.path
        if isinstance(scheme, ClientCredentials) and scheme.scope is not None:
            yield (*here, "scope"), scheme.scope
        if isinstance(scheme, Login):
            yield from _of_body((*here, "fixed"), scheme.fixed)
            if scheme.renew is not None:
                yield (*here, "renew", "path"), scheme.renew.path
                yield from _of_body((*here, "renew", "body"), scheme.renew.body)
