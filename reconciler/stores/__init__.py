"""Family 2: the secrets managers that a secret can be written to.

This table is all that importing the room costs: each store's module, and what it needs in turn, is
imported when a manifest names its type. Nothing here reads a manifest or the environment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Any, TypeAlias

Loader: TypeAlias = Callable[[], type[Any]]
"""Imports a store's module and gives its class; what the class is built with is its own."""


def _load(module: str, name: str) -> type[Any]:
    store: type[Any] = getattr(import_module(f"{__name__}.{module}"), name)
    return store


STORES: Mapping[str, Loader] = MappingProxyType(
    {
        "age": partial(_load, "age", "AgeStore"),
        "memory": partial(_load, "memory", "MemoryStore"),
    }
)
"""Every `type:` that a store can have in keys.yaml."""
