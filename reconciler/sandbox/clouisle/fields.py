"""Reading the fields that a caller sends for a key: lenient like the measured backend.

It must not look anything up: whether an agent exists is not its question.
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.sandbox.clouisle.answers import broken, invalid
from reconciler.sandbox.clouisle.instants import read_instant

_LONGEST_NAME = 100
_MOST_INT32 = 2**31 - 1
_TRUE = {"true", "1", "on", "t", "y", "yes"}
_FALSE = {"false", "0", "off", "f", "n", "no"}
_INTEGER = re.compile(r"\s*[+-]?\d{1,40}(?:\.0+)?\s*")
_DEFAULTS: dict[str, Any] = {
    "scopes": ["chat"],
    "rate_limit": 1000,
    "expires_at": None,
    "agent_ids": [],
    "workflow_ids": [],
}
_NULL_BREAKS = ("name", "scopes", "rate_limit", "is_active")


class _Wrong(ValueError):  # noqa: N818 - it never leaves this module
    """A list whose elements at these places are wrong."""

    def __init__(self, places: list[int]) -> None:
        super().__init__()
        self.places = places


def decode_json(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """Decode a JSON body; a wrong one is refused before anybody asks who sent it."""
    try:
        return json.loads(body) if body else None
    except json.JSONDecodeError as problem:
        raise invalid([str(problem.pos)]) from None
    except ValueError:
        raise invalid(["unknown"]) from None


def read_new_key(body: object) -> dict[str, Any]:
    """Read the fields of a key to create; `is_active` is not one of them."""
    given = _as_object(body)
    wanted = {name: given[name] for name in ("name", *_DEFAULTS) if name in given}
    missing = [] if "name" in given else ["name"]
    return _DEFAULTS | _read(wanted, nullable=("expires_at",), missing=missing)


def read_changes(body: object) -> dict[str, Any]:
    """Read the fields of a key to change: only those that were sent."""
    given = _as_object(body)
    wanted = {name: value for name, value in given.items() if name in _READERS}
    return _read(wanted, nullable=tuple(_READERS), missing=[])


def refuse_unstorable(fields: Mapping[str, Any]) -> None:
    """Break where the measured backend accepts a value that its database then rejects."""
    has_null = any(name in fields and fields[name] is None for name in _NULL_BREAKS)
    if has_null or (fields.get("rate_limit") or 0) > _MOST_INT32:
        raise broken()


def read_uuid(value: object) -> str:
    """Read an id, or raise ValueError."""
    if not isinstance(value, str):
        raise TypeError("not an id")
    return str(uuid.UUID(value))


def read_integer(value: object) -> int:
    """Read a whole number, also one in a string, or raise ValueError."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value.split(".")[0])
    if isinstance(value, int | float) and value == int(value):
        return int(value)
    raise ValueError("not a whole number")


def _read(
    wanted: Mapping[str, Any], *, nullable: tuple[str, ...], missing: list[str]
) -> dict[str, Any]:
    wrong = list(missing)
    found: dict[str, Any] = {}
    for name, value in wanted.items():
        if value is None and name in nullable:
            found[name] = None
            continue
        try:
            found[name] = _READERS[name](value)
        except _Wrong as problem:
            wrong += [f"{name}.{place}" for place in problem.places]
        except (ValueError, TypeError, OverflowError):
            wrong.append(name)
    if wrong:
        raise invalid(wrong)
    return found


def _as_object(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise invalid(["unknown"])
    return body


def _read_name(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_NAME:
        raise ValueError("not a name")
    return value


def _read_rate_limit(value: object) -> int:
    number = read_integer(value)
    if number < 0:
        raise ValueError("negative")
    return number


def _read_flag(value: object) -> bool:
    word = str(value).lower() if isinstance(value, str | bool | int) else ""
    if word not in _TRUE | _FALSE:
        raise ValueError("neither true nor false")
    return word in _TRUE


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _list_of(reader: Callable[[object], str]) -> Callable[[object], list[str]]:
    def read_list(value: object) -> list[str]:
        if not isinstance(value, list):
            raise TypeError("not a list")
        found: list[str] = []
        wrong: list[int] = []
        for place, element in enumerate(value):
            try:
                found.append(reader(element))
            except (ValueError, TypeError):
                wrong.append(place)
        if wrong:
            raise _Wrong(wrong)
        return found

    return read_list


_READERS: dict[str, Callable[[object], Any]] = {
    "name": _read_name,
    "scopes": _list_of(_read_text),
    "rate_limit": _read_rate_limit,
    "expires_at": read_instant,
    "is_active": _read_flag,
    "agent_ids": _list_of(read_uuid),
    "workflow_ids": _list_of(read_uuid),
}
