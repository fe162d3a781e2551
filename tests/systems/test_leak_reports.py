"""`keywright revoke --from-report`: what a scanner found is matched, and shown or kept nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.stage import running_sandbox
from tests.sandbox_process import SandboxProcess
from tests.systems.story import Stage, open_stage
from tests.systems.systems import SYSTEMS, System

FOREIGN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


def gitleaks(secret: str) -> str:
    return json.dumps(
        [
            {
                "Description": "Generic API key",
                "RuleID": "generic-api-key",
                "File": "deploy/.env",
                "StartLine": 3,
                "EndLine": 3,
                "Match": f"API_KEY={each}",
                "Secret": each,
                "Commit": "",
            }
            for each in (FOREIGN, secret)
        ]
    )


def trufflehog(secret: str) -> str:
    return "".join(
        json.dumps(
            {
                "SourceMetadata": {"Data": {"Filesystem": {"file": "deploy/.env", "line": 3}}},
                "DetectorName": "CustomRegex",
                "Raw": each,
                "RawV2": "",
                "Redacted": "",
            }
        )
        + "\n"
        for each in (FOREIGN, secret)
    )


@pytest.mark.parametrize("system", SYSTEMS[:2], ids=lambda system: system.example.name)
@pytest.mark.parametrize("write", [gitleaks, trufflehog])
def test_a_leaked_key_is_found_by_its_fingerprint_and_revoked(
    system: System, write: Callable[[str], str], tmp_path: Path, sandbox: SandboxProcess
) -> None:
    stage = open_stage(system.example, tmp_path / "stage", sandbox)
    stage.apply().ended(0)
    leaked = stage.stored(system.address)
    assert leaked is not None
    report = tmp_path / "report.json"
    report.write_text(write(leaked))
    ran = stage.run("revoke", "--from-report", str(report), "--auto-approve").ended(0)
    ran.said(
        f"{system.address} v1 was found at deploy/.env:3",
        "1 finding of no key of this stack",
        "(found in report.json)",
        "v1, compromised",
        "1 of 1 version revoked",
    )
    assert not stage.accepts(leaked)
    assert stage.accepts(stage.stored(system.address))
    later = [stage.run("status"), stage.run("status", "--format", "json"), stage.run("plan")]
    for secret in (leaked, FOREIGN):
        ran.not_said(secret)
        for each in later:
            each.not_said(secret)
        assert [path for path in files(stage) if secret.encode() in path.read_bytes()] == []
    again = stage.run("revoke", "--from-report", str(report), "--auto-approve").ended(0)
    again.said("Nothing was changed")


def files(stage: Stage) -> list[Path]:
    """Give every file that there is of a stack, and in the home of who ran it."""
    homes = (stage.folder, stage.folder.parent / "home")
    return [path for home in homes for path in home.rglob("*") if path.is_file()]
