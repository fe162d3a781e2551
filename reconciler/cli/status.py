"""`keywright status`: every key and version, as recorded and as it is, and what happens next."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import timedelta

import click

from reconciler.cli.options import Options, current, shared_options
from reconciler.cli.selecting import Duration
from reconciler.cli.terminal import reporting, set_up_logging, width
from reconciler.core.capabilities import Capabilities
from reconciler.core.guard import Approval
from reconciler.core.keys import EXPIRES_AT
from reconciler.engine.run import look
from reconciler.manifest import Manifest
from reconciler.render import status_json, status_text
from reconciler.render.coming import Beside
from reconciler.wiring import load, open_outlook


@click.command("status")
@shared_options
@click.option(
    "--expiring",
    type=Duration(),
    metavar="TIME",
    help="Only what expires within this time, such as 7d, or has expired.",
)
@click.pass_context
def command(ctx: click.Context, *, expiring: timedelta | None) -> None:
    """Show every key: versions, stage, age, expiry, last use, where its secret is, what is next."""
    options = current()
    set_up_logging(options)
    manifest = load(options.file)
    ctx.exit(asyncio.run(_show(manifest, options, expiring)))


def _expiring(able: Mapping[str, Capabilities]) -> frozenset[str]:
    return frozenset(name for name, each in able.items() if EXPIRES_AT in each.fields)


async def _show(manifest: Manifest, options: Options, within: timedelta | None) -> int:
    """Look, show it, and give the exit code: 1 when something could not be read."""
    with reporting(options, quiet=options.json) as reporter:
        async with open_outlook(manifest, os.environ, reporter) as outlook:
            seen = await look(outlook, Approval())
    keys = {key.address: key for key in manifest.desired.keys}
    recorded, observed, plan = seen.recorded, seen.observed, seen.plan
    beside = Beside(
        scheduled=plan.scheduled,
        remarks=plan.remarks,
        within=within,
        expiring_providers=_expiring(outlook.able),
    )
    if options.json:
        click.echo(status_json(recorded, observed, keys, plan.made_at, **beside))
    else:
        text = status_text(
            recorded,
            observed,
            keys,
            plan.made_at,
            width=width(),
            color=options.coloured,
            **beside,
        )
        click.echo(text, color=options.coloured)
    unread = any(p.problem for p in observed.providers) or any(s.problem for s in observed.stores)
    return 1 if unread else 0
