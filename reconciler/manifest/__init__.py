"""keys.yaml → what should exist: loading, positions, references, every problem at once.

The door. It is light: YAML and pydantic are imported by the first call that needs them. No network
and no environment variable is read here, and nothing of a manifest is ever executed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reconciler.core.capabilities import Capabilities
from reconciler.manifest.references import EnvReference, FileReference, Reference, resolve
from reconciler.manifest.settings import (
    AgeSettings,
    HookSettings,
    Manifest,
    ProviderSettings,
    StateSettings,
    StoreSettings,
)

__all__ = [
    "AgeSettings",
    "EnvReference",
    "FileReference",
    "HookSettings",
    "Manifest",
    "ProviderSettings",
    "Reference",
    "StateSettings",
    "StoreSettings",
    "load_manifest",
    "resolve",
    "schema",
    "schema_text",
]


def load_manifest(
    path: Path,
    find_dialect: Callable[[str], Capabilities | None],
    dialect_names: Callable[[], tuple[str, ...]],
    *,
    tolerant: bool = False,
) -> Manifest:
    """Read a manifest; ManifestError holds every problem, each with its place.

    `find_dialect` gives the abilities of a dialect, by its name or by its file's path from the
    manifest, and None for an unknown one; it may raise UnreadableTextError and DialectError.
    `dialect_names` is asked only to suggest the right one. Credentials are not looked up: see
    `resolve`. A `tolerant` reading, for emergencies, leaves out what is wrong as long as anything
    is left, and keeps the problems in the manifest.
    """
    from reconciler.manifest.loading import load  # noqa: PLC0415 - the door stays light

    return load(path, find_dialect, dialect_names, tolerant=tolerant)


def schema() -> dict[str, Any]:
    """Give the JSON Schema of keys.yaml, draft 2020-12, generated from the types."""
    from reconciler.manifest.schema import make_schema  # noqa: PLC0415 - the door stays light

    return make_schema()


def schema_text() -> str:
    """Give the JSON Schema as schemas/keys.schema.json holds it."""
    from reconciler.manifest.schema import write  # noqa: PLC0415 - the door stays light

    return write()
