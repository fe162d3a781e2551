"""Does the data have the shape of a manifest? Every deviation is reported, the rest goes on.

What is wrong is cut out and the rest validated again, so that a misspelt field does not hide an
unknown provider. Keys are validated in batches: models are many times larger than what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from reconciler.manifest.complaints import (
    complain_about_errors,
    complain_about_nulls,
    complain_about_text,
)
from reconciler.manifest.document import Document
from reconciler.manifest.models import Address, KeyModel, ManifestModel
from reconciler.manifest.places import Data, Path
from reconciler.manifest.problems import Problems

MINIMUM: Final = "it begins with `version: 1` and `stack: NAME`"
_BATCH = 1000
_ROUNDS = 3
_TOP: dict[str, Data] = {"version": 1, "stack": "unnamed"}
_PROVIDER: dict[str, Data] = {"dialect": "unnamed", "url": "https://unnamed.invalid"}
_KEYS = TypeAdapter(dict[Address, KeyModel])

T = TypeVar("T")


def read_top(document: Document, problems: Problems) -> ManifestModel | None:
    """Validate everything but the keys; None where nothing of it can be used for further checks."""
    complain_about_text(document, problems)
    if document.broken:
        return None
    if document.data is None:
        problems.add(0, f"the manifest is empty; {MINIMUM}")
        return None
    complain_about_nulls(document, problems)
    data: Data = document.data
    if isinstance(data, dict):
        if not isinstance(data.get("keys", {}), (dict, type(None))):
            problems.complain(("keys",), "must be a mapping")
        data = cut(data, [*document.nulls, ("keys",)])
    return _read(ManifestModel.model_validate, data, (), document, problems)


def read_keys(document: Document, problems: Problems) -> Iterator[tuple[str, int, KeyModel]]:
    """Validate the keys; give each usable one with its address and the mark of that."""
    declared = _section(document.data)
    usable = _section(cut(document.data, document.nulls))
    entries = document.places.of_keys(declared)
    while batch := dict(islice(entries, _BATCH)):
        part: Data = {name: usable[name] for name in batch if name in usable}
        models = _read(_KEYS.validate_python, part, ("keys",), document, problems)
        for name, model in (models or {}).items():
            yield name, batch[name], model


def _section(data: Data) -> dict[str, Data]:
    keys = data.get("keys") if isinstance(data, dict) else None
    return keys if isinstance(keys, dict) else {}


def _read(
    validate: Callable[[Data], T], data: Data, above: Path, document: Document, problems: Problems
) -> T | None:
    """Validate, report, and validate what is left. Cutting may leave a gap: hence the rounds."""
    read, errors = _validate(validate, data)
    complain_about_errors(errors, above, document, problems)
    for _ in range(_ROUNDS):
        if read is not None:
            break
        data = cut(data, map(_damaged, errors))
        read, errors = _validate(validate, data if above else _fill(data))
    return read


def _validate(validate: Callable[[Data], T], data: Data) -> tuple[T | None, list[ErrorDetails]]:
    try:
        return validate(data), []
    except ValidationError as error:
        return None, error.errors(include_url=False, include_input=False)


def _fill(data: Data) -> Data:
    """Stand in for mandatory fields that are gone; that they are has been reported."""
    if not isinstance(data, dict):
        return data
    providers = data.get("providers")
    filled = {**_TOP, **data}
    if isinstance(providers, dict):
        filled["providers"] = {
            name: {**_PROVIDER, **entry} if isinstance(entry, dict) else entry
            for name, entry in providers.items()
        }
    return filled


def _damaged(error: ErrorDetails) -> Path:
    """Say what has to go: for a missing field, whatever should have had it, unless it is filled."""
    path = error["loc"]
    if error["type"] == "missing" and path[-1] in (*_TOP, *_PROVIDER):
        return path
    return path[:-1] if path[-1:] == ("[key]",) or error["type"] == "missing" else path


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
