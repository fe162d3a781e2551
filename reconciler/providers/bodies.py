"""From attributes to the bodies that an API wants, by a dialect's field map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from reconciler.core.keys import Value
from reconciler.errors import ProviderError
from reconciler.providers.codecs import UnusableValueError, encode
from reconciler.providers.dialect.fields import AnyField

Body: TypeAlias = dict[str, object]
Purpose: TypeAlias = Literal["create", "update"]


class UnwritableKeyError(ProviderError):
    """An attribute cannot be said in this dialect."""


def write_fields(
    body: Body,
    fields: Mapping[str, AnyField],
    attributes: Iterable[tuple[str, Value]],
    purpose: Purpose,
    now: datetime,
) -> Body:
    """Give a body with these attributes in it; UnwritableKeyError names one that cannot be said."""
    for name, value in attributes:
        field = fields.get(name)
        path: str | None = getattr(field, purpose, None)
        if field is None or path is None:
            raise UnwritableKeyError(f"cannot {purpose} {name}")
        body = place_value(body, path, encode_value(name, field, value, now))
    return body


def encode_value(name: str, field: AnyField, value: Value, now: datetime) -> object:
    """Give one value as the API wants it."""
    try:
        return encode(field, value, now)
    except UnusableValueError:
        raise UnwritableKeyError(f"has no such {name}") from None


def place_value(body: Mapping[str, object], path: str, value: object) -> Body:
    """Give a copy of a body in which a value is at a dotted path."""
    name, dot, rest = path.partition(".")
    if not dot:
        return {**body, name: value}
    inner = body.get(name, {})
    if not isinstance(inner, dict):
        raise UnwritableKeyError(f"has no room for {path}: something else is there")
    return {**body, name: place_value(inner, rest, value)}


def value_at(body: Mapping[str, object], path: str) -> object:
    """Give what is at a dotted path; None where nothing is."""
    node: object = body
    for name in path.split("."):
        node = node.get(name) if isinstance(node, dict) else None
    return node


def as_body(filled: object) -> Body:
    """Give the operation's own body, to which attributes are added."""
    return dict(filled) if isinstance(filled, dict) else {}
