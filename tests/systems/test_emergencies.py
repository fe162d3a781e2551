"""`keywright revoke --compromised` on every system: off at once, and only then everything else."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.wiring import load, make_holder, open_state
from tests.cli.stage import Ran, running_sandbox
from tests.sandbox_process import SandboxProcess
from tests.systems.story import Stage, open_stage
from tests.systems.systems import SYSTEMS, System

KEY = SYSTEMS[0].address


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def one(tmp_path: Path, sandbox: SandboxProcess) -> Stage:
    """Give Clouisle's example, applied."""
    opened = open_stage(SYSTEMS[0].example, tmp_path / "one", sandbox)
    opened.apply().ended(0)
    return opened


@contextmanager
def held_lock(stage: Stage) -> Iterator[None]:
    """Hold the lock of the state, as an apply in another process does."""
    backend = open_state(load(stage.manifest))
    with asyncio.Runner() as loop:
        loop.run(backend.lock(make_holder({}, "apply", datetime.now(UTC))))
        yield
        loop.run(backend.unlock())
        loop.run(backend.close())


@pytest.fixture(params=SYSTEMS, ids=lambda system: system.example.name)
def system(request: pytest.FixtureRequest) -> System:
    found: System = request.param
    return found


@pytest.fixture
def stage(system: System, tmp_path: Path, sandbox: SandboxProcess) -> Stage:
    opened = open_stage(system.example, tmp_path / "stage", sandbox)
    opened.apply().ended(0)
    opened.forget_requests()
    return opened


def revoke(stage: Stage, *arguments: str) -> Ran:
    return stage.run("revoke", *arguments, "--auto-approve")


def versions(stage: Stage, address: str) -> list[dict[str, Any]]:
    """Give what `status` says of the versions of a key."""
    shown = json.loads(stage.run("status", "--format", "json").ended(0).out)
    return [each for each in shown["versions"] if each["key"] == address]


def test_off_first_and_then_replaced(system: System, stage: Stage) -> None:
    leaked = stage.stored(system.address)
    (before,) = versions(stage, system.address)
    stage.forget_requests()
    ran = revoke(stage, system.address, "--compromised", "--reason", "leak").ended(0)
    assert not stage.accepts(leaked)
    assert stage.accepts(stage.stored(system.address))
    calls = system.calls(stage)
    assert calls[0] == system.ends[0].format(old=before["key_id"])
    assert [call for call in calls if not call.startswith("GET ")] == [
        calls[0],
        "POST keys",
        *system.made,
    ]
    ran.said("v1, compromised", "(leak)", "the API's log:", "replaced by v2")
    if system.made:
        ran.said("works on until the deploy that comes next", "`keys_enabled: false`")
    else:
        ran.said("v1 is revoked, and rejected")
    if system.example.name == "pinbridge":
        assert (
            len(
                re.findall(r'api_key\.(?:created|revoked) by \S+ request "[0-9a-f-]{36}"', ran.text)
            )
            == 2
        )
    stage.apply().ended(0)
    stage.rests()
    assert not stage.accepts(leaked)


def test_revoke_while_another_run_holds_the_lock(one: Stage) -> None:
    leaked = one.stored(KEY)
    with held_lock(one):
        ran = revoke(one, KEY, "--compromised", "--reason", "leak").ended(4)
        ran.said("another run holds the stack", "no replacement yet")
        assert not one.accepts(leaked)
        assert one.stored(KEY) == leaked
        one.run("status").ended(0).said("Incidents:", "no replacement yet")
    one.apply().ended(0).said("1 added")
    assert one.accepts(one.stored(KEY))
    assert not one.accepts(leaked)
    one.rests()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "providers:\n",
            "providers:\n  other: {dialect: nobody-knows, url: 'https://localhost'}\n",
        ),
        ("    rate_limit: 60/min\n", "    rate_limit: 60/min\n    colour: red\n"),
        ("  export-nightly:\n", "  export-nightly:\n    provider: nowhere\n"),
        ("stores:\n", "stores:\n  other: {type: nobody-knows}\n"),
    ],
)
def test_revoke_with_something_else_broken(one: Stage, before: str, after: str) -> None:
    leaked = one.stored(KEY)
    one.edit(before, after)
    one.apply().ended(1)
    ran = revoke(one, KEY, "--compromised", "--reason", "leak").ended(4)
    ran.said("v1 is revoked, and rejected", "not replaced yet: the manifest has problems")
    assert not one.accepts(leaked)
    one.edit(after, before)
    one.apply().ended(0).said("1 added")
    assert one.accepts(one.stored(KEY))


def test_revoke_with_the_store_away(one: Stage) -> None:
    leaked = one.stored(KEY)
    secrets = one.folder / ".keywright" / "secrets"
    away = secrets.rename(secrets.with_name("elsewhere"))
    secrets.write_text("no folder")
    ran = revoke(one, KEY, "--compromised", "--reason", "leak")
    assert not one.accepts(leaked)
    ran.ended(4)
    secrets.unlink()
    away.rename(secrets)
    one.apply().ended(0).said("1 added")
    assert one.accepts(one.stored(KEY))


def test_revoke_without_a_replacement(one: Stage) -> None:
    leaked = one.stored(KEY)
    one.forget_requests()
    ran = revoke(one, KEY, "--compromised", "--reason", "leak", "--no-replace").ended(0)
    ran.said("v1 is revoked, and rejected", "no replacement was asked for")
    assert not one.accepts(leaked)
    waits = f"without a replacement: `keywright rotate {KEY}` makes a new version"
    one.run("plan", "--detailed-exitcode").ended(2).said(waits)
    one.apply().ended(0).said(waits)
    assert len(SYSTEMS[0].writes(one)) == 1
    one.run("rotate", KEY, "--auto-approve").ended(0)
    assert one.accepts(one.stored(KEY))
    one.rests()
    revoke(one, "nobody").ended(1).said("there is no key 'nobody'")


def test_revoke_everything_of_an_owner(one: Stage) -> None:
    one.edit("  export-nightly:\n", "  export-nightly:\n    owner: leaver\n")
    one.edit("  billing-prod-workflows:\n", "  billing-prod-workflows:\n    owner: leaver\n")
    others = one.stored(KEY)
    theirs = [one.stored("export-nightly"), one.stored("billing-prod-workflows")]
    ran = revoke(one, "--owner", "leaver", "--reason", "left").ended(0)
    ran.said("2 of 2 versions revoked", "(left)")
    assert not any(map(one.accepts, theirs))
    assert one.accepts(others)
    assert one.stored(KEY) == others
    for address in ("export-nightly", "billing-prod-workflows"):
        assert one.accepts(one.stored(address))
    one.rests()
    revoke(one, "--owner", "nobody", "--reason", "left").ended(1).said("no key is like that")


@pytest.mark.parametrize("credentials", [{}, {"A": "a", "B": "b"}], ids=["unknown", "down"])
def test_revoke_with_another_provider_down(one: Stage, credentials: dict[str, str]) -> None:
    """Also where its credentials are missing: a run about one key needs nothing of it."""
    leaked = one.stored(KEY)
    auth = "{username: {env: A}, password: {env: B}}"
    down = f"  other: {{dialect: clouisle, url: 'http://127.0.0.1:9', auth: {auth}}}\n"
    one.edit("providers:\n", f"providers:\n{down}")
    one.edit("  export-nightly:\n", "  elsewhere: {provider: other}\n  export-nightly:\n")
    one.environ.update(credentials)
    ran = revoke(one, KEY, "--compromised", "--reason", "leak").ended(0)
    assert not one.accepts(leaked)
    assert one.accepts(one.stored(KEY))
    ran.said("v1 is revoked, and rejected", "replaced by v2")
