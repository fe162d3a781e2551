"""`keywright plan`: what apply would do. Changes nothing and takes no lock."""

from __future__ import annotations

import asyncio
import os

import click

from reconciler.cli.options import Options, allow_revoke_option, current, shared_options
from reconciler.cli.terminal import reporting, set_up_logging, width
from reconciler.core.guard import Approval
from reconciler.engine.run import look
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
@allow_revoke_option
@click.pass_context
def command(ctx: click.Context, *, detailed: bool, allow_revoke: int) -> None:
    """Show what apply would do. Changes nothing."""
    options = current()
    set_up_logging(options)
    manifest = load(options.file)
    for warning in manifest.warnings:
        click.echo(f"Warning: {warning}", err=True)
    # As CI would apply it: a plan must not be milder than the apply that follows it.
    approval = Approval(allow_revoke, attended=False)
    ctx.exit(asyncio.run(_show(manifest, options, approval, detailed=detailed)))


async def _show(manifest: Manifest, options: Options, approval: Approval, *, detailed: bool) -> int:
    """Plan, show it, and give the exit code.

    Shown in here, since asyncio would word the result of this coroutine for its signal handlers:
    half a second for the world of 10,000 keys.
    """
    with reporting(options, quiet=options.json) as reporter:
        async with open_outlook(manifest, os.environ, reporter) as outlook:
            seen = await look(outlook, approval)
    if options.json:
        click.echo(plan_json(seen.plan, seen.refusals))
    else:
        keys = {key.address: key for key in manifest.desired.keys}
        text = plan_text(seen.plan, keys, seen.refusals, width=width(), color=options.coloured)
        click.echo(text, color=options.coloured)
    return plan_exit_code(seen.plan, seen.refusals, detailed=detailed)
