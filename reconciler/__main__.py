"""The entry point: answers `--version` before anything heavy is imported, then asks cli."""

import sys

from reconciler import __version__


def main() -> None:
    """Run the command line with the arguments of the process."""
    if sys.argv[1:] in (["--version"], ["version"]):
        sys.stdout.write(f"keywright {__version__}\n")
        return
    from reconciler.cli import run  # noqa: PLC0415 - click must not slow down --version

    run()


if __name__ == "__main__":
    main()
