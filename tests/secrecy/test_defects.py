"""A defect of ours while a secret is in hand: its type and its place are told, its text is not."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.options import Options
from reconciler.cli.terminal import JsonReporter, PlainReporter
from reconciler.core.guard import Approval
from reconciler.core.keys import Target
from reconciler.core.observed import Head, StoredVersion, StoreView
from reconciler.core.secret import Secret
from reconciler.core.steps import Outcome
from reconciler.engine.run import Report, apply
from reconciler.engine.transaction import Stop
from reconciler.interfaces.store import Store, StoreAbilities, Verification
from reconciler.render import outcome_table, report_json
from reconciler.wiring import load, open_world
from tests.cli.stage import Stack, clean_environment, make_stack, running_sandbox
from tests.sandbox_process import SandboxProcess
from tests.secrecy.scanner import Hunted, find

PROGRAM = """
import sys, types
import click
from reconciler.cli import main

@click.command("broken")
def broken():
    try:
        raise KeyError(open("secret").read())
    except KeyError as error:
        raise RuntimeError(f"cannot store {error}") from error

main.COMMANDS["broken"] = "raises"
sys.modules["reconciler.cli.broken"] = types.SimpleNamespace(command=broken)
main.main()
"""


class BrokenStore:
    """A store with a defect: while it writes it raises an error that holds the secret."""

    def __init__(self, whole: Store) -> None:
        self._whole = whole
        self.abilities: StoreAbilities = whole.abilities
        self.seen: list[str] = []

    async def heads(self, targets: tuple[Target, ...]) -> StoreView:
        return await self._whole.heads(targets)

    async def preflight(self, target: Target, owner: str, size: int) -> Head:
        return await self._whole.preflight(target, owner, size)

    async def stage(
        self, target: Target, secret: Secret, version: StoredVersion, owner: str, expect: Head
    ) -> None:
        text = secret.reveal()
        self.seen.append(text)
        try:
            int(text)
        except ValueError as error:  # its text quotes the secret
            message = f"could not write {text!r} to {target} for {owner}: {version} {expect}"
            raise TypeError(message, text) from error

    async def verify(self, target: Target, version: StoredVersion) -> Verification:
        return await self._whole.verify(target, version)

    async def promote(self, target: Target, version: StoredVersion) -> None:
        await self._whole.promote(target, version)

    async def fetch(self, target: Target, version: StoredVersion) -> Secret | None:
        return await self._whole.fetch(target, version)

    async def read(self, target: Target) -> Secret | None:
        return await self._whole.read(target)

    async def retire(self, target: Target, owner: str, keep: tuple[StoredVersion, ...]) -> None:
        await self._whole.retire(target, owner, keep)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def stack(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Stack]:
    made = make_stack(tmp_path / "all" / "work", sandbox, "a: {}\nb: {}")
    yield made
    made.close()


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_store_that_raises_the_secret_is_named_and_not_quoted(
    stack: Stack, form: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    report = Report()
    reporter = JsonReporter() if form == "json" else PlainReporter(Options())

    async def run() -> list[str]:
        manifest = load(stack.manifest)
        async with open_world(manifest, stack.environ, reporter, "keywright apply") as world:
            broken = BrokenStore(world.stores["local"])
            world = replace(world, stores={"local": broken})  # noqa: PLW2901 - the same, but broken
            await apply(world, Approval(), lambda _: True, Stop(), report)
            return broken.seen

    secrets = asyncio.run(run())
    results = tuple(report.results)
    table = outcome_table(results, width=100, color=False)
    document = report_json(report.plan, results, stopped=False, declined=False)
    printed = capfd.readouterr()

    assert len(secrets) == 2
    assert [result.outcome for result in results] == [Outcome.FAILED, Outcome.FAILED]
    for text in (table, document, f"{printed.out}{printed.err}"):
        assert "internal error TypeError" in text.replace("\n", " ")
    shown = {
        "table": table,
        "document": document,
        "printed": f"{printed.out}{printed.err}{caplog.text}",
        "results": repr(results),
        "report": repr(report),
    }
    hunted = [Hunted(f"secret {number}", text, 5) for number, text in enumerate(secrets)]
    assert find(hunted, {name: text.encode() for name, text in shown.items()}) == []
    stack.apply().ended(0)
    stack.working("a", "b")


def test_a_defect_of_the_command_line_is_one_line_of_type_and_place(tmp_path: Path) -> None:
    secret = "clou_" + os.urandom(32).hex()
    (tmp_path / "secret").write_text(secret)
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, "broken"],
        cwd=tmp_path,
        env=clean_environment(tmp_path / "home"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == "Error: internal error RuntimeError at <string>:11; please report it.\n"


def test_a_full_disk_behind_the_output_is_one_line(stack: Stack) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "reconciler", "plan"],
            cwd=stack.folder,
            env=stack.environ,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == "Error: No space left on device.\n"
