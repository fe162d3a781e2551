"""Checking what is left of data after what is wrong with it was told.

What is wrong is cut out and the rest validated again, so that a misspelt field does not hide an
unknown name. Imports pydantic, so it is loaded late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reconciler.documents.places import Data, Path

T = TypeVar("T")
_ROUNDS = 3


def salvage(
    validate: Callable[[Data], T],
    data: Data,
    tell: Callable[[list[ErrorDetails]], None],
    damaged: Callable[[ErrorDetails], Path],
    *,
    fill: Callable[[Data], Data],
) -> T | None:
    """Validate, tell every error, and validate what is left; None where too little is.

    `damaged` says what has to go for an error. Cutting may leave a gap, which `fill` may fill with
    something that stands in: hence the rounds.
    """
    read, errors = _validate(validate, data)
    tell(errors)
    for _ in range(_ROUNDS):
        if read is not None:
            break
        data = cut(data, map(damaged, errors))
        read, errors = _validate(validate, fill(data))
    return read


def _validate(validate: Callable[[Data], T], data: Data) -> tuple[T | None, list[ErrorDetails]]:
    try:
        return validate(data), []
    except ValidationError as error:
        return None, error.errors(include_url=False, include_input=False)


def cut(data: Data, paths: Iterable[Path]) -> Data:
    """Give a copy without what the paths lead to; a list goes as a whole. Shares what it keeps."""
    doomed: dict[str, object] = {}
    for path in paths:
        _plan(doomed, path)
    return _prune(data, doomed)


def _plan(doomed: dict[str, object], path: Path) -> None:
    here = doomed
    for number, step in enumerate(path):
        last = number + 1 == len(path) or isinstance(path[number + 1], int)
        inner = None if last else here.setdefault(str(step), {})
        if not isinstance(inner, dict):
            here[str(step)] = None
            return
        here = inner


def _prune(data: Data, doomed: dict[str, object]) -> Data:
    if not doomed or not isinstance(data, dict):
        return data
    kept: dict[str, Data] = {}
    for name, value in data.items():
        inner = doomed.get(name, {})
        if isinstance(inner, dict):
            kept[name] = _prune(value, inner)
    return kept
