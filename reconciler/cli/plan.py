"""`keywright plan`: what apply would do. Changes nothing and takes no lock."""

from __future__ import annotations

import asyncio
import os
import sys

import click

from reconciler.cli.options import Options, current, shared_options
from reconciler.cli.terminal import reporting, set_up_logging, width
from reconciler.core.guard import Approval
from reconciler.engine.run import Look, look
from reconciler.manifest import Manifest
from reconciler.render import plan_exit_code, plan_json, plan_text
from reconciler.wiring import load, open_outlook


@click.command("plan")
@shared_options
@click.option(
    "--detailed-exitcode",
    "-detailed-exitcode",
    "detailed",
    is_flag=True,
    help="Exit with 2 when changes are pending.",
)
@click.option(
    "--allow-revoke",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Agree to the removal of up to N keys.",
)
@click.pass_context
def command(ctx: click.Context, *, detailed: bool, allow_revoke: int) -> None:
    """Show what apply would do. Changes nothing."""
    options = current()
    set_up_logging(options)
    manifest = load(options.file)
    for warning in manifest.warnings:
        click.echo(f"Warning: {warning}", err=True)
    approval = Approval(allow_revoke, attended=sys.stdin.isatty())
    seen = asyncio.run(_look(manifest, options, approval))
    if options.json:
        click.echo(plan_json(seen.plan, seen.refusals))
    else:
        keys = {key.address: key for key in manifest.desired.keys}
        text = plan_text(seen.plan, keys, seen.refusals, width=width(), color=options.coloured)
        click.echo(text, color=options.coloured)
    ctx.exit(plan_exit_code(seen.plan, seen.refusals, detailed=detailed))


async def _look(manifest: Manifest, options: Options, approval: Approval) -> Look:
    with reporting(options, quiet=options.json) as reporter:
        async with open_outlook(manifest, os.environ, reporter) as outlook:
            return await look(outlook, approval)
