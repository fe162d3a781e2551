"""Values as JSON: stable order, ASCII only, and nothing that could be a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from reconciler.render.values import as_utc

FORMAT_VERSION: Final = "1.0"


def plain(value: object) -> Any:  # noqa: ANN401 - what JSON can be
    """Give a value as JSON has it. Every field of a frozen value is there, in its own order.

    Closed on purpose: bytes, secrets and whatever else is not listed here are refused.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        return as_utc(value).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _names(type(value))}
    raise TypeError(f"a {type(value).__name__} is not written as JSON")


def to_json(document: Mapping[str, object]) -> str:
    """Write a document. No line of it can be taken for an order to a CI runner.

    Only strings can hold a `#`, so that escaping the second of two changes no value.
    """
    return json.dumps(plain(document), indent=2).replace("##", "#\\u0023")


def to_json_line(document: Mapping[str, object]) -> str:
    """Write a document on one line, with the same care."""
    return json.dumps(plain(document)).replace("##", "#\\u0023")


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
