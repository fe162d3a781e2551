"""`keywright apply`: makes live keys match the manifest, and says what became of each."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import click

from reconciler.cli.application import Application, must_ask
from reconciler.cli.options import (
    allow_revoke_option,
    auto_approve_option,
    current,
    shared_options,
)
from reconciler.cli.selecting import Duration
from reconciler.cli.terminal import set_up_logging
from reconciler.core.guard import Approval
from reconciler.wiring import load


@click.command("apply")
@shared_options
@auto_approve_option
@allow_revoke_option
@click.option(
    "--wait",
    type=Duration(),
    metavar="TIME",
    help="Stay for overlaps that end within this time, and retire the old keys.",
)
@click.pass_context
def command(
    ctx: click.Context, *, auto_approve: bool, allow_revoke: int, wait: timedelta | None
) -> None:
    """Make the live keys match keys.yaml."""
    options = current()
    set_up_logging(options)
    must_ask(options, auto_approve=auto_approve)
    manifest = load(options.file)
    for warning in manifest.warnings:
        click.echo(f"Warning: {warning}", err=True)
    approval = Approval(allow_revoke, attended=not auto_approve)
    application = Application(manifest, options, approval, ask=not auto_approve, wait=wait)
    ctx.exit(asyncio.run(application.run()))
