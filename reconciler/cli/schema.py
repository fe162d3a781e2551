"""`keywright schema`: JSON Schemas for editors, generated from the types."""

from __future__ import annotations

import click

from reconciler.cli.options import shared_options
from reconciler.manifest import schema_text
from reconciler.providers import dialect_schema_text


@click.command("schema")
@shared_options
@click.argument("name", type=click.Choice(["keys", "dialect"]), default="keys")
def command(name: str) -> None:
    """Print the JSON Schema of keys.yaml, or of dialect files."""
    click.echo(dialect_schema_text() if name == "dialect" else schema_text(), nl=False)
