"""`keywright init`: what it makes, where, and what it leaves as it is."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest

from tests.cli.stage import Ran, call, clean_environment

MANIFEST = """\
version: 1
stack: acme
state: {identity: {file: IDENTITY}}
stores: {local: {type: age, path: .keywright/secrets}}
providers: {agents: {dialect: clouisle, url: "sandbox:.keywright/sandbox.db"}}
keys: {a: {provider: agents, scopes: [chat], expires: {after: 9d}}}
"""


@dataclass
class Place:
    """An empty folder and an empty home."""

    folder: Path
    home: Path

    def run(self, *arguments: str, **changed: str) -> Ran:
        return call(self.folder, clean_environment(self.home), *arguments, **changed)

    @property
    def identity(self) -> Path:
        return self.home / ".config" / "keywright" / "identities" / "work.txt"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "work"
    folder.mkdir()
    return Place(folder, tmp_path / "home")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_fresh_folder_becomes_a_stack_that_works(place: Place) -> None:
    made = place.run("init").ended(0)
    made.said("Wrote keys.yaml", "Made an age identity in", "public key is age1", "keywright plan")
    assert made.err == ""
    assert mode(place.identity) == 0o600
    assert not place.identity.is_relative_to(place.folder)
    assert (place.folder / ".gitignore").read_text() == "/.keywright/\n"
    assert mode(place.folder / ".keywright") == 0o700
    assert mode(place.folder / ".keywright" / "state.db") == 0o600
    assert "AGE-SECRET-KEY" not in made.out

    place.run("validate").ended(0).said("keys.yaml is valid: 1 key, 1 provider, 1 store.")
    place.run("plan", "--detailed-exitcode").ended(2)
    place.run("apply", "--auto-approve").ended(0)
    place.run("plan", "--detailed-exitcode").ended(0)


def test_again_leaves_everything_as_it_is(place: Place) -> None:
    place.run("init").ended(0)
    (place.folder / ".gitignore").write_text("dist/\n.keywright\n")
    files = (*place.folder.rglob("*"), place.identity)
    before = {file: file.read_bytes() for file in files if file.is_file()}

    place.run("init").ended(0).said("is there already; left as it is")

    assert {file: file.read_bytes() for file in before} == before


def test_an_ignore_file_is_added_to(place: Place) -> None:
    (place.folder / ".gitignore").write_text("dist/")
    place.run("init").ended(0).said("Added /.keywright/ to .gitignore")
    assert (place.folder / ".gitignore").read_text() == "dist/\n/.keywright/\n"


@pytest.mark.parametrize("identity", ["identity.txt", "deep/identity.txt"])
def test_an_identity_inside_the_work_tree_is_refused(place: Place, identity: str) -> None:
    (place.folder / ".git").mkdir()
    (place.folder / "keys.yaml").write_text(MANIFEST.replace("IDENTITY", identity))
    place.run("init").ended(1).said(
        "would be committed", identity, "Nothing was written", "outside of it"
    )
    assert not (place.folder / identity).exists()
    assert not (place.folder / ".keywright" / "state.db").exists()


@pytest.mark.parametrize("identity", [".keywright/identity.txt", "../elsewhere/identity.txt"])
def test_an_identity_below_the_state_or_outside_is_made(place: Place, identity: str) -> None:
    (place.folder / ".git").mkdir()
    (place.folder / "keys.yaml").write_text(MANIFEST.replace("IDENTITY", identity))
    place.run("init").ended(0)
    assert mode(place.folder / identity) == 0o600


def test_a_folder_below_the_top_of_a_work_tree_counts_as_inside(place: Place) -> None:
    (place.folder / ".git").mkdir()
    inner = place.folder / "stack"
    inner.mkdir()
    (inner / "keys.yaml").write_text(MANIFEST.replace("IDENTITY", "../identity.txt"))
    place.run("init", "-f", "stack/keys.yaml").ended(1).said("would be committed")


def test_a_ci_that_only_has_the_recipient_gets_no_identity(place: Place) -> None:
    home = Place(place.folder, place.home.with_name("admin"))
    home.run("init").ended(0)
    key = next(
        line.removeprefix("# public key: ")
        for line in home.identity.read_text().splitlines()
        if line.startswith("# public key: ")
    )
    other = Place(place.folder.with_name("ci"), place.home)
    other.folder.mkdir()
    other.run("init", "--recipient", key).ended(0).not_said("Made an age identity")
    other.run("validate").ended(0).said("no age identity that opens the spool")
    other.run("apply", "--auto-approve").ended(0)


def test_a_recipient_that_is_none_is_refused(place: Place) -> None:
    identity = str(pyrage.x25519.Identity.generate())
    for text, sentence in (("age1nonsense", "is not an age recipient"), (identity, "is secret")):
        ran = place.run("init", "--recipient", text).ended(1).said("--recipient", sentence)
        ran.not_said(identity, "age1nonsense").said("Nothing was made")
    assert list(place.folder.iterdir()) == []


def test_an_identity_in_a_variable_is_used_and_a_missing_one_named(place: Place) -> None:
    text = str(pyrage.x25519.Identity.generate())
    (place.folder / "keys.yaml").write_text(
        MANIFEST.replace("{file: IDENTITY}", "{env: STACK_IDENTITY}")
    )
    place.run("init").ended(1).said("STACK_IDENTITY is not set", "Set STACK_IDENTITY")
    place.run("init", STACK_IDENTITY=text).ended(0).not_said("Made an age identity")


def test_a_manifest_that_cannot_be_written_is_one_sentence(place: Place) -> None:
    ran = place.run("init", "-f", "nowhere/keys.yaml").ended(1)
    assert ran.err == (
        "Error: nowhere/keys.yaml: cannot be written: No such file or directory. "
        "No state was made.\n"
    )


def test_a_state_folder_that_is_a_file_is_one_sentence(place: Place) -> None:
    (place.folder / ".keywright").write_text("")
    ran = place.run("init").ended(1).said(".keywright", "No state was made")
    assert len(ran.err.splitlines()) == 1


def test_a_bad_manifest_makes_nothing(place: Place) -> None:
    (place.folder / "keys.yaml").write_text("version: 1\n")
    place.run("init").ended(1).said("'stack' is missing")
    assert [file.name for file in place.folder.iterdir()] == ["keys.yaml"]
