"""Does the data have the shape of a manifest? Every deviation is reported, the rest goes on.

Keys are validated in batches: models are many times larger than what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, TypeVar

from pydantic import TypeAdapter
from pydantic_core import ErrorDetails

from reconciler.documents.cutting import cut, salvage
from reconciler.documents.places import Data, Path
from reconciler.documents.yaml_text import Document
from reconciler.manifest.complaints import (
    complain_about_errors,
    complain_about_nulls,
    complain_about_text,
)
from reconciler.manifest.fields import Address
from reconciler.manifest.models import KeyModel, ManifestModel
from reconciler.manifest.problems import Problems

MINIMUM: Final = "it begins with `version: 1` and `stack: NAME`"
_BATCH = 1000
_TOP: dict[str, Data] = {"version": 1, "stack": "unnamed"}
_ENTRIES: dict[str, dict[str, Data]] = {
    "providers": {"dialect": "unnamed", "url": "https://unnamed.invalid"},
    "provider_keys": {"provider": "unnamed", "upstream": "unnamed", "value": {"key": "unnamed"}},
}
"""What stands in for mandatory fields of the entries of a section."""
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
    return salvage(
        validate,
        data,
        lambda errors: complain_about_errors(errors, above, document, problems),
        _damaged,
        fill=(lambda part: part) if above else _fill,
    )


def _fill(data: Data) -> Data:
    """Stand in for mandatory fields that are gone; that they are has been reported."""
    if not isinstance(data, dict):
        return data
    filled = {**_TOP, **data}
    for section, stand_ins in _ENTRIES.items():
        entries = data.get(section)
        if isinstance(entries, dict):
            filled[section] = {
                name: {**stand_ins, **entry} if isinstance(entry, dict) else entry
                for name, entry in entries.items()
            }
    return filled


def _damaged(error: ErrorDetails) -> Path:
    """Say what has to go: for a missing field, whatever should have had it, unless it is filled."""
    path = error["loc"]
    if error["type"] == "missing" and path[-1] in (*_TOP, *_ENTRIES.get(str(path[0]), ())):
        return path
    return path[:-1] if path[-1:] == ("[key]",) or error["type"] == "missing" else path
