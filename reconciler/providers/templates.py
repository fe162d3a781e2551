"""The {names} in a dialect's texts: which there may be, and what is put in their place.

No brace is ever sent: a name that nobody knows, or that has no value, is an error when the driver
is built. Only an optional tenant variable may be without a value: what consists of nothing else is
then left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from reconciler.core.capabilities import climbs
from reconciler.core.keys import OpId
from reconciler.errors import ProviderError
from reconciler.providers.dialect.effects import Variable

Values: TypeAlias = Mapping[str, str]
_NAME: Final = re.compile(r"\{(\w+)\}")
_ALONE: Final = re.compile(r"\{(\w+)\}\Z")
_VALUE: Final = re.compile(r"[^\x00-\x1f\x7f]{1,500}")
_CLOCK: Final = frozenset({"now", "yesterday"})
_LEFT_OUT: Final = object()


def settle_variables(variables: Mapping[str, Variable], given: Values) -> dict[str, str]:
    """Give each tenant variable that has a value; ProviderError names those that are missing."""
    defaults = {name: each.default for name, each in variables.items() if each.default is not None}
    settled = {**defaults, **{name: given[name] for name in variables if name in given}}
    for name, each in variables.items():
        if name not in settled and not each.optional:
            raise ProviderError(f"tenant.{name} is missing: {each.say}")
    for name, value in settled.items():
        if not _VALUE.fullmatch(value) or climbs(value):
            raise ProviderError(f"tenant.{name} cannot be this: it goes into addresses")
    return settled


def check_texts(node: object, known: frozenset[str], optional: frozenset[str]) -> None:
    """See that every name in here will have a value; ProviderError tells the first that has not."""
    for text in _texts(node):
        if alone := _ALONE.match(text):
            _check_name(alone[1], known | optional)
            continue
        for name in _NAME.findall(text):
            _check_name(name, known)
        if re.search(r"[{}]", _NAME.sub("", text)):
            raise ProviderError(f"a brace in {text!r} belongs to no name")


def check_path(path: str, known: frozenset[str]) -> None:
    """See that every name in a path will have a value."""
    for name in _NAME.findall(path):
        _check_name(name, known)


def names_in(path: str) -> tuple[str, ...]:
    """List the names in a path."""
    return tuple(_NAME.findall(path))


def clock_values(now: datetime) -> dict[str, str]:
    """Give what the clock says, in the forms in which dialects may ask for it."""
    utc = now.astimezone(UTC)
    return {
        "now": utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "yesterday": (utc - timedelta(days=1)).date().isoformat(),
    }


def op_values(op: OpId) -> dict[str, str]:
    """Give an operation's id in both of its forms."""
    return {"op": op, "op_uuid": str(UUID(hex=op))}


def known_names(settled: Values, *more: str) -> frozenset[str]:
    """List the names that have a value in one operation."""
    return frozenset(settled) | _CLOCK | frozenset(more)


def fill(node: object, values: Values) -> object:
    """Give a copy with every text filled; what has no value is left out."""
    filled = _fill(node, values)
    return None if filled is _LEFT_OUT else filled


def _fill(node: object, values: Values) -> object:
    if isinstance(node, str):
        return _fill_text(node, values)
    if isinstance(node, dict):
        filled = ((name, _fill(each, values)) for name, each in node.items())
        return {name: each for name, each in filled if each is not _LEFT_OUT}
    if isinstance(node, list):
        return [each for item in node if (each := _fill(item, values)) is not _LEFT_OUT]
    return node


def _fill_text(text: str, values: Values) -> object:
    if alone := _ALONE.match(text):
        return values.get(alone[1], _LEFT_OUT)
    return _NAME.sub(lambda found: values[found[1]], text)


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for name, each in node.items():
            if re.search(r"[{}]", str(name)):
                raise ProviderError(f"a brace in {name!r} belongs to no name")
            yield from _texts(each)
    elif isinstance(node, list | tuple):
        for each in node:
            yield from _texts(each)


def _check_name(name: str, known: frozenset[str]) -> None:
    if name not in known:
        raise ProviderError(f"{{{name}}} has no value here")
