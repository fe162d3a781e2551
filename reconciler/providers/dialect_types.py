"""Which part of a dialect a path leads to: the names that are known there, and the kinds of it."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from reconciler.documents.places import Data, Path
from reconciler.providers.dialect.model import Dialect

TAGS: Final = ("kind", "codec")
"""The fields that say which one of several kinds a part is."""

_Annotation: TypeAlias = Any


def names_at(path: Path, data: Data) -> tuple[str, ...]:
    """Give the names of the fields that the part at a path has; none where it has none."""
    found = _walk(path, data)
    if not _is_model(found):
        return ()
    return tuple(field.alias or name for name, field in found.model_fields.items())


def kinds_at(path: Path, data: Data) -> tuple[str, ...]:
    """Give the kinds that the part at a path could be."""
    found = _walk(path, data)
    return tuple(kind for member in _members(found) for kind in _kinds(member))


def _walk(path: Path, data: Data) -> _Annotation:
    here: _Annotation = Dialect
    for step in path:
        here = _narrow(_inside(_narrow(here, data), step), None)
        data = _step(data, step)
    return _narrow(here, data)


def _step(data: Data, step: str | int) -> Data:
    if isinstance(data, dict) and isinstance(step, str):
        return data.get(step)
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return data[step]
    return None


def _inside(annotation: _Annotation, step: str | int) -> _Annotation:
    """Give the type of one entry of a part."""
    if _is_model(annotation):
        fields = annotation.model_fields.items()
        return next((f.annotation for name, f in fields if step == (f.alias or name)), None)
    origin: Any = get_origin(annotation)
    arguments = get_args(annotation)
    if origin is tuple:
        return arguments[0]
    return arguments[1] if origin is dict else None


def _narrow(annotation: _Annotation, data: Data) -> _Annotation:
    """Choose the one of several types that data is meant to be, as far as that can be told."""
    members = [member for member in _members(annotation) if member is not type(None)]
    if isinstance(data, dict):
        meant = [data[tag] for tag in TAGS if isinstance(data.get(tag), str)]
        tagged = [member for member in members if set(meant) & set(_kinds(member))]
        plain = [m for m in members if (_is_model(m) and not _kinds(m)) or get_origin(m) is dict]
        members = tagged or plain or members
    return members[0] if len(members) == 1 else annotation


def _members(annotation: _Annotation) -> Iterator[_Annotation]:
    origin: Any = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for each in get_args(annotation):
            yield from _members(each)
    else:
        yield annotation


def _kinds(annotation: _Annotation) -> tuple[str, ...]:
    if not _is_model(annotation):
        return ()
    fields = (annotation.model_fields.get(tag) for tag in TAGS)
    return tuple(
        str(kind)
        for field in fields
        if field is not None and get_origin(field.annotation) is Literal
        for kind in get_args(field.annotation)
    )


def _is_model(annotation: _Annotation) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
