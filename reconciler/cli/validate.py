"""`keywright validate`: every problem of the manifest at once, offline."""

from __future__ import annotations

import json
import os

import click

from reconciler.cli.options import current, shared_options
from reconciler.errors import ManifestError
from reconciler.manifest import Manifest
from reconciler.wiring import load, stack_identity


@click.command("validate")
@shared_options
def command() -> None:
    """Check keys.yaml, offline, and tell every problem at once."""
    options = current()
    try:
        manifest = load(options.file)
    except ManifestError as error:
        if options.json:
            click.echo(_document(error.problems, ()))
            raise SystemExit(1) from None
        raise
    notes = (*manifest.warnings, *_identity_note(manifest))
    if options.json:
        click.echo(_document((), notes))
        return
    for note in notes:
        click.echo(f"Warning: {note}", err=True)
    click.echo(f"{options.file} is valid: {_counts(manifest)}.")


def _identity_note(manifest: Manifest) -> tuple[str, ...]:
    if manifest.state.spool == "off" or stack_identity(manifest, os.environ) is not None:
        return ()
    note = (
        "this machine has no age identity that opens the spool: a create that is interrupted here "
        "will be replaced by the next run, not finished"
    )
    return (note,)


def _counts(manifest: Manifest) -> str:
    desired = manifest.desired
    parts = (
        (len(desired.keys), "key"),
        *(((len(desired.provider_keys), "provider key"),) if desired.provider_keys else ()),
        (len(desired.providers), "provider"),
        (len(manifest.stores), "store"),
    )
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in parts)


def _document(problems: tuple[str, ...], warnings: tuple[str, ...]) -> str:
    return json.dumps({"valid": not problems, "problems": problems, "warnings": warnings}, indent=2)
