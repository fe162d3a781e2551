"""Operations that need each other, and answers that can be told apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.core.keys import ENABLED
from reconciler.documents.places import Path
from reconciler.providers.checks.problem import Problem
from reconciler.providers.dialect.calls import CursorPaging, ListOperation
from reconciler.providers.dialect.model import Dialect

_HERE: Path = ("operations",)
_GONE: Final = frozenset({400, 404, 409, 410, 422})
"""What can be about one key: other statuses are about whoever asks, or about the server."""
_ENABLE, _DISABLE, _FIELD = (*_HERE, "enable"), (*_HERE, "disable"), ("fields", ENABLED)


def check_operations(dialect: Dialect) -> Iterator[Problem]:
    """Check the operations against each other and against what identifies a key."""
    yield from _check_looking(dialect)
    yield from _check_creating(dialect)
    yield from _check_switching(dialect)
    yield from _check_endings(dialect)
    yield from _check_answers(dialect)


def list_operations(dialect: Dialect) -> Iterator[tuple[Path, ListOperation]]:
    """Give every listing, whatever it lists."""
    yield (*_HERE, "list"), dialect.operations.list
    if dialect.operations.audit is not None:
        yield (*_HERE, "audit"), dialect.operations.audit
    if dialect.deploy is not None:
        yield ("deploy", "projects"), dialect.deploy.projects
    if dialect.gateway is not None:
        yield ("gateway", "list"), dialect.gateway.list
    if dialect.reach is not None:
        yield ("reach", "list"), dialect.reach.list


def _check_looking(dialect: Dialect) -> Iterator[Problem]:
    listing, get = dialect.operations.list, (*_HERE, "get")
    if dialect.operations.get is None:
        if not listing.complete:
            why = "absence from the list proves nothing, so keys are looked up by their ids"
            yield Problem(get, f"is missing: {why}", ((*_HERE, "list", "complete"),))
        elif listing.rows != "full":
            why = "the list does not tell everything, so each key is looked up by its id"
            yield Problem(get, f"is missing: {why}", ((*_HERE, "list", "rows"),))
    for path, each in list_operations(dialect):
        paging = each.paging
        if isinstance(paging, CursorPaging) and paging.place == "body" and each.method == "GET":
            said = "cannot be `body`: a GET has none"
            yield Problem((*path, "paging", "place"), said, ((*path, "method"),))


def _check_creating(dialect: Dialect) -> Iterator[Problem]:
    create = dialect.operations.create
    secret, supplied = (*_HERE, "create", "secret"), (*_HERE, "create", "supplied")
    if create.secret is None and create.supplied is None:
        said = "is missing: say where the answer has the secret, or how it is `supplied`"
        yield Problem(secret, said, (supplied,))
    if create.secret is not None and create.supplied is not None:
        yield Problem(
            supplied, "cannot stand beside `secret`: only one side makes it up", (secret,)
        )


def _check_switching(dialect: Dialect) -> Iterator[Problem]:
    """A key is switched off and on again, or off for good, or not at all; and it must show."""
    on, off = dialect.operations.enable, dialect.operations.disable
    field = dialect.fields.get(ENABLED)
    if on is not None and off is None:
        yield Problem(_DISABLE, "is missing: a key that can be enabled can be disabled", (_ENABLE,))
    if off is not None and on is None and not off.final:
        said = "is missing; where there is no way back, `disable` says `final: true`"
        yield Problem(_ENABLE, said, (_DISABLE,))
    if off is not None and on is not None and off.final:
        said = "cannot be true: there is an `enable`"
        yield Problem((*_DISABLE, "final"), said, (_ENABLE,))
    if off is None or on is None or off.final:
        return
    if field is None:
        said = "is missing: `enable` and `disable` change it, so that it has to be read"
        yield Problem(_FIELD, said, (_ENABLE, _DISABLE))
    elif field.read is None:
        said = "is missing: what `enable` and `disable` change has to be read"
        yield Problem((*_FIELD, "read"), said, (_ENABLE, _DISABLE))


def _check_endings(dialect: Dialect) -> Iterator[Problem]:
    identity = dialect.identity
    dead, status, statuses = (("identity", part) for part in ("dead", "status", "statuses"))
    tells_dead = identity.dead is not None or "dead" in identity.statuses.values()
    if dialect.operations.delete.soft and not tells_dead:
        said = "is missing: a soft delete leaves the row, so something must tell that it is dead"
        yield Problem(dead, said, ((*_HERE, "delete"), statuses))
    if identity.status is not None and not identity.statuses:
        yield Problem(statuses, "is missing: say what each word of `status` means", (status,))
    if identity.status is None and identity.statuses:
        yield Problem(status, "is missing: say where the word of `statuses` is", (statuses,))


def _check_answers(dialect: Dialect) -> Iterator[Problem]:
    verify = dialect.operations.verify
    if verify is not None:
        for number, match in enumerate(verify.rejected):
            if match in verify.accepted:
                here = (*_HERE, "verify", "rejected", number)
                said = "is also one of `accepted`: it has to say one or the other"
                yield Problem(here, said, ((*_HERE, "verify", "accepted"),))
    for number, rule in enumerate(dialect.errors):
        if rule.means is None and rule.say is None:
            yield Problem(("errors", number), "says nothing: it needs `means` or `say`")
        if rule.means == "absent" and rule.code is None and rule.status not in _GONE:
            said = (
                f"{rule.status} alone cannot mean absent: a credential or a server that fails"
                " looks the same; add the `code` that tells them apart"
            )
            yield Problem(("errors", number), said)
