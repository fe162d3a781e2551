"""A manifest on disk, and what the loader makes of it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from reconciler.core.capabilities import (
    Capabilities,
    FieldRule,
    Kind,
    Marker,
    TenantVariable,
)
from reconciler.errors import ManifestError
from reconciler.manifest import Manifest, load_manifest

LOGIN = ("password", "username")
DIALECTS = {
    "clouisle": Capabilities(
        dialect="clouisle",
        fields=frozenset(
            {"name", "scopes", "expires_at", "enabled", "rate_limit", "options.agent_ids"}
        ),
        mutable=frozenset(),
        credentials=((), ("token",), LOGIN),
    ),
    "pinbridge": Capabilities(
        dialect="pinbridge",
        fields=frozenset({"name", "scopes"}),
        mutable=frozenset(),
        can_enable=False,
        credentials=(("token",), ()),
    ),
    "short": Capabilities(
        dialect="short",
        fields=frozenset({"name"}),
        mutable=frozenset(),
        name_limit=100,
        can_disable=False,
        credentials=((),),
    ),
    "studio": Capabilities(
        dialect="studio",
        fields=frozenset(),
        mutable=frozenset(),
        refusals=(("name", "the address tells them apart"),),
        tells_last_use=False,
        marker=Marker.NONE,
        on_deploy=True,
        has_toggle=True,
        used_elsewhere=True,
        tenant=(
            TenantVariable(name="region", say="where it runs", required=False),
            TenantVariable(name="workspace", say="the id of the workspace, a UUID"),
        ),
        credentials=(("token",), ("client_id", "client_secret")),
    ),
    "gateway": Capabilities(
        dialect="gateway",
        fields=frozenset(
            {"name", "expires_at", "options.user", "options.tier", "options.deep", "options.n"}
            | {"options.models", "scopes"}
        ),
        mutable=frozenset(),
        rules=(
            FieldRule(field="expires_at", required="every gateway key expires"),
            FieldRule(field="options.deep", kind=Kind.FLAG),
            FieldRule(
                field="options.models",
                kind=Kind.SET,
                never_empty="the gateway reads none as all of them",
            ),
            FieldRule(field="options.n", kind=Kind.NUMBER),
            FieldRule(field="options.tier", kind=Kind.TEXT, allowed=("1", "2", "gold")),
            FieldRule(field="options.user", kind=Kind.TEXT, required="a key belongs to somebody"),
            FieldRule(field="scopes", kind=Kind.SET, allowed=("read", "write")),
        ),
        refusals=(("rate_limit", "limits are the gateway's own; remove `rate_limit`"),),
        name_limit=30,
        marker=Marker.FIELD,
        shortest=timedelta(days=1),
        longest=timedelta(days=90),
        takes_provider_keys=True,
        credentials=(LOGIN,),
        gateway_fields=(
            FieldRule(field="auth_type", kind=Kind.TEXT, allowed=("bearer", "header")),
            FieldRule(field="url", kind=Kind.TEXT, required="it is called there"),
        ),
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
