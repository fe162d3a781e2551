"""What a person sees while a run goes: a bar, plain lines, or JSON lines.

Progress goes to standard error, so that standard output holds the plan and the outcome alone.
"""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Options
from reconciler.core.steps import Outcome, Result, Step
from reconciler.interfaces.reporter import Reporter
from reconciler.render import apply_line, clean
from reconciler.render.events import event_json, step_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PLAIN_EVERY = 1000
"""Plain lines tell a long listing in steps of this many keys."""


def width() -> int:
    """Give the columns to write for: the terminal's, or 100 where there is none."""
    return shutil.get_terminal_size((100, 24)).columns


def make_reporter(options: Options) -> Reporter:
    """Choose how progress is shown."""
    if options.json:
        return JsonReporter()
    if sys.stderr.isatty():
        return BarReporter(options)
    return PlainReporter(options)


@contextmanager
def reporting(options: Options, *, quiet: bool = False) -> Iterator[Reporter]:
    """Show progress, and leave the terminal as it was, whatever happens."""
    reporter = SilentReporter() if quiet else make_reporter(options)
    try:
        yield reporter
    finally:
        if isinstance(reporter, BarReporter):
            reporter.stop()


def set_up_logging(options: Options) -> None:
    """Send our own log to standard error, as far as -v asks for it."""
    level = logging.DEBUG if options.verbosity else logging.WARNING
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.WARNING)
    logging.getLogger("keywright").setLevel(level)


class PlainReporter:
    """One line for each thing that happened: for CI logs."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def reading(self, provider: str, seen: int, total: int) -> None:
        """Tell a long listing now and then."""
        if total > _PLAIN_EVERY and (seen % _PLAIN_EVERY == 0 or seen == total):
            click.echo(f"{provider}: {seen} of {total} keys read", err=True)

    def applying(self, total: int) -> None:
        """Nothing: the plan has just been shown."""

    def started(self, step: Step) -> None:
        """Say what begins."""
        click.echo(step_line(step), err=True)

    def finished(self, result: Result) -> None:
        """Say how it ended; what was never begun is in the table."""
        if result.outcome is not Outcome.SKIPPED:
            click.echo(apply_line(result), err=True)

    def waiting(self, step: Step, reason: str) -> None:
        """Say why it takes longer."""
        click.echo(clean(f"{step.address}: waiting, {reason}"), err=True)


class BarReporter:
    """A progress bar, with a line above it for everything that is finished."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._progress: Progress | None = None
        self._reads: dict[str, TaskID] = {}
        self._walk: TaskID | None = None

    def reading(self, provider: str, seen: int, total: int) -> None:
        """Show a bar for a listing that has more than one page."""
        if seen >= total and provider not in self._reads:
            return
        bar = self._bar()
        if provider not in self._reads:
            self._reads[provider] = bar.add_task(f"Reading {provider}", total=total)
        bar.update(self._reads[provider], completed=seen, total=total)
        if seen >= total:
            bar.remove_task(self._reads.pop(provider))
            self._rest()

    def applying(self, total: int) -> None:
        """Show a bar over the whole walk."""
        self._walk = self._bar().add_task("Applying", total=total)

    def started(self, step: Step) -> None:
        """Say on the bar what is under way."""
        if self._walk is not None:
            self._bar().update(self._walk, description=step_line(step))

    def finished(self, result: Result) -> None:
        """Write the result above the bar and move on."""
        bar = self._bar()
        if result.outcome is not Outcome.SKIPPED:
            bar.console.print(apply_line(result), markup=False, highlight=False, soft_wrap=True)
        if self._walk is not None:
            bar.advance(self._walk)
            if all(task.finished for task in bar.tasks):
                bar.remove_task(self._walk)
                self._walk = None
                self._rest()

    def waiting(self, step: Step, reason: str) -> None:
        """Say on the bar why it takes longer."""
        if self._walk is not None:
            self._bar().update(self._walk, description=clean(f"{step.address}: {reason}"))

    def _bar(self) -> Progress:
        if self._progress is None:
            from rich.console import Console  # noqa: PLC0415 - only a long run needs it
            from rich.progress import Progress as Bar  # noqa: PLC0415

            no_color = True if self._options.color is False else None
            self._progress = Bar(console=Console(stderr=True, no_color=no_color), transient=True)
            self._progress.start()
        return self._progress

    def stop(self) -> None:
        """Take the bar off the screen for good, and give the cursor back."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _rest(self) -> None:
        """Take the bar off the screen while nothing is under way: a question may follow."""
        if self._progress is not None and not self._progress.tasks:
            self._progress.stop()
            self._progress = None


class JsonReporter:
    """One JSON object a line on standard output."""

    def reading(self, provider: str, seen: int, total: int) -> None:
        """Tell a listing."""
        click.echo(event_json("reading", provider=provider, seen=seen, total=total))

    def applying(self, total: int) -> None:
        """Tell how much there is to do."""
        click.echo(event_json("applying", total=total))

    def started(self, step: Step) -> None:
        """Tell what begins."""
        click.echo(event_json("started", step=step))

    def finished(self, result: Result) -> None:
        """Tell how it ended."""
        click.echo(event_json("finished", result=result))

    def waiting(self, step: Step, reason: str) -> None:
        """Tell why it takes longer."""
        click.echo(event_json("waiting", step=step, reason=reason))


class SilentReporter:
    """For commands whose output is one document."""

    def reading(self, provider: str, seen: int, total: int) -> None:
        """Say nothing."""

    def applying(self, total: int) -> None:
        """Say nothing."""

    def started(self, step: Step) -> None:
        """Say nothing."""

    def finished(self, result: Result) -> None:
        """Say nothing."""

    def waiting(self, step: Step, reason: str) -> None:
        """Say nothing."""
