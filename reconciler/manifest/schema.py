"""The JSON Schema of keys.yaml, generated from the types: what editors complete and check."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from reconciler.manifest.models import ManifestModel

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


class _WithoutNull(GenerateJsonSchema):
    """A field of a manifest is left out or has a value: null and a default of null are neither."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        generated = super().dict_schema(schema)
        if "patternProperties" in generated:
            generated["additionalProperties"] = False
        return generated

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if isinstance(schema.get("default"), (str, int)):
            return super().default_schema(schema)
        return self.generate_inner(schema["schema"])


def make_schema() -> dict[str, Any]:
    """Generate the schema."""
    body = ManifestModel.model_json_schema(schema_generator=_WithoutNull)
    # `keys:` with nothing below it yet is an empty manifest, not a mistake.
    body["properties"]["keys"] = {"anyOf": [body["properties"]["keys"], {"type": "null"}]}
    return {"$schema": DRAFT, **body, "title": "Keywright manifest"}


def write_schema() -> str:
    """Write the schema as text, in the order of the fields."""
    return json.dumps(make_schema(), indent=2, ensure_ascii=False) + "\n"
