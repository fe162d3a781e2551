"""`keywright rotate`: new versions of keys now, because somebody wants them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import click

from reconciler.cli.application import Application, must_ask
from reconciler.cli.options import auto_approve_option, current, shared_options
from reconciler.cli.selecting import Duration, choose, selection_options
from reconciler.cli.terminal import set_up_logging
from reconciler.core.guard import Approval
from reconciler.core.keys import Address
from reconciler.core.orders import Orders
from reconciler.core.selection import Selection
from reconciler.errors import UsageError
from reconciler.manifest import Manifest
from reconciler.wiring import load, open_state

_AT_ONCE = timedelta(seconds=5)
"""How long a rotation without overlap stays for the end of the old key."""


@click.command("rotate")
@shared_options
@selection_options
@auto_approve_option
@click.option(
    "--no-overlap", is_flag=True, help="The old key goes as soon as the new one is in use."
)
@click.option(
    "--overlap", type=Duration(), metavar="TIME", help="How long the old key works on, at least."
)
@click.option(
    "--wait", type=Duration(), metavar="TIME", help="Stay for overlaps that end within this time."
)
def command(
    *,
    selection: Selection,
    auto_approve: bool,
    no_overlap: bool,
    overlap: timedelta | None,
    wait: timedelta | None,
) -> None:
    """Give keys a new version now. The old one works on for its overlap.

    Only the keys named are touched; what else the manifest asks for waits for apply.
    """
    options = current()
    set_up_logging(options)
    if no_overlap and overlap is not None:
        raise UsageError("--no-overlap and --overlap contradict each other")
    must_ask(options, auto_approve=auto_approve)
    manifest = load(options.file)
    addresses = asyncio.run(_chosen(manifest, selection))
    orders = Orders(
        only=frozenset(addresses),
        rotate=frozenset(addresses),
        overlap=timedelta(0) if no_overlap else overlap,
    )
    application = Application(
        manifest,
        options,
        Approval(attended=not auto_approve),
        ask=not auto_approve,
        verb="rotate",
        orders=orders,
        wait=wait or (_AT_ONCE if no_overlap else None),
    )
    click.get_current_context().exit(asyncio.run(application.run()))


async def _chosen(manifest: Manifest, selection: Selection) -> tuple[Address, ...]:
    backend = open_state(manifest)
    try:
        recorded = await backend.read()
    finally:
        await backend.close()
    chosen = choose(selection, manifest.desired, recorded, datetime.now(UTC))
    declared = {key.address for key in manifest.desired.keys}
    gone = [a for a in chosen if a in selection.addresses and a not in declared]
    if gone:
        raise UsageError(
            f"key '{gone[0]}' is not in the manifest, so that it cannot have a new version",
            effect="Nothing was changed",
            remedy="Declare it, or take it away with `keywright revoke`",
        )
    return tuple(address for address in chosen if address in declared)
