"""`keywright dialect`: which key APIs can be spoken to, and what each can do."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.options import current, shared_options
from reconciler.cli.terminal import width
from reconciler.core.profile import Profile
from reconciler.documents.reading import UnreadableTextError, names_file
from reconciler.documents.suggestions import nearest
from reconciler.errors import UsageError
from reconciler.providers import describe_dialect, describe_own_dialect, dialect_names
from reconciler.render import (
    dialect_list_json,
    dialect_list_text,
    dialect_show_json,
    dialect_show_text,
)


@click.group("dialect")
@shared_options
def command() -> None:
    """Show which key APIs can be spoken to, and what each can do."""


@command.command("list")
@shared_options
def list_dialects() -> None:
    """List the dialects that come with Keywright."""
    options = current()
    profiles = tuple(map(describe_dialect, dialect_names()))
    if options.json:
        click.echo(dialect_list_json(profiles))
        return
    text = dialect_list_text(profiles, width=width(), color=options.coloured)
    click.echo(text, color=options.coloured)


@command.command("show")
@shared_options
@click.argument("dialect", metavar="NAME|FILE")
def show(dialect: str) -> None:
    """Show what one dialect is and can do; a file of your own is checked as well."""
    options = current()
    profile = _find(dialect)
    if options.json:
        click.echo(dialect_show_json(profile))
        return
    text = dialect_show_text(profile, width=width(), color=options.coloured)
    click.echo(text, color=options.coloured)


def _find(written: str) -> Profile:
    if names_file(written):
        try:
            return describe_own_dialect(Path(written))
        except UnreadableTextError as error:
            raise UsageError(error.problem, where=written) from None
    if written in dialect_names():
        return describe_dialect(written)
    near = nearest(written, dialect_names())
    raise UsageError(
        f"there is no dialect '{written}'{f'; did you mean {near!r}?' if near else ''}",
        remedy="`keywright dialect list` shows what there is; a file is written ./mine.yaml",
    )
