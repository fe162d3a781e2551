"""What everybody meets first: help, version, wrong usage, options before and after the command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml

from reconciler import __version__
from tests.cli.stage import Ran, Stack, call, clean_environment
from tests.cli.terminal import Terminal

COMMANDS = (
    "init",
    "validate",
    "plan",
    "apply",
    "status",
    "rotate",
    "undo",
    "revoke",
    "state",
    "dialect",
    "schema",
    "sandbox",
)
Keywright = Callable[..., Ran]
COLOUR = re.compile(r"\x1b\[(1|2|[34]\d)(;\d+)*m")


@pytest.fixture
def keywright(tmp_path: Path) -> Keywright:
    """The command line in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    environ = clean_environment(tmp_path / "home")
    return lambda *arguments, **changed: call(folder, environ, *arguments, **changed)


def test_the_version_is_told_by_option_and_by_script(keywright: Keywright, tmp_path: Path) -> None:
    assert keywright("--version").ended(0).out == f"keywright {__version__}\n"
    script = Path(sys.executable).parent / "keywright"
    environ = clean_environment(tmp_path / "home")
    said = subprocess.check_output([str(script), "--version"], env=environ, text=True)
    assert said == f"keywright {__version__}\n"


def test_help_names_every_command_and_each_has_its_own(keywright: Keywright) -> None:
    whole = keywright("--help").ended(0)
    assert whole.out == keywright("-h").out
    for command in COMMANDS:
        whole.said(command)
        keywright(command, "--help").ended(0).said("--file", "--format", "Usage:")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("aply",), "No such command 'aply'"),
        (("state", "lst"), "No such command 'lst'"),
        (("plan", "--detailed"), "No such option '--detailed'"),
        (("plan", "extra"), "unexpected extra argument"),
        (("plan", "--format", "xml"), "'xml' is not one of 'text', 'json'"),
        (("apply", "--allow-revoke", "-1"), "-1 is not in the range x>=0"),
        (("state", "show"), "Missing argument 'ADDRESS'"),
        (("sandbox", "serve", "--port", "70000"), "70000 is not in the range"),
        (("schema", "nope"), "'nope' is not"),
    ],
)
def test_wrong_usage_is_one_and_never_two(
    keywright: Keywright, arguments: tuple[str, ...], sentence: str
) -> None:
    ran = keywright(*arguments).ended(1).said(sentence, "--help")
    assert ran.out == ""


@pytest.mark.parametrize("command", ["plan", "apply --auto-approve", "status", "state list"])
def test_a_missing_manifest_names_init(keywright: Keywright, command: str) -> None:
    ran = keywright(*command.split()).ended(1)
    assert ran.err == "keys.yaml: there is no such file; `keywright init` writes one\n"


def test_a_report_and_a_choice_of_keys_are_not_mixed(keywright: Keywright, tmp_path: Path) -> None:
    report = tmp_path / "leaks.json"
    report.write_text("[]")
    told = keywright(
        "revoke", "--environment", "staging", "--from-report", str(report), "--auto-approve"
    )
    assert "Give either --from-report, or keys" in told.ended(1).err


def test_shared_options_stand_before_and_after_the_command(stack: Stack) -> None:
    stack.manifest.rename(stack.folder / "other.yaml")
    stack.run("plan").ended(1).said("keys.yaml: there is no such file")
    before, after, inner, twice = stack.look(
        "-f other.yaml --format json plan",
        "plan --format json --file other.yaml",
        "state -f other.yaml list --format json",
        "-f nowhere.yaml plan -f other.yaml",
    )
    assert json.loads(before.ended(0).out)["summary"] == json.loads(after.ended(0).out)["summary"]
    assert json.loads(inner.ended(0).out) == []
    twice.ended(0)


def test_colours_come_when_asked_for_and_on_terminals_that_take_them(stack: Stack) -> None:
    plain, coloured = (ran.ended(0).out for ran in stack.look("plan", "plan --color"))
    assert "\x1b[" not in plain
    assert "\x1b[" in coloured
    assert stack.run("plan", "--color", NO_COLOR="1").out == coloured
    with Terminal(stack, "plan") as terminal:
        assert terminal.end().ended(0).out == plain
        assert "\x1b[32m" in terminal.raw
    with Terminal(stack, "--no-color", "apply", "--auto-approve") as terminal:
        terminal.end().ended(0).said("Applying")
        assert not COLOUR.search(terminal.raw)
    stack.edit("a: {}", "a: {scopes: [x]}")
    with Terminal(stack, "apply", "--auto-approve", NO_COLOR="1") as terminal:
        terminal.end().ended(0).said("Applying")
        assert not COLOUR.search(terminal.raw)


def test_every_width_says_the_same(stack: Stack) -> None:
    usual = together(stack.run("plan").ended(0))
    for columns in (20, 40, 250):
        plan, status = stack.look("plan", "status", COLUMNS=str(columns))
        assert together(plan.ended(0)) == usual
        plan.said("Plan: 1 to add, 0 to change, 0 to destroy.")
        status.ended(0).said("Stack cli: 0 keys, 0 versions.")
    stack.apply().ended(0)
    for columns in (40, 250):
        status = stack.run("status", COLUMNS=str(columns)).ended(0)
        assert max(map(len, status.out.splitlines())) <= columns


def together(ran: Ran) -> str:
    """Give a plan without its white space, and without the place that narrow ones do not show."""
    return ran.text.replace(" ", "").replace("keys.yaml:14:3", "")


def test_the_schema_describes_a_first_manifest(keywright: Keywright, tmp_path: Path) -> None:
    schema = json.loads(keywright("schema").ended(0).out)
    assert json.loads(keywright("schema", "keys").ended(0).out) == schema
    keywright("init").ended(0)
    manifest = yaml.safe_load((tmp_path / "work" / "keys.yaml").read_text())
    jsonschema.validate(manifest, schema)


def test_the_schema_of_dialects_is_another_one(keywright: Keywright) -> None:
    schema = json.loads(keywright("schema", "dialect").ended(0).out)
    assert schema["title"] == "Keywright dialect"
    assert "operations" in schema["required"]


def test_a_reader_that_went_away_is_no_crash(stack: Stack) -> None:
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [sys.executable, "-m", "reconciler", "plan"],
        cwd=stack.folder,
        env=stack.environ,
        stdout=write,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    os.close(write)
    assert ended.returncode == 1
    assert ended.stderr == ""
