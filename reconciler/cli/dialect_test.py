"""`keywright dialect test`: tries a dialect out with throw-away keys, and removes them again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import click

from reconciler.cli.options import Options, current, shared_options
from reconciler.cli.terminal import set_up_logging, width
from reconciler.core.findings import Finding
from reconciler.documents.reading import UnreadableTextError, names_file
from reconciler.errors import InterruptedRunError, UsageError
from reconciler.manifest import ProviderSettings
from reconciler.providers import dialect_names, load_dialect, load_own_dialect
from reconciler.providers.conformance.bench import Terms
from reconciler.providers.conformance.suite import Report, run_checks
from reconciler.providers.dialect.model import Dialect
from reconciler.render import clean, finding_line, finding_table, findings_json
from reconciler.sandbox import PREFIXES
from reconciler.wiring import RandomIds, SystemClock, load
from reconciler.wiring.reaching import dialect_of
from reconciler.wiring.trying import (
    EMBEDDED,
    embedded,
    open_bench,
    provider_of,
    read_fields,
    sample_fields,
)


@click.command("test")
@shared_options
@click.argument("dialect", metavar="[NAME|FILE]", required=False)
@click.option("--provider", metavar="NAME", help="A provider of keys.yaml to try it out on.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=VALUE",
    help="A value that the API demands, such as options.user=7; texts of a list joined by commas.",
)
@click.option(
    "--deploy",
    is_flag=True,
    help="Also deploy every project of the tenant, and turn its switch and back if no other key is "
    "there.",
)
@click.option("--yes", is_flag=True, help="Do not ask before making throw-away keys.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    dialect: str | None,
    provider: str | None,
    fields: tuple[str, ...],
    deploy: bool,
    yes: bool,
) -> None:
    """Try a dialect out with throw-away keys, which are removed again.

    On a provider of keys.yaml; without --provider on a sandbox in this process.
    """
    options = current()
    set_up_logging(options)
    settings, folder, described = _choose(options, dialect, provider)
    live = settings.origin != EMBEDDED
    given = {**({} if live else sample_fields(described.dialect)), **_split(fields)}
    terms = Terms(fields=read_fields(described, given), deploy=deploy or not live, sandbox=not live)
    if live and not yes:
        _ask(described, settings, deploy=deploy)
    report = Report([])
    try:
        asyncio.run(_run(options, described, settings, folder, terms, report))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise InterruptedRunError("Interrupted", effect=_taken_back(report)) from None
    finally:
        if report.findings or report.left:
            _show(options, described, settings, report)
    ctx.exit(1 if report.broken else 0)


def _taken_back(report: Report) -> str:
    if report.left:
        return "What had been made was removed, save what is named above"
    return "What had been made was removed, and what had been switched was set back"


def _choose(
    options: Options, dialect: str | None, provider: str | None
) -> tuple[ProviderSettings, Path, Dialect]:
    """Say on what to try which dialect out."""
    if provider is not None:
        manifest = load(options.file)
        settings = provider_of(manifest, provider)
        described = dialect_of(settings) if dialect is None else _load(dialect)
        return settings, manifest.folder, described
    if dialect is None:
        raise UsageError("say which dialect to try out, or on which --provider of keys.yaml")
    described = _load(dialect)
    if described.dialect not in PREFIXES:
        raise UsageError(
            f"the sandbox does not speak {described.dialect}",
            remedy="Say --provider NAME, a provider of keys.yaml to try it out on",
        )
    return embedded(described.dialect), Path(), described


def _load(written: str) -> Dialect:
    if not names_file(written):
        if written not in dialect_names():
            raise UsageError(
                f"there is no dialect '{written}'",
                remedy="`keywright dialect list` shows what there is",
            )
        return load_dialect(written)
    try:
        return load_own_dialect(Path(written))
    except UnreadableTextError as error:
        raise UsageError(error.problem, where=written) from None


def _split(fields: tuple[str, ...]) -> dict[str, str]:
    pairs = [field.partition("=") for field in fields]
    wrong = next((name for name, sign, _ in pairs if not sign), None)
    if wrong is not None:
        raise UsageError(f"--field takes NAME=VALUE, and {wrong!r} has no value")
    return {name: value for name, _, value in pairs}


def _ask(described: Dialect, settings: ProviderSettings, *, deploy: bool) -> None:
    """Ask before anything is made at a live API."""
    where = clean(f"{settings.origin} ({described.title})")
    deploys = (
        " It also deploys every project there, twice, with whatever waits to be deployed."
        if deploy and described.deploy is not None
        else ""
    )
    click.echo(
        f"This makes throw-away keys at {where}, uses them, and removes them again.{deploys}",
        err=True,
    )
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to agree", remedy="Run it with --yes")
    click.confirm("Go on?", abort=True, err=True)


async def _run(
    options: Options,
    described: Dialect,
    settings: ProviderSettings,
    folder: Path,
    terms: Terms,
    report: Report,
) -> None:
    def tell(finding: Finding) -> None:
        if not options.json:
            click.echo(finding_line(finding), err=True)

    clock, ids = SystemClock(), RandomIds()
    _listen(asyncio.get_running_loop(), asyncio.current_task())
    async with open_bench(described, settings, folder, os.environ, clock, ids, terms) as bench:
        await run_checks(bench, report, tell)


def _listen(loop: asyncio.AbstractEventLoop, task: asyncio.Task[object] | None) -> None:
    """End in an orderly way however often somebody asks: asyncio's own second time would not."""

    def on_signal() -> None:
        if sys.stderr.isatty():
            click.echo(err=True)
        click.echo("Interrupt received: removing what was made.", err=True)
        if task is not None:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)


def _show(options: Options, described: Dialect, settings: ProviderSettings, report: Report) -> None:
    if options.json:
        name, origin = described.dialect, settings.origin
        click.echo(findings_json(name, origin, report.findings, report.left))
        return
    text = finding_table(report.findings, report.left, width=width(), color=options.coloured)
    click.echo(text, color=options.coloured)
