"""`keywright schema`: JSON Schemas for editors, generated from the types."""

from __future__ import annotations

import click

from reconciler.cli.options import shared_options


@click.command("schema")
@shared_options
@click.argument("name", type=click.Choice(["keys"]), default="keys")
def command(name: str) -> None:  # noqa: ARG001 - one schema today; the choice checks the name
    """Print the JSON Schema of keys.yaml."""
    from reconciler.manifest import schema_text  # noqa: PLC0415 - heavy

    click.echo(schema_text(), nl=False)
