"""The options that every command takes, before or after its name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Options:
    """What was said once for the whole call. `verbosity` counts -v."""

    file: Path = Path("keys.yaml")
    format: str = "text"
    color: bool | None = None
    verbosity: int = 0

    @property
    def json(self) -> bool:
        """Whether machines read the output."""
        return self.format == "json"

    @property
    def coloured(self) -> bool:
        """Whether standard output takes colours: asked for, or a terminal that takes them."""
        if self.color is not None:
            return self.color
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def current() -> Options:
    """Give the options of the running command."""
    options = click.get_current_context().find_object(Options)
    return options or Options()


def shared_options(command: F) -> F:
    """Add the shared options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _keep(field: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:  # noqa: ANN401
        if ctx.get_parameter_source(parameter.name or "") is click.core.ParameterSource.DEFAULT:
            return
        ctx.obj = replace(ctx.find_object(Options) or Options(), **{field: value})

    return keep


_OPTIONS = (
    click.option(
        "-f",
        "--file",
        type=click.Path(path_type=Path),
        default=Path("keys.yaml"),
        show_default=True,
        expose_value=False,
        callback=_keep("file"),
        help="The manifest.",
    ),
    click.option(
        "--format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        expose_value=False,
        callback=_keep("format"),
        help="For people, or for machines.",
    ),
    click.option(
        "--color/--no-color",
        default=None,
        expose_value=False,
        callback=_keep("color"),
        help="Colours; by default where the terminal takes them.",
    ),
    click.option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        callback=_keep("verbosity"),
        help="Log HTTP calls: method, path and status, never a header or body.",
    ),
)

auto_approve_option = click.option(
    "--auto-approve", "-auto-approve", is_flag=True, help="Do not ask; needed outside a terminal."
)
"""For commands that ask before they act."""

allow_revoke_option = click.option(
    "--allow-revoke",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Agree to the removal of up to N keys.",
)
"""For commands that guards may refuse."""
