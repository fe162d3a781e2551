"""The root command: finds the command asked for, and turns every error into one line and a code."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from importlib import import_module
from pathlib import PurePath
from typing import NoReturn

import click

from reconciler import __version__
from reconciler.cli.options import shared_options
from reconciler.errors import KeywrightError

COMMANDS = {
    "init": "Make the state, an identity, and a first manifest.",
    "validate": "Check keys.yaml, offline, and tell every problem at once.",
    "plan": "Show what apply would do. Changes nothing.",
    "apply": "Make the live keys match keys.yaml.",
    "status": "Show every key: versions, stage, age, expiry, last use, where its secret is.",
    "rotate": "Give keys new versions now; the old ones work on for their overlap.",
    "undo": "Give keys their former version back, while it still exists.",
    "revoke": "Take keys out of service at once, then replace them: for a leak, or a leaver.",
    "state": "Look at the recorded state, or mend it.",
    "dialect": "Show which key APIs can be spoken to, and what each can do.",
    "schema": "Print a JSON Schema, for editors.",
    "sandbox": "Run the embedded key API, for trying and for tests.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """List the commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command; None for one that does not exist."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"reconciler.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="keywright", message="%(prog)s %(version)s")
@shared_options
def root() -> None:
    """Keywright: API keys as code. keys.yaml says what should exist; plan shows, apply does.

    Each new secret goes straight from the API into your secrets manager, and nowhere else.
    """


def main() -> NoReturn:
    """Run, and exit. Wrong usage is 1: click's own 2 would read as "changes pending"."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    # One short run over many values that live to its end: a full collection finds nothing in them.
    gc.set_threshold(100_000, 50, 100)
    try:
        code = root.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        code = 130
    except KeywrightError as error:
        click.echo(_shown(error), err=True)
        code = error.exit_code
    except BrokenPipeError:
        _let_go_of_output()
        code = 1
    except OSError as error:
        _let_go_of_output()
        click.echo(_cannot(error), err=True)
        code = 1
    except Exception as error:  # noqa: BLE001 - a traceback would show texts that could hold a secret
        click.echo(_defect(error), err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _shown(error: KeywrightError) -> str:
    from reconciler.errors import DialectError, InterruptedRunError, ManifestError  # noqa: PLC0415
    from reconciler.render import clean  # noqa: PLC0415 - only when something failed

    speaks = ManifestError | DialectError | InterruptedRunError
    prefix = "" if isinstance(error, speaks) else "Error: "
    return "\n".join(clean(line) for line in f"{prefix}{error}".splitlines())


def _cannot(error: OSError) -> str:
    from reconciler.render import clean  # noqa: PLC0415 - only when something failed

    if error.strerror is None:
        return _defect(error)
    return clean(f"Error: {f'{error.filename}: ' if error.filename else ''}{error.strerror}.")


def _let_go_of_output() -> None:
    """Forget what nobody takes: at its end Python would try again, and exit with 120."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)


def _defect(error: Exception) -> str:
    """Name a defect by its type and place alone: its text could hold anything, a secret too."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{PurePath(frame.filename).name}:{frame.lineno}"
    return f"Error: internal error {type(error).__name__} at {place}; please report it."
