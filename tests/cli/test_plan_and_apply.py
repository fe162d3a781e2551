"""`plan` looks and says; `apply` asks first."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.stage import NO_CHANGES, Stack
from tests.cli.terminal import Terminal


def files(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_plan_changes_nothing(stack: Stack) -> None:
    before = files(stack.folder)
    text, detailed, terraform, document_text = stack.look(
        "plan", "plan --detailed-exitcode", "plan -detailed-exitcode", "plan --format json"
    )
    assert (text.code, detailed.code, terraform.code) == (0, 2, 2)
    document = json.loads(document_text.ended(0).out)
    assert len(document["digest"]) == 64
    assert document["summary"] == {
        "add": 1,
        "change": 0,
        "destroy": 0,
        "held": 0,
        "rotations": 0,
    }
    assert [step["action"] for step in document["steps"]] == ["create"]
    assert text.err == ""
    assert stack.writes() == []
    assert stack.items() == []
    assert files(stack.folder) == before


def test_apply_without_a_terminal_needs_a_yes_beforehand(stack: Stack) -> None:
    ran = stack.run("apply").ended(1)
    assert ran.err == (
        "Error: apply asks before it acts, and there is no terminal to ask on. "
        "Nothing was changed. Run it with --auto-approve.\n"
    )
    assert ran.out == ""
    assert stack.items() == []
    stack.run("apply", "-auto-approve").ended(0)
    stack.working("a")
    stack.apply().ended(0).said(NO_CHANGES)


def test_json_is_one_object_a_line_also_when_refused(new_stack: Callable[..., Stack]) -> None:
    stack = new_stack("a: {}\nb: {}\nc: {}")
    lines = [json.loads(line) for line in stack.apply("--format", "json").ended(0).out.splitlines()]
    kinds = [line["type"] for line in lines]
    assert set(kinds) == {"reading", "plan", "applying", "started", "finished", "report"}
    assert kinds[-1] == "report"
    assert lines[-1]["complete"]
    assert [result["outcome"] for result in lines[-1]["results"]] == ["done"] * 3

    stack.edit("  a: {}\n", "")
    refused = stack.apply("--format", "json").ended(3)
    lines = [json.loads(line) for line in refused.out.splitlines()]
    assert lines[-1]["type"] == "plan"
    assert len(lines[-1]["refusals"]) == 1
    assert refused.err.startswith("Error: 1 of 3 keys would be removed")
    stack.run("apply", "--format", "json").ended(1).said("--auto-approve")


def test_yes_is_asked_for_on_a_terminal(stack: Stack) -> None:
    for answer in ("y", ""):
        with Terminal(stack, "apply") as terminal:
            terminal.wait_for("Enter a value: ")
            terminal.type(f"{answer}\r")
            terminal.end().ended(0).said("Apply cancelled. Nothing was changed.")
    assert stack.items() == []
    with Terminal(stack, "apply") as terminal:
        terminal.wait_for("Do you want to perform these actions?")
        terminal.wait_for("Enter a value: ")
        assert "# a will be created" in terminal.seen
        terminal.type("yes\r")
        terminal.end().ended(0).said("Apply complete! Keys: 1 added, 0 changed, 0 destroyed.")
        assert terminal.raw.count("\x1b[?25l") == terminal.raw.count("\x1b[?25h")
    stack.working("a")
    with Terminal(stack, "apply") as terminal:
        terminal.end().ended(0).said(NO_CHANGES).not_said("Enter a value")


@pytest.mark.parametrize("how", ["Ctrl-C", "Ctrl-D", "SIGTERM"])
def test_an_interrupt_at_the_question_changes_nothing(stack: Stack, how: str) -> None:
    before = stack.writes()
    with Terminal(stack, "apply") as terminal:
        terminal.wait_for("Enter a value: ")
        keys = {"Ctrl-C": "\x03", "Ctrl-D": "\x04"}
        ran = terminal.press_until_it_ends(
            lambda: terminal.type(keys[how]) if how in keys else terminal.signal(signal.SIGTERM)
        )
        ran.ended(130).said("Interrupted. Nothing was changed.")
        ran.not_said("Apply complete", "Nothing was done")
    assert stack.writes() == before
    assert stack.items() == []


def test_a_person_may_remove_what_a_machine_may_not(new_stack: Callable[..., Stack]) -> None:
    stack = new_stack("a: {rotate: {delete_after: 0s}}\nb: {}\nc: {}\nd: {}")
    stack.apply().ended(0)
    stack.edit("  a: {rotate: {delete_after: 0s}}\n", "")
    stack.apply().ended(3).said("was used in the last 7 days would be deleted for good (a)")
    assert "a" in stack.live()
    with Terminal(stack, "apply") as terminal:
        terminal.wait_for("Enter a value: ")
        terminal.type("yes\r")
        terminal.end().ended(0).said("0 added, 0 changed, 1 destroyed")
    assert "a" not in stack.live()


def test_verbose_shows_calls_without_what_they_carry(stack: Stack) -> None:
    ran = stack.apply("-v").ended(0)
    for call in ("POST /login/access-token: 200", "GET /api-keys: 200", "POST /api-keys: 200"):
        assert call in ran.err, ran.err
    for secret in (stack.password, stack.username, stack.stored("a"), "Bearer"):
        assert secret is not None
        assert secret not in ran.err
    assert "/login/access-token" not in stack.run("plan").err
