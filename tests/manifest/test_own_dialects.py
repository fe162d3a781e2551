"""A dialect can be a file of the user's own; its problems are told beside the manifest's."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.capabilities import Capabilities
from reconciler.documents.reading import UnreadableTextError
from reconciler.errors import DialectError, ManifestError
from reconciler.manifest import Manifest, load_manifest
from tests.manifest.conftest import DIALECTS

MINE = replace(DIALECTS["clouisle"], dialect="mine")
OTHER = replace(DIALECTS["clouisle"], dialect="other")


def find(written: str) -> Capabilities | None:
    """Find dialects as `wiring` does, from files that are not there."""
    if written in ("./none.yaml", "none.yml"):
        raise UnreadableTextError("there is no such file", missing=True)
    if written == "./bad.yaml":
        raise DialectError(("bad.yaml:1:1: title: is missing", "bad.yaml:2:1: auth: is missing"))
    files = {"./mine.yaml": MINE, "/abs/mine": MINE, "copy/mine.yaml": MINE, "./o.yml": OTHER}
    return files.get(written, DIALECTS.get(written))


@pytest.fixture
def load_own(tmp_path: Path) -> Callable[[str], Manifest]:
    def load(providers: str) -> Manifest:
        file = tmp_path / "keys.yaml"
        file.write_text(f"version: 1\nstack: a\nproviders:\n{providers}")
        return load_manifest(file, find, lambda: tuple(DIALECTS))

    return load


def problems_of(load: Callable[[str], Manifest], providers: str, folder: Path) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(providers)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def test_the_name_inside_the_file_is_what_is_recorded(
    load_own: Callable[[str], Manifest], tmp_path: Path
) -> None:
    manifest = load_own(
        "  a: {dialect: ./mine.yaml, url: https://a.example}\n"
        "  b: {dialect: ./o.yml, url: https://b.example}\n"
        "  c: {dialect: ./mine.yaml, url: https://c.example}\n"
        "  d: {dialect: clouisle, url: https://d.example}\n"
    )
    assert [p.dialect for p in manifest.desired.providers] == ["mine", "other", "mine", "clouisle"]
    assert [(p.dialect, p.dialect_file) for p in manifest.providers] == [
        ("mine", tmp_path / "./mine.yaml"),
        ("other", tmp_path / "o.yml"),
        ("mine", tmp_path / "mine.yaml"),
        ("clouisle", None),
    ]
    (absolute,) = load_own("  a: {dialect: /abs/mine, url: https://a.example}\n").providers
    assert absolute.dialect_file == Path("/abs/mine")


def test_all_problems_are_told_and_those_of_a_file_once(
    load_own: Callable[[str], Manifest], tmp_path: Path
) -> None:
    providers = """\
  a: {dialect: ./bad.yaml, url: https://a.example, deply: all}
  b: {dialect: ./bad.yaml, url: https://b.example}
  c: {dialect: ./none.yaml, url: https://c.example}
  d: {dialect: none.yml, url: http://d.example}
"""
    assert problems_of(load_own, providers, tmp_path) == [
        "keys.yaml:4:52: provider 'a': unknown field 'deply'; did you mean 'deploy'?",
        (
            "keys.yaml:6:16: provider 'c': 'dialect' is the file './none.yaml':"
            " there is no such file"
        ),
        "keys.yaml:7:16: provider 'd': 'dialect' is the file 'none.yml': there is no such file",
        (
            "keys.yaml:7:31: provider 'd': 'url' must be https;"
            " plain http is allowed only to this machine"
        ),
        "bad.yaml:1:1: title: is missing",
        "bad.yaml:2:1: auth: is missing",
    ]


def test_only_the_file_is_bad(load_own: Callable[[str], Manifest], tmp_path: Path) -> None:
    providers = "  a: {dialect: ./bad.yaml, url: https://a.example}\n"
    assert len(problems_of(load_own, providers, tmp_path)) == 2


def test_two_files_cannot_have_one_name(
    load_own: Callable[[str], Manifest], tmp_path: Path
) -> None:
    providers = """\
  a: {dialect: ./mine.yaml, url: https://a.example}
  b: {dialect: copy/mine.yaml, url: https://b.example}
"""
    assert problems_of(load_own, providers, tmp_path) == [
        (
            "keys.yaml:5:16: provider 'b': 'dialect' is called 'mine' inside, which another file"
            " of this manifest is called as well; rename one"
        )
    ]
