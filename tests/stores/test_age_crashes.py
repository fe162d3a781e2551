"""Crashes of an age store: every state that one can leave, and a real one before every effect.

The real crashes are processes that end without any clean-up when they are about to make their
n-th change to the file system; Python's audit events say when that is.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from reconciler.core.keys import OpId
from reconciler.interfaces.store import Verification
from reconciler.stores.age import AgeStore
from tests.stores.builders import (
    OWNER,
    TARGET,
    Item,
    age_store,
    files,
    look,
    publish,
    run,
    stage,
    value,
)

SLOT = Path("crm/agents/API_KEY")
REPOSITORY = Path(__file__).parents[2]

Tear: TypeAlias = Callable[[Path, OpId], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


@pytest.fixture
def store(root: Path) -> AgeStore:
    return age_store(root)


def _half_a_mark(slot: Path, op: OpId) -> None:
    (slot / f"{op}.age").unlink()
    mark = slot / f"{op}.json"
    (slot / f".kw-{op}.json").write_bytes(mark.read_bytes()[:20])
    mark.unlink()


def _mark_only(slot: Path, op: OpId) -> None:
    (slot / f"{op}.age").unlink()


def _mark_and_half_a_ciphertext(slot: Path, op: OpId) -> None:
    sealed = slot / f"{op}.age"
    (slot / f".kw-{op}.age").write_bytes(sealed.read_bytes()[:50])
    sealed.unlink()


def _mark_and_a_ciphertext_unnamed(slot: Path, op: OpId) -> None:
    (slot / f"{op}.age").rename(slot / f".kw-{op}.age")


TORN: list[Tear] = [
    _half_a_mark,
    _mark_only,
    _mark_and_half_a_ciphertext,
    _mark_and_a_ciphertext_unnamed,
]


@pytest.mark.parametrize("tear", TORN)
@pytest.mark.parametrize("occupied", [False, True])
def test_a_torn_write_is_no_version_and_the_same_write_mends_it(
    store: AgeStore, root: Path, tear: Tear, occupied: bool
) -> None:
    old, item = Item("old"), Item("new")
    if occupied:
        publish(store, old)
    before = look(store)
    stage(store, item)
    tear(root / SLOT, item.op)

    head = look(store)
    assert not head.carries(item.op)
    assert head.owner in {None, OWNER}
    assert head.current == (old.version if occupied else None)
    assert run(store.verify(TARGET, item.version)) is Verification.MISMATCH
    assert value(store, item) is None

    stage(store, item, expect=before)
    run(store.promote(TARGET, item.version))
    assert value(store, item) == item.text
    assert not [name for name in files(root) if ".kw-" in name]


@pytest.mark.parametrize("tear", TORN)
def test_the_next_write_of_another_operation_sweeps_up(
    store: AgeStore, root: Path, tear: Tear
) -> None:
    torn, item = Item("torn"), Item("next")
    stage(store, torn)
    tear(root / SLOT, torn.op)
    publish(store, item)
    assert not [name for name in files(root) if ".kw-" in name]
    run(store.retire(TARGET, OWNER, (item.version,)))
    assert files(root).keys() == {str(SLOT / f"{item.op}.{end}") for end in ("age", "json")}


def test_a_pointer_that_was_not_renamed_yet_changes_nothing(store: AgeStore, root: Path) -> None:
    old, new = Item("old"), Item("new")
    publish(store, old)
    stage(store, new)
    before = look(store)
    (root / SLOT / ".kw-current.age").symlink_to(f"{new.op}.age")
    assert look(store) == before
    run(store.promote(TARGET, new.version))
    assert look(store).current == new.version


def test_an_interrupted_removal_is_finished_by_the_next(store: AgeStore, root: Path) -> None:
    old, new = Item("old"), Item("new")
    publish(store, old)
    publish(store, new)
    (root / SLOT / f"{old.op}.age").unlink()
    head = look(store)
    assert (head.owner, head.current, head.staged) == (OWNER, new.version, ())
    run(store.retire(TARGET, OWNER, ()))
    assert list(root.iterdir()) == []


def test_an_interrupted_removal_of_everything_is_finished_too(store: AgeStore, root: Path) -> None:
    item = Item()
    publish(store, item)
    (root / SLOT / "current.age").unlink()
    (root / SLOT / f"{item.op}.age").unlink()
    assert look(store).owner == OWNER
    run(store.retire(TARGET, OWNER, ()))
    assert list(root.iterdir()) == []


_LIFE = """
import asyncio, os, pathlib, sys
from reconciler.core.keys import OpId
from tests.stores.builders import OWNER, TARGET, Item, age_store, keypair

keypair()
base = pathlib.Path(sys.argv[1])
first, second = Item("old", OpId("a" * 32)), Item("new", OpId("b" * 32))
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "open"}

async def live(root):
    store = age_store(root)
    for item in (first, second):
        head = await store.preflight(TARGET, OWNER, 3)
        await store.stage(TARGET, item.secret, item.version, OWNER, head)
        print("staged", item.op, flush=True)
        await store.promote(TARGET, item.version)
        print("promoted", item.op, flush=True)
    await store.retire(TARGET, OWNER, (second.version,))
    print("retired", first.op, flush=True)

def crash_at(limit):
    seen = 0
    def hook(event, args):
        nonlocal seen
        if event not in CHANGES or (event == "open" and not args[2] & os.O_CREAT):
            return
        seen += 1
        if seen == limit:
            os._exit(9)
    return hook

for limit in range(1, 200):
    root = base / str(limit)
    root.mkdir()
    child = os.fork()
    if child == 0:
        log = os.open(root / "log", os.O_CREAT | os.O_WRONLY)
        os.dup2(log, 1)
        sys.addaudithook(crash_at(limit))
        asyncio.run(live(root / "secrets"))
        sys.stdout.flush()
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
print(limit)
"""


def test_a_crash_before_any_change_loses_nothing_that_was_promised(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", _LIFE, str(tmp_path)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY)
    crashes = int(ended.stdout)
    assert crashes > 25
    for number in range(1, crashes + 1):
        _check_remains(tmp_path / str(number))


def _check_remains(folder: Path) -> None:
    # Without the identity, which died with the process: bytes and marks are what counts here.
    store = age_store(folder / "secrets", readable=False)
    told = set((folder / "log").read_text().splitlines())
    old, new = Item("old", OpId("a" * 32)), Item("new", OpId("b" * 32))
    head = look(store)
    for item in (old, new):
        retiring = item is old and f"promoted {new.op}" in told
        if f"staged {item.op}" in told and not retiring:
            assert head.carries(item.op), folder
            assert run(store.verify(TARGET, item.version)) is Verification.VERIFIED, folder
    if f"promoted {new.op}" in told:
        assert head.current == new.version, folder
    elif f"promoted {old.op}" in told:
        assert head.current in {old.version, new.version}, folder
    _finish(store, folder / "secrets", new)


def _finish(store: AgeStore, root: Path, new: Item) -> None:
    """Whatever was left, the same steps again come to the same end."""
    publish(store, new)
    run(store.retire(TARGET, OWNER, (new.version,)))
    head = look(store)
    assert (head.current, head.staged) == (new.version, ())
    assert files(root).keys() == {str(SLOT / f"{new.op}.{end}") for end in ("age", "json")}
