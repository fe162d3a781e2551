"""`keywright validate`: every problem once, with its place; nothing is called, nothing echoed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.stage import HEAD, Ran, call, clean_environment

Check = Callable[..., Ran]
GOOD = HEAD.format(stack="acme", url="https://keys.example.com/api", concurrency=4)
TOKEN = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Validate a text."""

    def check(text: str | bytes, *arguments: str) -> Ran:
        content = text.encode() if isinstance(text, str) else text
        (tmp_path / "keys.yaml").write_bytes(content)
        return call(tmp_path, clean_environment(tmp_path / "home"), "validate", *arguments)

    return check


def test_a_good_manifest_is_counted_and_warned_about(check: Check) -> None:
    ran = check(GOOD + "keys:\n  a: {}\n  b: {expires: 2199-01-01}\n").ended(0)
    assert ran.out == "keys.yaml is valid: 2 keys, 1 provider, 1 store.\n"
    ran.said("Warning: keys.yaml:15:16", "never triggers a rotation")
    ran.said("no age identity that opens the spool")


def test_provider_keys_are_counted_where_there_are_any(check: Check) -> None:
    text = GOOD.replace(
        "providers:\n", "providers:\n  g: {dialect: ai-controller, url: 'sandbox:x'}\n"
    )
    ran = check(f"{text}provider_keys: {{x: {{provider: g, upstream: u, value: {{path: p}}}}}}\n")
    assert ran.ended(0).out == "keys.yaml is valid: 0 keys, 1 provider key, 2 providers, 1 store.\n"


def test_json_says_the_same(check: Check) -> None:
    ran = check(GOOD + "keys:\n  a: {}\n", "--format", "json").ended(0)
    said = json.loads(ran.out)
    assert said["valid"] is True
    assert said["problems"] == []
    assert len(said["warnings"]) == 1

    ran = check(GOOD + "keys:\n  a: {skopes: []}\n", "--format", "json").ended(1)
    said = json.loads(ran.out)
    assert said["valid"] is False
    assert [problem.split(": ")[0] for problem in said["problems"]] == ["keys.yaml:14:7"]


def test_all_problems_are_told_at_once_and_each_once(check: Check) -> None:
    ran = check(
        GOOD
        + """\
keys:
  a: {skopes: [chat]}
  b: {provider: agnets}
  c: {expires: {after: soon}}
  d: {secret: {store: lokal}}
  d: {}
"""
    ).ended(1)
    lines = ran.err.splitlines()
    places = [":".join(line.split(":")[:2]) for line in lines]
    assert places == [f"keys.yaml:{number}" for number in (14, 15, 16, 17, 18)]
    assert len(set(lines)) == len(lines)
    ran.said("did you mean 'scopes'", "'agents'", "'local'", "'d'")
    assert ran.out == ""


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("keys: [", "keys.yaml:2:1", "YAML"),
        ("version: 1\n\tstack: x\n", "keys.yaml:2:1", "tab"),
        ("", "keys.yaml:", "the manifest is empty"),
        (b"\xff\xfe\x00", "keys.yaml:", "is not UTF-8 text"),
        ("- a\n", "keys.yaml:1:1", "mapping"),
        (GOOD.replace("clouisle", "clouisel"), "keys.yaml:8:14", "clouisle"),
        (GOOD.replace("https://", "http://"), "keys.yaml:9:10", "https"),
        (GOOD.replace("version: 1", "version: 2"), "keys.yaml:1:10", "1"),
    ],
    ids=["cut", "tab", "empty", "binary", "list", "dialect", "plain http", "version"],
)
def test_what_is_no_manifest_is_said_with_its_place(
    check: Check, text: str | bytes, place: str, sentence: str
) -> None:
    ran = check(text).ended(1).said(sentence)
    assert ran.err.startswith(place), ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    "head",
    [
        GOOD.replace("{env: KW_PASSWORD}", TOKEN),
        GOOD.replace("{env: KW_PASSWORD}", f"{{env: {TOKEN}}}".replace("_", "-")),
        GOOD.replace("{env: KW_PASSWORD}", f"{{token: {TOKEN}}}"),
        GOOD.replace("https://keys", f"https://user:{TOKEN}@keys"),
        f"{GOOD}# {TOKEN}\n",
    ],
    ids=["instead of a reference", "as a name", "as a kind", "in a url", "in a comment"],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_literal_secret_is_refused_and_not_echoed(check: Check, head: str, form: str) -> None:
    ran = check(head + "keys:\n  a: {}\n", "--format", form).ended(1)
    assert TOKEN[4:] not in f"{ran.out}{ran.err}"
    assert "keys.yaml:" in f"{ran.out}{ran.err}"
