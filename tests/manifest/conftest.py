"""A manifest on disk, and what the loader makes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from reconciler.core.capabilities import Capabilities
from reconciler.errors import ManifestError
from reconciler.manifest import Manifest, load_manifest

DIALECTS = {
    "clouisle": Capabilities(
        dialect="clouisle",
        fields=frozenset({"scopes", "expires_at", "enabled", "rate_limit", "options.agent_ids"}),
        mutable=frozenset(),
    ),
    "pinbridge": Capabilities(
        dialect="pinbridge", fields=frozenset({"scopes"}), mutable=frozenset()
    ),
}

Load: TypeAlias = Callable[[str | bytes], Manifest]
Refuse: TypeAlias = Callable[[str | bytes], list[str]]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("manifest")


@pytest.fixture(scope="session")
def load(folder: Path) -> Load:
    """Write a manifest and load it; its file is keys.yaml in `folder`."""

    def write_and_load(text: str | bytes) -> Manifest:
        file = folder / "keys.yaml"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_manifest(file, DIALECTS.get, lambda: tuple(DIALECTS))

    return write_and_load


@pytest.fixture(scope="session")
def refuse(load: Load, folder: Path) -> Refuse:
    """Load a bad manifest and give its problems, with the file called keys.yaml."""

    def collect(text: str | bytes) -> list[str]:
        with pytest.raises(ManifestError) as caught:
            load(text)
        return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]

    return collect
