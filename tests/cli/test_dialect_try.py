"""`keywright dialect test`: what it says, how it ends, and that it leaves nothing behind."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import yaml

import reconciler.providers
from tests.cli.stage import Stack, call, clean_environment

SHIPPED = Path(reconciler.providers.__file__).parent / "dialects"


def test_a_shipped_dialect_on_a_sandbox_in_this_process(tmp_path: Path) -> None:
    environ = clean_environment(tmp_path / "home")
    ran = call(tmp_path, environ, "dialect", "test", "pinbridge").ended(0)
    ran.said("CHECK", "secret", "works", "23 checks:", "could not be told")
    ran.not_said("does not work")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_the_same_for_machines(tmp_path: Path) -> None:
    environ = clean_environment(tmp_path / "home")
    ran = call(tmp_path, environ, "dialect", "test", "itellico", "--format", "json").ended(0)
    found = json.loads(ran.out)
    assert found["dialect"] == "itellico"
    assert found["left_behind"] == []
    assert {"check": "switching", "answer": "works"}.items() <= found["findings"][13].items()


def test_on_a_provider_of_the_manifest_nothing_is_left(stack: Stack) -> None:
    stack.run("dialect", "test", "--provider", "agents").ended(1).said(
        "throw-away keys", "nobody is there to agree", "--yes"
    )
    stack.run("dialect", "test", "--provider", "agents", "--yes").ended(0).said(
        "audit could not be told the log was not read: GET /admin/audit-logs answered 403"
    )
    assert stack.items() == []


def test_a_dialect_that_is_wrong_is_told_and_ends_with_1(stack: Stack) -> None:
    data = yaml.safe_load((SHIPPED / "clouisle.yaml").read_text())
    data["dialect"] = "mine"
    data["operations"]["disable"]["body"] = {"is_active": True}
    (stack.folder / "mine.yaml").write_text(yaml.safe_dump(data))
    ran = stack.run("dialect", "test", "./mine.yaml", "--provider", "agents", "--yes").ended(1)
    ran.said("switching", "does not work", "is shown as active")
    assert stack.items() == []


def test_what_cannot_be_understood_is_told_in_one_line(stack: Stack) -> None:
    for arguments, says in (
        (["dialect", "test"], "say which dialect"),
        (["dialect", "test", "nothing"], "there is no dialect 'nothing'"),
        (["dialect", "test", "gitlab"], "the sandbox does not speak gitlab"),
        (["dialect", "test", "--provider", "nobody"], "no provider 'nobody' (it has: agents)"),
        (["dialect", "test", "clouisle", "--field", "scopes"], "NAME=VALUE"),
        (["dialect", "test", "clouisle", "--field", "color=red"], "has no field color"),
        (["dialect", "test", "./none.yaml"], "none.yaml"),
    ):
        stack.run(*arguments).ended(1).said(says)


def test_ctrl_c_in_the_middle_leaves_nothing_behind(stack: Stack) -> None:
    met = stack.fault("latency", r"/api-keys$", method="POST", seconds=0.2, times=None)
    started = stack.start("dialect", "test", "--provider", "agents", "--yes")
    started.wait_for_line("list:")
    met(3)
    started.signal(signal.SIGINT)
    ran = started.end().ended(130)
    ran.said("Interrupted")
    assert stack.items() == []


def test_pressing_it_again_and_again_leaves_nothing_behind_either(stack: Stack) -> None:
    stack.fault("latency", r"/api-keys/", method="DELETE", seconds=0.3, times=None)
    met = stack.fault("latency", r"/api-keys$", method="POST", seconds=0.3, times=None)
    started = stack.start("dialect", "test", "--provider", "agents", "--yes")
    started.wait_for_line("list:")
    met(3)
    for _ in range(3):
        started.signal(signal.SIGINT)
        started.wait_for_line("removing what was made")
    started.end().ended(130).said("what had been switched was set back")
    assert stack.items() == []
