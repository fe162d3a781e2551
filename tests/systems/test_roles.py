"""Credentials of somebody who may not manage keys: told in one sentence; nothing is concluded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reconciler.sandbox import PREFIXES
from tests.cli.stage import running_sandbox
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess
from tests.systems.story import Example, open_stage

SAYS = {
    "clouisle": "the account's role may not do this",
    "pinbridge": "answered 403",
    "intellithing": "only an owner, admin or moderator may manage keys",
    "ai-controller": "only an administrator may manage the keys of others",
}


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


def lower(dialect: str, sandbox: SandboxProcess) -> dict[str, str]:
    """Give the credentials of a viewer, by the dialect's own names."""
    password = str(sandbox.add_user("viewer", None, "viewer")["password"])
    if dialect == "pinbridge":
        return {"email": "viewer", "password": password}
    if dialect != "intellithing":
        return {"username": "viewer", "password": password}
    form = {
        "grant_type": "password",
        "client_id": "cli",
        "username": "viewer",
        "password": password,
    }
    place = "/realms/intellithing_main/protocol/openid-connect/token"
    url = f"{sandbox.url}{PREFIXES[dialect]}{place}"
    answer = httpx.post(url, data=form, verify=NO_CERTIFICATES).json()
    return {"token": answer["access_token"]}


@pytest.mark.parametrize("dialect", SAYS)
def test_a_role_that_may_not_is_told(dialect: str, sandbox: SandboxProcess, tmp_path: Path) -> None:
    example = Example(
        name=dialect,
        dialects=(dialect, "itellico") if dialect == "ai-controller" else (dialect,),
    )
    stage = open_stage(example, tmp_path / dialect, sandbox)
    for name, text in lower(dialect, sandbox).items():
        stage.environ[f"{dialect}_{name}".upper().replace("-", "_")] = text
    ran = stage.run("plan", "--detailed-exitcode").ended(1)
    ran.said("could not be read", SAYS[dialect], "Nothing that is missing there is created")
    stage.forget_requests()
    stage.apply()
    here = [request for request in stage.requests() if PREFIXES[dialect] in request]
    assert {request.split()[0] for request in here if "keys" in request} == {"GET"}
