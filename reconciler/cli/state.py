"""`keywright state`: look at the record, or mend it where only a person can know."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace

import click

from reconciler.cli.options import current, shared_options
from reconciler.cli.terminal import width
from reconciler.core.recorded import KeyRow, Recorded, RetiredOp, Version
from reconciler.errors import UsageError
from reconciler.interfaces.backend import Backend
from reconciler.manifest import Manifest
from reconciler.render import state_list_text, state_show_text
from reconciler.render.jsonable import plain
from reconciler.wiring import SystemClock, load, make_holder, open_state


@click.group("state")
@shared_options
def command() -> None:
    """Look at the recorded state, or mend it."""


@command.command("list")
@shared_options
def list_keys() -> None:
    """List what is recorded."""
    recorded = _read(load(current().file))
    if current().json:
        click.echo(json.dumps(plain(recorded.keys), indent=2))
        return
    click.echo(state_list_text(recorded))


@command.command("show")
@shared_options
@click.argument("address")
def show(address: str) -> None:
    """Show everything that is recorded of one key."""
    recorded = _read(load(current().file))
    row = next((row for row in recorded.keys if row.address == address), None)
    if row is None:
        raise _unknown("key", address)
    if current().json:
        click.echo(json.dumps(plain(row), indent=2))
        return
    text = state_show_text(recorded, row.address, width=width(), color=current().coloured)
    click.echo(text, color=current().coloured)


@command.command("rm")
@shared_options
@click.argument("address")
def remove(address: str) -> None:
    """Forget a key without touching it: neither at the API nor in the store."""
    manifest = load(current().file)

    async def forget(backend: Backend) -> str:
        recorded = await backend.read()
        row = next((row for row in recorded.keys if row.address == address), None)
        if row is None:
            raise _unknown("key", address)
        if any(intent.address == address for intent in recorded.intents):
            raise UsageError(
                f"key '{address}' has an operation that an earlier run left open",
                effect="Nothing was changed",
                remedy="Run `keywright apply`, which settles it, and then this again",
            )
        for version in row.living:
            await backend.write_row(_released(row, version))
        await backend.drop_row(row)
        return f"{address} is not recorded any more. The live key and its secret are untouched."

    click.echo(_mend(manifest, forget))


@command.command("move-provider")
@shared_options
@click.argument("name")
def move_provider(name: str) -> None:
    """Accept that a provider has another address or tenant than recorded.

    Right after a move of the same API, or a new service account; never for another tenant's keys.
    """
    manifest = load(current().file)
    provider = next((p for p in manifest.desired.providers if p.name == name), None)
    if provider is None:
        raise _unknown("provider", name)

    async def accept(backend: Backend) -> str:
        recorded = await backend.read()
        row = next((row for row in recorded.providers if row.name == name), None)
        if row is None:
            raise _unknown("provider", name)
        moved = replace(row, origin=provider.origin, dialect=provider.dialect, tenant=None)
        await backend.write_row(moved)
        return f"Provider '{name}' is now {provider.origin}. The next run records its tenant."

    click.echo(_mend(manifest, accept))


def _released(row: KeyRow, version: Version) -> RetiredOp:
    """Remember whose mark a released key carries: it must not look like a stale state."""
    return RetiredOp(
        op=version.op,
        provider=version.provider,
        address=row.address,
        retired_at=SystemClock().now(),
        released=True,
    )


def _read(manifest: Manifest) -> Recorded:
    async def read() -> Recorded:
        backend = open_state(manifest)
        try:
            return await backend.read()
        finally:
            await backend.close()

    return asyncio.run(read())


def _mend(manifest: Manifest, work: Callable[[Backend], Awaitable[str]]) -> str:
    """Do something to the state, under its lock."""

    async def mend() -> str:
        backend = open_state(manifest)
        holder = make_holder(os.environ, "keywright state", SystemClock().now())
        try:
            await backend.lock(holder)
            return await work(backend)
        finally:
            await backend.unlock()
            await backend.close()

    return asyncio.run(mend())


def _unknown(what: str, name: str) -> UsageError:
    return UsageError(
        f"no {what} '{name}' is recorded",
        effect="Nothing was changed",
        remedy="`keywright state list` shows what is",
    )
