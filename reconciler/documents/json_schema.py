"""JSON Schemas from types: what editors complete and check. Imports pydantic: load it late."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


class _WithoutNull(GenerateJsonSchema):
    """A field is left out or has a value: null and a default of null are neither."""

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


def schema_of(model: type[BaseModel], title: str) -> dict[str, Any]:
    """Generate the schema, draft 2020-12, of the files that a type reads."""
    body = model.model_json_schema(schema_generator=_WithoutNull)
    return {"$schema": DRAFT, **body, "title": title}


def write_schema(schema: dict[str, Any]) -> str:
    """Write a schema as text, in the order of the fields."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
