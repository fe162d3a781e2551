"""A key whose time ran out before it left the manifest: an API may refuse to switch it off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.stage import running_sandbox
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess
from tests.systems.story import Example, open_stage

KEYS = "/itellico/v1/accounts/me/api-keys"
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


@pytest.mark.parametrize("delete_after", ["30d", "0s"])
def test_an_expired_key_can_leave_the_manifest(
    tmp_path: Path, sandbox: SandboxProcess, delete_after: str
) -> None:
    stage = open_stage(Example(name="itellico", dialects=("itellico",)), tmp_path / "i", sandbox)
    stage.edit("delete_after: 30d", f"delete_after: {delete_after}")
    stage.apply().ended(0)
    _expire(sandbox, "webhook-handler-staging")
    stage.edit("  webhook-handler-staging: {environment: staging}\n", "")
    stage.apply("--allow-revoke", "1").ended(0)
    stage.rests()


def _expire(sandbox: SandboxProcess, address: str) -> None:
    token = sandbox.credentials("itellico")["token"]
    with httpx.Client(
        base_url=sandbox.url,
        headers={"Authorization": f"Bearer {token}"},
        verify=NO_CERTIFICATES,
    ) as client:
        listed = client.get(KEYS).raise_for_status().json()["items"]
        (found,) = (row["id"] for row in listed if row["label"].startswith(f"{address}."))
        client.patch(f"{KEYS}/{found}", json={"expires_at": LONG_AGO}).raise_for_status()
