"""`keywright dialect`, and dialect files of users from the manifest to live keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.providers import dialect_names
from tests.cli.stage import HEAD, NO_CHANGES, Ran, Stack, call, clean_environment
from tests.providers.own_dialects import OWN

CLOUISLE = Path(__file__).parents[2] / "reconciler" / "providers" / "dialects" / "clouisle.yaml"


@pytest.fixture
def keywright(tmp_path: Path) -> Callable[..., Ran]:
    """The command line in a folder with a dialect file and no manifest."""
    (tmp_path / "dialects").mkdir()
    (tmp_path / "dialects" / "mine.yaml").write_text(OWN)
    environ = clean_environment(tmp_path / "home", {"COLUMNS": "80"})
    return lambda *arguments: call(tmp_path, environ, "dialect", *arguments)


def test_every_shipped_dialect_is_listed_and_shown(keywright: Callable[..., Ran]) -> None:
    listed = keywright("list").ended(0)
    for name in dialect_names():
        listed.said(name)
        shown = keywright("show", name).ended(0)
        assert shown.out.startswith(f"{name}: ")
        assert max(map(len, shown.out.splitlines())) <= 80
    assert max(map(len, listed.out.splitlines())) <= 80


def test_json(keywright: Callable[..., Ran]) -> None:
    listed = json.loads(keywright("list", "--format", "json").ended(0).out)
    assert [each["name"] for each in listed["dialects"]] == list(dialect_names())
    shown = json.loads(keywright("show", "pinbridge", "--format", "json").ended(0).out)
    assert shown["capabilities"]["credentials"] == [["email", "password"], ["token"], ["api_key"]]


def test_a_file_of_ones_own_is_shown(keywright: Callable[..., Ran]) -> None:
    shown = keywright("show", "dialects/mine.yaml").ended(0)
    shown.said("mine: My own API", "Read from dialects/mine.yaml.", "in a text of its own")
    document = json.loads(
        keywright("show", "./dialects/mine.yaml", "--format", "json").ended(0).out
    )
    assert document["file"] == "dialects/mine.yaml"


def test_what_is_wrong_with_a_file_is_told(keywright: Callable[..., Ran], tmp_path: Path) -> None:
    text = OWN.replace("secret: secret.value", "secert: secret.value").replace("/ping", "ping")
    (tmp_path / "mine.yaml").write_text(text)
    assert keywright("show", "./mine.yaml").ended(1).err.splitlines() == [
        "mine.yaml:35:5: operations.create.secert: unknown field; did you mean 'secret'?",
        (
            "mine.yaml:41:25: operations.verify.path: must be a path below the base URL, such as"
            " /keys/{id}: no host, no `?`, no spaces"
        ),
    ]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("pinbrige", "there is no dialect 'pinbrige'; did you mean 'pinbridge'?"),
        ("./none.yaml", "./none.yaml: there is no such file."),
        (".", ".: is a folder; name the file in it."),
    ],
)
def test_what_is_not_there(keywright: Callable[..., Ran], written: str, sentence: str) -> None:
    keywright("show", written).ended(1).said(f"Error: {sentence}")


def test_a_manifest_names_the_problems_of_its_dialects(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(OWN.replace("/ping", "ping"))
    head = HEAD.format(stack="x", url="https://keys.example.com", concurrency=1)
    text = head.replace("dialect: clouisle", "dialect: ./mine.yaml").replace("[chat]", "chat")
    (tmp_path / "keys.yaml").write_text(text)
    ran = call(tmp_path, clean_environment(tmp_path / "home"), "validate").ended(1)
    assert [line.split(": ")[0] for line in ran.err.splitlines()] == [
        "keys.yaml:12:51",
        "mine.yaml:41:25",
    ]


def test_the_sandbox_speaks_only_what_is_shipped(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(OWN)
    (tmp_path / "keys.yaml").write_text(
        "version: 1\nstack: x\nstores: {s: {type: age, path: s}}\nproviders:\n  p:\n"
        "    {dialect: ./mine.yaml, url: 'sandbox:x.db', tenant: {account: a}}\n"
    )
    environ = clean_environment(tmp_path / "home")
    call(tmp_path, environ, "init").ended(0)
    call(tmp_path, environ, "plan").ended(1).said("keys.yaml:5:3: the sandbox does not speak mine")


def test_from_a_file_of_ones_own_to_live_keys(stack: Stack) -> None:
    """The same API under a name of its own: made, recorded under that name, and left alone."""
    own = CLOUISLE.read_text().replace("dialect: clouisle", "dialect: mine")
    (stack.folder / "dialects").mkdir()
    (stack.folder / "dialects" / "mine.yaml").write_text(own)
    stack.edit("dialect: clouisle", "dialect: ./dialects/mine.yaml")
    stack.run("plan").ended(0).said("Plan: 1 to add")
    stack.apply().ended(0)
    stack.working("a")
    stack.run("plan").ended(0).said(NO_CHANGES)
    recorded = json.loads(stack.run("state", "show", "a", "--format", "json").ended(0).out)
    assert recorded["dialect"] == "mine"
