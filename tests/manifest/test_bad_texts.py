"""Texts that are no manifest at all, files that cannot be read, and secrets in plain sight."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest import load_manifest

HEAD = """\
version: 1
stack: acme
stores: {local: {type: age, path: secrets}}
providers:
  agents: {dialect: clouisle, url: https://c.example.com/api, auth: {token: {env: T}}}
"""
NO_LITERAL = "a literal secret is not allowed here"
LITERAL = f"{NO_LITERAL}; write {{env: NAME}} or {{file: PATH}}"

TEXTS = {
    "empty": ("", ["the manifest is empty; it begins with `version: 1` and `stack: NAME`"]),
    "only comments": (
        "# nothing\n",
        ["1:1: the manifest is empty; it begins with `version: 1` and `stack: NAME`"],
    ),
    "a list": ("- 1\n", ["1:1: the manifest must be a mapping"]),
    "a text": ("hello", ["1:1: the manifest must be a mapping"]),
    "nothing mandatory": ("keys:\n", ["1:1: 'stack' is missing", "1:1: 'version' is missing"]),
    "another version": (
        "version: 2\nstack: a\n",
        ["1:10: 'version' must be 1, the only version of this format"],
    ),
    "true is no version": (
        "version: true\nstack: a\n",
        ["1:10: 'version' must be 1, the only version of this format"],
    ),
    "misspelt at the top": (
        "version: 1\nstack: a\nkey: {}\n",
        ["3:1: unknown field 'key'; did you mean 'keys'?"],
    ),
    "bad stack": (
        "version: 1\nstack: Acme\n",
        [
            (
                "2:8: 'stack' must be 1 to 63 lower-case letters, digits, dots, dashes or"
                " underscores, and begin with a letter or digit"
            )
        ],
    ),
    "keys are a list": (
        "version: 1\nstack: a\nkeys: [a, b]\n",
        ["3:7: 'keys' must be a mapping"],
    ),
    "a section without a value": (
        "version: 1\nstack: a\nproviders:\n",
        ["3:1: 'providers' has no value; give it one, or leave it out"],
    ),
    "an open list": (
        "a: [1",
        ["2:1: this is not YAML: did not find expected ',' or ']' while parsing a flow sequence"],
    ),
    "a tab": ("a:\n\tb: 1", ["2:1: this is not YAML: a tab cannot indent; use spaces"]),
    "two colons": (
        "password: x: hunter2",
        ["1:12: this is not YAML: mapping values are not allowed in this context"],
    ),
    "a control character": ("a: 1\nb: \x07", ["2:4: this is not YAML: a control character"]),
    "two documents": (
        "version: 1\n---\nstack: a",
        ["2:1: a second YAML document begins here; put it into a file of its own"],
    ),
    "a complex key": ("? [a]\n: b\n", ["1:3: the name of a field must be plain text"]),
    "too deep": ("[" * 40, ["1:33: nested more than 32 levels deep"]),
    "an alias that looks like a password": (
        "token: *hunter2",
        ["1:8: an alias (`*`) without an anchor (`&`) that ends before it"],
    ),
    "an alias of itself": (
        "a: &a [*a]",
        ["1:8: an alias (`*`) without an anchor (`&`) that ends before it"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS)
def test_texts(refuse: Callable[[str], list[str]], text: str, expected: list[str]) -> None:
    mark = "" if text else " "
    assert refuse(text) == [f"keys.yaml:{mark}{line}" for line in expected]


def test_aliases_that_repeat_too_much(refuse: Callable[[str], list[str]]) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 20)
    )
    assert refuse(bomb) == ["keys.yaml:6:45: aliases repeat too much; write the values out"]


def test_aliases_that_nest_too_deep(refuse: Callable[[str], list[str]]) -> None:
    deep = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))
    assert refuse(deep) == ["keys.yaml:32:12: aliases repeat too much; write the values out"]


SECRETS = {
    "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" + "QPZRY9X8GF2TVDW0S3JN54KHCE",
    "sk-" + "abcdefghij" * 4,
    "sk-proj-" + "aB3_xY9-" * 5,
    "sk-" + "a1b2c3d4.zzzzzzzzzzzz",
    "clou_" + "0123456789abcdef" * 4,
    "pb_live_" + "abcdefgh12345678",
    "ghp_" + "a1B2c3D4e5" * 4,
    "AKIA" + "IOSFODNN7EXAMPLE",
    "eyJhbGciOiJI" + ".eyJzdWIiOiIx" + ".SflKxwRJSMeKKF2QT4",
}


@pytest.mark.parametrize("secret", sorted(SECRETS))
@pytest.mark.parametrize(
    "place",
    [
        "keys: {a: {provider: agents, owner: SECRET}}",
        "keys: {a: {provider: SECRET}}",
        "keys: {a: {provider: agents, labels: {SECRET: x}}}",
        "keys: {a: {provider: agents, SECRET: x}}",
        "keys: {SECRET: {provider: agents}}",
        "keys: {a: {provider: agents, secret: SECRET}}",
        "keys: {a: {provider: agents, secret: {store: SECRET}}}",
        "keys: {a: {provider: agents}} # SECRET",
        "environments: {SECRET: {onwer: SECRET}}",
        "provider_keys: {a: {value: SECRET}}",
        "provider_keys: {a: {value: {path: SECRET, store: SECRET}}}",
        "provider_keys: {a: {value: {key: SECRET}, upstream: SECRET}}",
        "state: {identity: SECRET}",
        "keys: {a: {provider: agents, on_promoted: SECRET}}",
        "keys: {a: {provider: agents, on_promoted: {SECRET: x}}}",
        "keys: {a: {provider: agents, on_promoted: {webhook: SECRET}}}",
        "keys: {a: {provider: agents, on_promoted: {webhook: https://x.example/SECRET}}}",
        "keys: {a: {provider: agents, on_promoted: {webhook: {env: SECRET}}}}",
        "keys: {a: {provider: agents, on_promoted: {command: [./reload.sh, SECRET]}}}",
        "keys: {a: {provider: agents, verify: {denied: [GET /SECRET, GET /SECRET]}}}",
        "keys: {a: {provider: agents, verify: {denied: [SECRET]}}}",
        "defaults: {secret: {path: SECRET, SECRET: x}}",
        "keys: {a: {provider: agents, options: {agent_ids: [x, SECRET]}}}",
    ],
)
def test_what_looks_like_a_secret_is_refused_and_never_repeated(
    refuse: Callable[[str], list[str]], secret: str, place: str
) -> None:
    problems = refuse(HEAD + place.replace("SECRET", secret))
    assert any(NO_LITERAL in problem for problem in problems)
    assert secret not in "\n".join(problems)
    assert secret.lower() not in "\n".join(problems).lower()


def test_a_comment_and_a_direction_character_are_looked_at(
    refuse: Callable[[str], list[str]],
) -> None:
    assert refuse(f"{HEAD}# é {'sk-' + 'a' * 30}\n# \u202e hidden\n") == [
        (
            f"keys.yaml:6:5: this looks like an API key; {LITERAL},"
            " and revoke this one if it was ever shared"
        ),
        "keys.yaml:7:3: the invisible character U+202E is here; remove it",
    ]


def test_names_that_begin_like_a_secret_are_fine(load: Callable[[str], object]) -> None:
    load(f"{HEAD}keys: {{sk-learn-production-key-of-team-a: {{provider: agents}}}}\n")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    def problem(path: Path) -> str:
        with pytest.raises(ManifestError) as caught:
            load_manifest(path, lambda _: None, tuple)
        (said,) = caught.value.problems
        return said.removeprefix(str(path))

    file = tmp_path / "keys.yaml"
    assert problem(file) == ": there is no such file; `keywright init` writes one"
    assert problem(tmp_path) == ": is a folder; name the file in it"
    file.write_bytes(b"version: 1\n\xff")
    assert problem(file) == ": is not UTF-8 text (byte 12); save it as UTF-8"
    file.write_bytes(b" \n")
    assert problem(file).startswith(": the manifest is empty")
    file.write_bytes(b"# " + b"x" * (50 * 1024 * 1024))
    assert problem(file) == ": is larger than 50 MiB"
    assert "cannot be read: " in problem(tmp_path / "a\0b")
