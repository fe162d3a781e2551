"""Where the state lives: one module per kind of place, each loaded only when it is asked for.

Every module offers `open_backend(folder, stack)`. Nothing here decides what is recorded; a backend
keeps rows, compares revs, and says durably yes or no.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import cast

from reconciler.errors import StateError
from reconciler.interfaces.backend import Backend

BACKENDS: Mapping[str, str] = MappingProxyType(
    {
        "file": "reconciler.backends.file",
        "memory": "reconciler.backends.memory",
    }
)
"""The name of a backend, and the module that offers it."""


def open_backend(name: str, folder: Path, stack: str) -> Backend:
    """Load one backend and point it at a stack; touches no file. StateError on an unknown name."""
    module = BACKENDS.get(name)
    if module is None:
        raise StateError(
            f"there is no backend called {name!r}",
            effect="Nothing was changed",
            remedy=f"Use one of: {', '.join(sorted(BACKENDS))}",
        )
    return cast(Backend, import_module(module).open_backend(folder, stack))
