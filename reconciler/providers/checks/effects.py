"""What hangs on keys: tenants, deploys, and the upstreams of a gateway."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reconciler.documents.places import Path
from reconciler.documents.suggestions import dot, quote, suggest
from reconciler.providers.checks.problem import Problem
from reconciler.providers.checks.texts import BUILT_IN
from reconciler.providers.dialect.effects import DeployState
from reconciler.providers.dialect.model import Dialect

_EFFECTIVE: Final[Path] = ("effective",)
_STATE: Final[Path] = ("deploy", "state")
_VARIABLES: Final[Path] = ("tenant", "variables")
_VALUE: Final = re.compile(r"(?!\.{1,2}\Z)[^\x00-\x1f\x7f]{1,500}")


def check_effects(dialect: Dialect) -> Iterator[Problem]:
    """Check what a change of a key brings with it."""
    if dialect.effective == "on_deploy" and dialect.deploy is None:
        yield Problem(("deploy",), "is missing: changes count `on_deploy`", (_EFFECTIVE,))
    if dialect.deploy is not None:
        if dialect.effective != "on_deploy":
            said = "must be `on_deploy`, since there is a `deploy`"
            yield Problem(_EFFECTIVE, said, (("deploy",),))
        yield from _check_stages(dialect.deploy.state)
    yield from _check_tenant(dialect)
    yield from _check_gateway(dialect)


def _check_stages(state: DeployState) -> Iterator[Problem]:
    """A stage means one thing."""
    seen: dict[str, Path] = {}
    for group in ("running", "failed", "idle"):
        words: tuple[str, ...] = getattr(state, group)
        for number, word in enumerate(words):
            here = (*_STATE, group, number)
            first = seen.setdefault(word, here)
            if first is not here:
                yield Problem(here, f"{quote(word)} is {dot(first)} already", (first,))


def _check_tenant(dialect: Dialect) -> Iterator[Problem]:
    variables, told = dialect.tenant.variables, dialect.tenant.told
    for name, variable in variables.items():
        if variable.default is not None and not _VALUE.fullmatch(variable.default):
            said = "must be one line of at most 500 characters, and not empty"
            yield Problem((*_VARIABLES, name, "default"), said)
        if name in BUILT_IN and (name != "project" or dialect.deploy is not None):
            yield Problem(
                (*_VARIABLES, name), "is a name that Keywright fills in itself; rename it"
            )
    if told is None:
        return
    here: Path = ("tenant", "told")
    if told.equals is not None and told.equals not in variables:
        said = f"{quote(told.equals)} is no variable of the tenant{suggest(told.equals, variables)}"
        yield Problem((*here, "equals"), said, (_VARIABLES,))
    if all(each is None for each in (told.claim, told.login, told.row, told.call)):
        yield Problem(here, "tells nothing: it needs `claim`, `login`, `row` or `call`")


def _check_gateway(dialect: Dialect) -> Iterator[Problem]:
    gateway = dialect.gateway
    if gateway is None or gateway.create is not None:
        return
    for name, field in gateway.fields.items():
        if field.create is not None:
            said = "is never sent: there is no `gateway.create`"
            yield Problem(("gateway", "fields", name, "create"), said, (("gateway", "create"),))
