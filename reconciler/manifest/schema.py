"""The JSON Schema of keys.yaml, generated from the types."""

from __future__ import annotations

from typing import Any

from reconciler.documents.json_schema import schema_of, write_schema
from reconciler.manifest.hooks import NO_HOOK
from reconciler.manifest.models import KeyModel, ManifestModel, SharedModel


def make_schema() -> dict[str, Any]:
    """Generate the schema."""
    schema = schema_of(ManifestModel, "Keywright manifest")
    # `keys:` with nothing below it yet is an empty manifest, not a mistake.
    schema["properties"]["keys"] = {"anyOf": [schema["properties"]["keys"], {"type": "null"}]}
    for model in (SharedModel, KeyModel):
        fields = schema["$defs"][model.__name__]["properties"]
        fields["on_promoted"] = {
            "anyOf": [fields["on_promoted"], {"const": NO_HOOK}],
            "description": "How consumers are told about a new version, or `none`.",
        }
    return schema


def write() -> str:
    """Write the schema as text."""
    return write_schema(make_schema())
