"""The command line: click only, one command per file. Nothing is decided and nothing built here.

`run` is the door. Commands are imported when they are used, so that `--help` stays quick.
"""

from __future__ import annotations


def run() -> None:
    """Run the command line and leave the process with the exit code of the design's section 12."""
    from reconciler.cli.main import main  # noqa: PLC0415 - --version must not pay for click

    main()
