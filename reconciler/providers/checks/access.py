"""Ways in: sessions that can be told, and schemes that can be told apart."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.documents.places import Path
from reconciler.providers.checks.problem import Problem
from reconciler.providers.dialect.auth import Login
from reconciler.providers.dialect.model import Dialect


def check_access(dialect: Dialect) -> Iterator[Problem]:
    """Check every scheme by itself, and against the others."""
    first: dict[tuple[str, ...], int] = {}
    for number, scheme in enumerate(dialect.auth):
        here: Path = ("auth", number)
        names = scheme.credentials
        if names in first:
            yield Problem(
                here,
                f"takes the same credentials as auth[{first[names]}] ({', '.join(names)}), so that"
                " it is never chosen; name them differently",
                (("auth", first[names]),),
            )
        first.setdefault(names, number)
        if isinstance(scheme, Login):
            yield from _check_session(scheme, here)


def _check_session(login: Login, here: Path) -> Iterator[Problem]:
    """A session is a token or cookies; what renews it may be cookies that only do that."""
    token, cookies = (*here, "token"), (*here, "cookies")
    if login.token is not None and login.cookies:
        yield Problem(cookies, "cannot stand beside `token`: a session has one of them", (token,))
