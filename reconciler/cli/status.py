"""`keywright status`: every key and version, as recorded and as it is."""

from __future__ import annotations

import asyncio
import os

import click

from reconciler.cli.options import Options, current, shared_options
from reconciler.cli.terminal import reporting, set_up_logging, width
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
    ctx.exit(asyncio.run(_show(manifest, options)))


async def _show(manifest: Manifest, options: Options) -> int:
    """Look, show it, and give the exit code: 1 when something could not be read."""
    with reporting(options, quiet=options.json) as reporter:
        async with open_outlook(manifest, os.environ, reporter) as outlook:
            recorded = await outlook.backend.read()
            observed, now = await observe(outlook, recorded), outlook.clock.now()
    keys = {key.address: key for key in manifest.desired.keys}
    if options.json:
        click.echo(status_json(recorded, observed, keys, now))
    else:
        text = status_text(recorded, observed, keys, now, width=width(), color=options.coloured)
        click.echo(text, color=options.coloured)
    unread = any(p.problem for p in observed.providers) or any(s.problem for s in observed.stores)
    return 1 if unread else 0
