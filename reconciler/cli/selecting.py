"""Saying which keys are meant: the arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

import click

from reconciler.core.desired import Desired
from reconciler.core.keys import Address
from reconciler.core.recorded import Recorded
from reconciler.core.selection import Selection, select
from reconciler.errors import UsageError


class Duration(click.ParamType[timedelta]):
    """A span of time as the manifest writes it, such as 90d or 12h."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read it; wrong ones are wrong usage."""
        from reconciler.manifest.quantities import read_duration  # noqa: PLC0415 - seldom used

        if isinstance(value, timedelta):
            return value
        try:
            return read_duration(value)
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


def selection_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the arguments and options by which keys are chosen; the command gets a `selection`."""

    @wraps(command)
    def with_selection(
        *,
        keys: tuple[str, ...],
        labels: tuple[str, ...],
        owner: str | None,
        provider: str | None,
        environment: str | None,
        older_than: timedelta | None,
        **rest: Any,  # noqa: ANN401 - the command's own
    ) -> None:
        selection = Selection(
            addresses=tuple(map(Address, keys)),
            owner=owner,
            provider=provider,
            environment=environment,
            labels=tuple(map(_label, labels)),
            older_than=older_than,
        )
        command(selection=selection, **rest)

    wrapped: Callable[..., None] = with_selection
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def _label(said: str) -> tuple[str, str]:
    name, equals, value = said.partition("=")
    if not equals or not name:
        raise UsageError(f"--label takes NAME=VALUE, not '{said}'")
    return name, value


_OPTIONS = (
    click.argument("keys", nargs=-1, metavar="[KEY]..."),
    click.option("--owner", help="Every key of this owner."),
    click.option("--provider", help="Every key at this provider."),
    click.option("--environment", help="Every key of this environment."),
    click.option(
        "--label", "labels", multiple=True, metavar="NAME=VALUE", help="Every key with this label."
    ),
    click.option(
        "--older-than",
        type=Duration(),
        metavar="AGE",
        help="Every key whose version in use is older, such as 90d.",
    ),
)


def choose(
    selection: Selection, desired: Desired, recorded: Recorded, now: datetime
) -> tuple[Address, ...]:
    """Give the keys that are meant; UsageError when that is none, or a name is unknown."""
    if selection.empty:
        raise UsageError(
            "say which keys are meant",
            effect="Nothing was changed",
            remedy="Name them, or use --owner, --provider, --environment, --label or --older-than",
        )
    found = select(selection, desired, recorded, now)
    if found.unknown:
        names = ", ".join(f"'{address}'" for address in found.unknown)
        raise UsageError(
            f"there is no key {names}",
            effect="Nothing was changed",
            remedy="`keywright status` lists them all",
        )
    if not found.addresses:
        raise UsageError("no key is like that", effect="Nothing was changed")
    return found.addresses
