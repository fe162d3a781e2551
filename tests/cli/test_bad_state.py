"""A state or a store that is missing, damaged, old, newer, or held by somebody else."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

from tests.cli.stage import KEYS, NO_CHANGES, Ran, Stack


def one_sentence(ran: Ran, *parts: str) -> None:
    """Insist on one line on standard error, and nothing else."""
    ran.ended(1).said(*parts)
    assert len(ran.err.splitlines()) == 1, ran.err
    assert ran.out == ""


def age_by_one_format(path: Path) -> None:
    with sqlite3.connect(path) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        database.execute(f"PRAGMA user_version = {version + 1}")
    database.close()


DAMAGES: tuple[tuple[Callable[[Path], object], str, str], ...] = (
    (lambda path: path.unlink(), "there is no state for the stack 'cli'", "keywright init"),
    (lambda path: path.write_bytes(b"x" * 5000), "not a whole SQLite database", "backup"),
    (lambda path: path.write_bytes(path.read_bytes()[:3000]), "not a whole SQLite", "backup"),
    (lambda path: path.write_bytes(b""), "this is not a Keywright state", "backup"),
    (age_by_one_format, "the state has format", "Use the newer Keywright"),
)


def test_a_state_that_cannot_be_used_stops_everything(stack: Stack) -> None:
    stack.apply().ended(0)
    before, whole = stack.writes(), stack.state.read_bytes()
    for damage, sentence, remedy in DAMAGES:
        stack.state.write_bytes(whole)
        damage(stack.state)
        kept = stack.state.read_bytes() if stack.state.exists() else None
        for ran in stack.look("plan", "apply --auto-approve", "state list"):
            one_sentence(ran, sentence, remedy, ".keywright/state.db", "Nothing was changed")
        assert (stack.state.read_bytes() if stack.state.exists() else None) == kept
    assert stack.writes() == before
    stack.state.write_bytes(whole)
    stack.run("plan", "--detailed-exitcode").ended(0).said(NO_CHANGES)
    stack.working("a")


def test_a_remedy_names_only_commands_that_there_are(stack: Stack) -> None:
    stack.state.unlink()
    said = stack.run("plan").ended(1).text
    for words in (part.split()[1:] for part in said.split("`")[1::2] if "keywright" in part):
        stack.run(*words, "--help").ended(0)


def test_a_new_state_does_not_make_the_keys_twice(stack: Stack) -> None:
    stack.apply().ended(0)
    for file in stack.state.parent.glob("state.*"):
        file.unlink()
    stack.run("init").ended(0).said("Made the state")
    before = stack.writes()
    stack.apply().ended(3).said("Nothing was changed")
    assert stack.writes() == before
    stack.working("a")


def test_an_old_copy_of_the_state_is_seen_to_be_old(new_stack: Callable[..., Stack]) -> None:
    stack = new_stack("a: {}\nb: {}")
    stack.apply().ended(0)
    folder = stack.state.parent
    shutil.copytree(folder, stack.folder / "copy")
    stack.edit("  a: {}\n", "  a: {}\n  c: {}\n  d: {}\n")
    stack.apply().ended(0)
    ids = {address: key["id"] for address, key in stack.live().items()}
    secrets = {address: stack.stored(address) for address in ids}

    shutil.move(folder / "secrets", stack.folder / "newer")
    shutil.rmtree(folder)
    shutil.move(stack.folder / "copy", folder)
    shutil.rmtree(folder / "secrets")
    shutil.move(stack.folder / "newer", folder / "secrets")
    stack.edit("  b: {}\n", "")
    before = stack.writes()
    for refused in stack.look("plan", "apply --auto-approve --allow-revoke 9"):
        refused.ended(3).said("the state is stale", ids["c"], ids["d"], "Restore the newest copy")
    assert stack.writes() == before
    assert {address: key["id"] for address, key in stack.live().items()} == ids
    assert {address: stack.stored(address) for address in ids} == secrets
    assert all(map(stack.accepted, secrets.values()))


def test_a_store_that_cannot_be_used_mints_no_key(stack: Stack) -> None:
    store = stack.folder / ".keywright" / "secrets"
    store.write_text("in the way")
    before = stack.writes()
    why = ("store 'local'", ".keywright/secrets: Not a directory")
    for ran in stack.look("plan", "apply --auto-approve", "status"):
        ran.ended(1).said(*why).not_said(NO_CHANGES, "Apply complete")
    assert stack.writes() == before
    assert stack.items() == []
    store.unlink()
    stack.apply().ended(0)
    stack.working("a")


def test_a_slot_that_cannot_be_written_mints_no_key(stack: Stack) -> None:
    slot = stack.folder / ".keywright" / "secrets" / "a" / "secret"
    slot.parent.mkdir(parents=True, mode=0o700)
    slot.write_text("in the way")
    before = stack.writes()
    ran = stack.apply().ended(1).said("local:a#secret", "Not a directory")
    ran.not_said(NO_CHANGES, "Apply complete")
    assert stack.writes() == before
    assert stack.items() == []


def test_a_spool_that_cannot_be_used_is_told_before_a_key_is_minted(stack: Stack) -> None:
    (stack.folder / ".keywright" / "spool").write_text("in the way")
    ran = stack.apply().ended(1).said("the spool cannot be used", "spool", "Not a directory")
    ran.not_said("Apply complete")
    assert stack.items() == []


def test_a_lock_names_its_living_holder_and_dies_with_it(stack: Stack) -> None:
    met = stack.fault("latency", KEYS, method="GET", seconds=60)
    holder = stack.start("apply", "--auto-approve")
    met(1)
    refused = stack.look("apply --auto-approve", "state rm a", "plan", "state list")
    for ran in refused[2:]:
        ran.ended(0)
    for ran in refused[:2]:
        one_sentence(ran, "another run holds the state", f"process {holder.process.pid}")
        ran.said(
            "still running", "`keywright apply -f keys.yaml`", "Nothing was changed", "Wait for"
        )
    holder.signal(signal.SIGKILL)
    assert holder.end().code == -signal.SIGKILL
    stack.apply().ended(0)
    stack.working("a")
    stack.apply().ended(0).said(NO_CHANGES)
