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


class _WithTest(click.Group):
    """Imports `test` when it is asked for: it needs an HTTP client, and the others do not."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order in which one meets them."""
        return [*super().list_commands(ctx), "test"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give a command; None for one that does not exist."""
        if cmd_name != "test":
            return super().get_command(ctx, cmd_name)
        from reconciler.cli.dialect_test import command as test  # noqa: PLC0415

        return test


@click.group("dialect", cls=_WithTest)
@shared_options
def command() -> None:
    """Show which key APIs can be spoken to, what each can do, and try one out."""


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
