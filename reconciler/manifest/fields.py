"""The types of single fields of keys.yaml: how each is read, and what its schema says."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, TypeAlias

from pydantic import Field, PlainValidator, WithJsonSchema

from reconciler.core.desired import Call
from reconciler.core.keys import Lifetime
from reconciler.manifest.hooks import Webhook, read_command, read_webhook
from reconciler.manifest.quantities import (
    DURATION_PATTERN,
    RATE_PATTERN,
    read_duration,
    read_lifetime,
    read_optional_duration,
    read_rate,
    read_rate_limit,
    read_span,
)
from reconciler.manifest.references import Reference, read_reference
from reconciler.manifest.sources import Source, read_source
from reconciler.manifest.trials import CALL_PATTERN, read_call
from reconciler.manifest.urls import read_key_url, read_url
from reconciler.manifest.words import (
    ADDRESS_PATTERN,
    LINE_PATTERN,
    NAME_PATTERN,
    read_deploy,
    read_option,
    read_scopes,
    read_tenant_value,
)

_DURATION_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": DURATION_PATTERN,
    "examples": ["30d", "48h", "1d12h"],
}
_RATE_SCHEMA: dict[str, Any] = {"type": "string", "pattern": RATE_PATTERN, "examples": ["600/min"]}
_LIFETIME_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"after": {**_DURATION_SCHEMA, "description": "From creation on."}},
            "required": ["after"],
            "additionalProperties": False,
        },
        {"const": "never"},
        {
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].+)?$",
            "description": "A date (its end, UTC) or a time. It never triggers a rotation.",
        },
    ]
}
_REFERENCE_SCHEMA: dict[str, Any] = {
    "description": "Where a credential is read from; never the credential itself.",
    "oneOf": [
        {
            "type": "object",
            "properties": {kind: {"type": "string", "minLength": 1, "description": text}},
            "required": [kind],
            "additionalProperties": False,
        }
        for kind, text in (
            ("env", "Name of an environment variable."),
            ("file", "Path of a file, relative to the manifest; may be a link."),
        )
    ],
}
_URL_SCHEMA: dict[str, Any] = {"type": "string", "pattern": "^(https?://|sandbox:).+$"}
_DEPLOY_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"const": "all"},
        {
            "type": "array",
            "items": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}]},
            "minItems": 1,
            "uniqueItems": True,
        },
    ]
}
_SOURCE_SCHEMA: dict[str, Any] = {
    "oneOf": [
        {
            "type": "object",
            "properties": {
                "store": {"type": "string", "description": "One of `stores`."},
                "path": {"type": "string", "description": "The record inside the store."},
                "field": {"type": "string", "description": "Its field; `secret` by default."},
            },
            "required": ["path"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"key": {"type": "string", "description": "The address of a key."}},
            "required": ["key"],
            "additionalProperties": False,
        },
    ]
}
_OPTION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string"},
        {"type": "integer"},
        {"type": "boolean"},
        {"type": "array", "items": {"type": "string"}},
    ]
}

Name: TypeAlias = Annotated[str, Field(pattern=NAME_PATTERN)]
Address: TypeAlias = Annotated[str, Field(pattern=ADDRESS_PATTERN)]
Line: TypeAlias = Annotated[str, Field(pattern=LINE_PATTERN, max_length=255)]
Duration: TypeAlias = Annotated[
    timedelta, PlainValidator(read_duration), WithJsonSchema(_DURATION_SCHEMA)
]
Span: TypeAlias = Annotated[
    timedelta | None,
    PlainValidator(read_span),
    WithJsonSchema({"anyOf": [_DURATION_SCHEMA, {"const": "never"}]}),
]
"""A duration longer than nothing, or `never`, which is None."""
Limit: TypeAlias = Annotated[
    timedelta | None,
    PlainValidator(read_optional_duration),
    WithJsonSchema({"anyOf": [_DURATION_SCHEMA, {"const": "never"}]}),
]
"""A duration, or `never`, which is None."""
Rate: TypeAlias = Annotated[int, PlainValidator(read_rate), WithJsonSchema(_RATE_SCHEMA)]
RateLimit: TypeAlias = Annotated[
    int | None,
    PlainValidator(read_rate_limit),
    WithJsonSchema({"anyOf": [_RATE_SCHEMA, {"const": "unlimited"}]}),
]
Expiry: TypeAlias = Annotated[
    Lifetime, PlainValidator(read_lifetime), WithJsonSchema(_LIFETIME_SCHEMA)
]
Credential: TypeAlias = Annotated[
    Reference, PlainValidator(read_reference), WithJsonSchema(_REFERENCE_SCHEMA)
]
Url: TypeAlias = Annotated[str, PlainValidator(read_url), WithJsonSchema(_URL_SCHEMA)]
KeyUrl: TypeAlias = Annotated[
    str,
    PlainValidator(read_key_url),
    WithJsonSchema({"type": "string", "pattern": "^https?://.+$"}),
]
TenantValue: TypeAlias = Annotated[
    str,
    PlainValidator(read_tenant_value),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}]}),
]
Projects: TypeAlias = Annotated[
    tuple[str, ...], PlainValidator(read_deploy), WithJsonSchema(_DEPLOY_SCHEMA)
]
ProviderKeySource: TypeAlias = Annotated[
    Source, PlainValidator(read_source), WithJsonSchema(_SOURCE_SCHEMA)
]
Scopes: TypeAlias = Annotated[
    tuple[str, ...],
    PlainValidator(read_scopes),
    WithJsonSchema({"type": "array", "items": {"type": "string", "minLength": 1}}),
]
Option: TypeAlias = Annotated[
    str | int | bool | tuple[str, ...], PlainValidator(read_option), WithJsonSchema(_OPTION_SCHEMA)
]
CallText: TypeAlias = Annotated[
    Call,
    PlainValidator(read_call),
    WithJsonSchema(
        {"type": "string", "pattern": CALL_PATTERN, "examples": ["GET /admin/audit-logs"]}
    ),
]
WebhookAddress: TypeAlias = Annotated[
    Webhook,
    PlainValidator(read_webhook),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": "^https?://.+$"}, _REFERENCE_SCHEMA]}),
]
Command: TypeAlias = Annotated[
    tuple[str, ...],
    PlainValidator(read_command),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "minItems": 1}),
]
