"""`keywright status`: every key and version, as recorded and as it is."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime

import click

from reconciler.cli.options import Options, current, shared_options
from reconciler.cli.terminal import reporting, set_up_logging, width
from reconciler.core.observed import Observed
from reconciler.core.recorded import Recorded
from reconciler.engine.observe import observe
from reconciler.manifest import Manifest
from reconciler.render import status_json, status_text
from reconciler.wiring import load, open_outlook


@click.command("status")
@shared_options
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show every key: versions, stage, age, expiry, last use, where its secret is."""
    options = current()
    set_up_logging(options)
    manifest = load(options.file)
    recorded, observed, now = asyncio.run(_observe(manifest, options))
    keys = {key.address: key for key in manifest.desired.keys}
    if options.json:
        click.echo(status_json(recorded, observed, keys, now))
    else:
        text = status_text(recorded, observed, keys, now, width=width(), color=options.coloured)
        click.echo(text, color=options.coloured)
    if any(p.problem for p in observed.providers) or any(s.problem for s in observed.stores):
        ctx.exit(1)


async def _observe(manifest: Manifest, options: Options) -> tuple[Recorded, Observed, datetime]:
    with reporting(options, quiet=options.json) as reporter:
        async with open_outlook(manifest, os.environ, reporter) as outlook:
            recorded = await outlook.backend.read()
            return recorded, await observe(outlook, recorded), outlook.clock.now()
