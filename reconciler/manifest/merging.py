"""Which value of a field wins: the key's own over its environment's over the defaults'.

`rotate` and `secret` are merged field by field; every other field, lists and mappings included,
replaces what it overrides as a whole. A field that is explicitly empty overrides too.
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from reconciler.manifest.models import ManifestModel, SharedModel

_DEEP = ("rotate", "secret")
Model = TypeVar("Model", bound=BaseModel)
Shared = TypeVar("Shared", bound=SharedModel)


def overlay(under: SharedModel, over: Shared) -> Shared:
    """Give `over` with what it leaves out taken from `under`."""
    if not under.model_fields_set:
        return over
    taken = {name: getattr(under, name) for name in under.model_fields_set - over.model_fields_set}
    for name in _DEEP:
        if name not in taken and name in under.model_fields_set:
            taken[name] = _overlay_part(getattr(under, name), getattr(over, name))
    return over.model_copy(update=taken)


def _overlay_part(under: Model, over: Model) -> Model:
    taken = {name: getattr(under, name) for name in under.model_fields_set - over.model_fields_set}
    return over.model_copy(update=taken) if taken else over


class Backgrounds:
    """What a key of each environment takes over, worked out once per environment."""

    def __init__(self, manifest: ManifestModel) -> None:
        self._defaults = manifest.defaults
        self._merged = {
            name: overlay(manifest.defaults, model) for name, model in manifest.environments.items()
        }

    def of(self, environment: str | None) -> SharedModel:
        """Give the merged fields of an environment; unknown ones add nothing to the defaults."""
        return self._merged.get(environment or "", self._defaults)
