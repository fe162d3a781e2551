"""From a manifest to addresses: where a provider is managed, and where its keys are used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from reconciler.core.secret import Secret
from reconciler.errors import DialectError, ManifestError, ProviderError
from reconciler.manifest import Manifest
from reconciler.wiring import load
from reconciler.wiring.reaching import _Reach, _reach, abilities, find_abilities
from tests.providers.own_dialects import OWN

PROXY = {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "inside.example"}
STUDIO = "dialect: intellithing, tenant: {workspace: w}"


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], Manifest]:
    """Load a manifest with one provider."""

    def make(provider: str) -> Manifest:
        file = tmp_path / "keys.yaml"
        file.write_text(f"version: 1\nstack: a\nproviders: {{p: {{{provider}}}}}\n")
        return load(file)

    return make


@pytest.fixture
def reach(make: Callable[[str], Manifest]) -> Iterator[Callable[[str], _Reach]]:
    """Say how the one provider of a manifest is reached."""
    closing = AsyncExitStack()
    yield lambda provider: _reach(make(provider).providers[0], PROXY, closing)
    asyncio.run(closing.aclose())


def test_keys_are_used_where_they_are_managed(reach: Callable[[str], _Reach]) -> None:
    found = reach(
        "dialect: clouisle, url: https://s.example, auth: {username: {env: U}, password: {env: P}}"
    )
    assert (found.base, found.key_base, found.credentials) == ("https://s.example", None, {})
    assert found.network.proxy == PROXY["HTTPS_PROXY"]


def test_keys_are_used_elsewhere(reach: Callable[[str], _Reach], tmp_path: Path) -> None:
    found = reach(
        f"{STUDIO}, url: https://s.example, auth: {{token: {{env: T}}}},"
        " key_url: https://app.inside.example/x, tls: {ca: ca.pem}"
    )
    assert (found.base, found.key_base) == ("https://s.example", "https://app.inside.example/x")
    assert (found.network.proxy, found.key_network.proxy) == (PROXY["HTTPS_PROXY"], None)
    assert {found.network.ca_file, found.key_network.ca_file} == {str(tmp_path / "ca.pem")}


def test_a_sandbox_is_in_this_process(reach: Callable[[str], _Reach]) -> None:
    found = reach(f"{STUDIO}, url: 'sandbox:x.db'")
    assert found.base.startswith("http://127.0.0.1/intellithing")
    assert found.key_base is not None
    assert found.key_base.startswith("http://127.0.0.1/")
    assert found.network.app is found.key_network.app is not None
    assert all(isinstance(secret, Secret) for secret in found.credentials.values())
    assert tuple(sorted(found.credentials)) == ("token",)


def test_a_sandbox_whose_keys_are_used_outside(reach: Callable[[str], _Reach]) -> None:
    found = reach(f"{STUDIO}, url: 'sandbox:x.db', key_url: http://127.0.0.1:9/app")
    assert found.key_base == "http://127.0.0.1:9/app"
    assert (found.network.app is None, found.key_network.app) == (False, None)


def test_a_dialect_is_found_by_its_name_or_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(OWN)
    shipped, own = find_abilities(tmp_path, "clouisle"), find_abilities(tmp_path, "./mine.yaml")
    assert shipped is not None
    assert own is not None
    assert (shipped.dialect, own.dialect) == ("clouisle", "mine")
    assert find_abilities(tmp_path, "clouisel") is None
    (tmp_path / "mine.yaml").write_text(OWN.replace("title", "tilte"))
    with pytest.raises(DialectError, match="tilte"):
        find_abilities(tmp_path, "mine.yaml")


def test_a_file_of_ones_own_is_loaded_again_for_the_driver(
    make: Callable[[str], Manifest], tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(OWN)
    manifest = make(
        "dialect: ./mine.yaml, url: https://m.example, auth: {token: {env: T}},"
        " tenant: {account: a}, key_url: https://m.example"
    )
    assert abilities(manifest)["p"].dialect == "mine"
    (tmp_path / "mine.yaml").unlink()
    with pytest.raises(ProviderError, match=r"mine.yaml: there is no such file"):
        abilities(manifest)
    with pytest.raises(ManifestError, match=r"'dialect' is the file './mine.yaml'"):
        load(manifest.file)
