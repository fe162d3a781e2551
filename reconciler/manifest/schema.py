"""The JSON Schema of keys.yaml, generated from the types."""

from __future__ import annotations

from typing import Any

from reconciler.documents.json_schema import schema_of, write_schema
from reconciler.manifest.models import ManifestModel


def make_schema() -> dict[str, Any]:
    """Generate the schema."""
    schema = schema_of(ManifestModel, "Keywright manifest")
    # `keys:` with nothing below it yet is an empty manifest, not a mistake.
    schema["properties"]["keys"] = {"anyOf": [schema["properties"]["keys"], {"type": "null"}]}
    return schema


def write() -> str:
    """Write the schema as text."""
    return write_schema(make_schema())
