"""`keywright undo`: a key's former version back, as long as that one still exists."""

from __future__ import annotations

import asyncio

import click

from reconciler.cli.application import Application, must_ask
from reconciler.cli.options import auto_approve_option, current, shared_options
from reconciler.cli.terminal import set_up_logging
from reconciler.core.guard import Approval
from reconciler.core.keys import Address
from reconciler.core.orders import Orders
from reconciler.documents.suggestions import suggest
from reconciler.errors import UsageError
from reconciler.wiring import load


@click.command("undo")
@shared_options
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@auto_approve_option
@click.pass_context
def command(ctx: click.Context, *, keys: tuple[str, ...], auto_approve: bool) -> None:
    """Point consumers back to the former version of keys, and let the present one go."""
    options = current()
    set_up_logging(options)
    must_ask(options, auto_approve=auto_approve)
    manifest = load(options.file)
    declared = {str(key.address) for key in manifest.desired.keys}
    for name in keys:
        if name not in declared:
            raise UsageError(
                f"there is no key '{name}' in the manifest{suggest(name, declared)}",
                effect="Nothing was changed",
            )
    addresses = frozenset(map(Address, keys))
    application = Application(
        manifest,
        options,
        Approval(attended=not auto_approve),
        ask=not auto_approve,
        verb="undo",
        orders=Orders(only=addresses, restore=addresses),
    )
    ctx.exit(asyncio.run(application.run()))
