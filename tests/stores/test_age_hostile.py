"""An age store whose folder somebody else has been in: links, garbage, and other owners."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.keys import OpId, Target
from reconciler.errors import StoreConflictError, StoreRefusedError
from reconciler.interfaces.store import Verification
from reconciler.stores.age import AgeStore
from reconciler.stores.slots import Mark, parse_mark
from tests.stores.builders import (
    OWNER,
    STRANGER,
    TARGET,
    Item,
    age_store,
    files,
    look,
    new_op,
    publish,
    run,
    stage,
    value,
)

SLOT = Path("crm/agents/API_KEY")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "secrets"
    path.mkdir()
    return path


@pytest.fixture
def store(root: Path) -> AgeStore:
    return age_store(root)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere"
    path.mkdir()
    return path


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_nothing_is_written_through_a_linked_folder(
    store: AgeStore, root: Path, elsewhere: Path, depth: int
) -> None:
    link = root.joinpath(*SLOT.parts[:depth])
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere)
    elsewhere.joinpath(*SLOT.parts[depth:]).mkdir(parents=True, exist_ok=True)
    item = Item()
    head = look(store)
    assert head.owner == ""
    assert run(store.verify(TARGET, item.version)) is Verification.MISMATCH
    assert value(store, item) is None
    for call in (
        store.preflight(TARGET, OWNER, 1),
        store.stage(TARGET, item.secret, item.version, OWNER, head),
        store.promote(TARGET, item.version),
        store.retire(TARGET, OWNER, ()),
    ):
        with pytest.raises(StoreRefusedError, match="link"):
            run(call)
    assert files(elsewhere) == {}
    assert link.is_symlink()


def test_a_root_that_is_a_link_is_the_users_own_choice(elsewhere: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(elsewhere)
    item = Item()
    publish(age_store(tmp_path / "link"), item)
    assert look(age_store(elsewhere)).current == item.version


def test_links_under_the_names_of_our_files_are_replaced_not_followed(
    store: AgeStore, root: Path, elsewhere: Path
) -> None:
    victim = elsewhere / "victim"
    victim.write_text("precious")
    item = Item()
    stage(store, Item("earlier"))
    head = look(store)
    for name in (f"{item.op}.age", f"{item.op}.json", f".kw-{item.op}.age", ".kw-current.age"):
        (root / SLOT / name).symlink_to(victim)
    stage(store, item, expect=head)
    run(store.promote(TARGET, item.version))
    assert victim.read_text() == "precious"
    assert value(store, item) == item.text
    assert not (root / SLOT / f"{item.op}.age").is_symlink()


def test_a_link_is_no_version(store: AgeStore, root: Path, elsewhere: Path) -> None:
    item = Item()
    publish(store, item)
    path = root / SLOT / f"{item.op}.age"
    path.rename(elsewhere / "moved.age")
    path.symlink_to(elsewhere / "moved.age")
    head = look(store)
    assert (head.current, head.staged) == (None, ())
    assert run(store.verify(TARGET, item.version)) is Verification.MISMATCH


def test_a_pointer_that_leads_out_is_no_version_and_is_replaced(
    store: AgeStore, root: Path, elsewhere: Path
) -> None:
    victim = elsewhere / "victim"
    victim.write_text("precious")
    item = Item()
    stage(store, item)
    (root / SLOT / "current.age").symlink_to(victim)
    assert look(store).current is None
    run(store.promote(TARGET, item.version))
    assert (root / SLOT / "current.age").readlink() == Path(f"{item.op}.age")
    assert victim.read_text() == "precious"


def test_a_plain_file_in_place_of_the_pointer_is_not_overwritten(
    store: AgeStore, root: Path
) -> None:
    item = Item()
    stage(store, item)
    pointer = root / SLOT / "current.age"
    pointer.write_text("somebody's only copy")
    assert look(store).owner == ""
    with pytest.raises(StoreRefusedError):
        run(store.preflight(TARGET, OWNER, 1))
    with pytest.raises(StoreRefusedError):
        run(store.promote(TARGET, item.version))
    assert pointer.read_text() == "somebody's only copy"


GARBAGE = {
    "empty": b"",
    "text": b"not json",
    "list": b"[]",
    "null": b"null",
    "no fields": b"{}",
    "not utf-8": b"\xff\xfe\x00",
    "deep": b"[" * 4000,
    "10 MB": b'{"owner": "' + b"x" * 10_000_000 + b'"}',
    "a bomb of digits": b"1" * 4000,
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_a_garbage_mark_is_no_mark(store: AgeStore, root: Path, garbage: bytes) -> None:
    item = Item()
    publish(store, item)
    (root / SLOT / f"{item.op}.json").write_bytes(garbage)
    head = look(store)
    assert (head.owner, head.current, head.staged) == ("", None, ())
    assert run(store.verify(TARGET, item.version)) is Verification.MISMATCH
    with pytest.raises(StoreRefusedError, match="did not write"):
        run(store.preflight(TARGET, OWNER, 1))
    before = files(root)
    run(store.retire(TARGET, OWNER, ()))
    assert files(root) == before


def _mark(item: Item, **changes: object) -> bytes:
    fields = json.loads(Mark(OWNER, item.version, "0" * 64).serialise())
    return json.dumps({**fields, **changes}).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"op": new_op()},
        {"op": 7},
        {"owner": ""},
        {"owner": None},
        {"key_id": ["a"]},
        {"sha256": 0},
        {"extra": "field"},
    ],
)
def test_a_mark_that_is_not_exactly_one_of_ours_is_none(changes: dict[str, object]) -> None:
    item = Item()
    assert parse_mark(_mark(item), item.op) is not None
    assert parse_mark(_mark(item, **changes), item.op) is None


@given(data=st.binary(max_size=300))
def test_parsing_a_mark_never_raises(data: bytes) -> None:
    parse_mark(data, OpId("0" * 32))


def test_a_mark_survives_being_written_and_read() -> None:
    item = Item()
    mark = Mark(OWNER, item.version, "ab" * 32)
    assert parse_mark(mark.serialise(), item.op) == mark


def test_a_mark_edited_to_another_owner_makes_the_slot_theirs(store: AgeStore, root: Path) -> None:
    item = Item()
    publish(store, item)
    seen = look(store)
    path = root / SLOT / f"{item.op}.json"
    path.write_bytes(path.read_bytes().replace(OWNER.encode(), STRANGER.encode()))
    head = look(store)
    assert head.owner == STRANGER
    assert head.etag != seen.etag
    with pytest.raises(StoreConflictError):
        stage(store, Item(), expect=seen)
    run(store.retire(TARGET, OWNER, ()))
    assert look(store) == head


def test_two_owners_in_one_slot_are_nobodys(store: AgeStore, root: Path) -> None:
    stage(store, Item())
    intruder = Item("theirs")
    (root / SLOT / f"{intruder.op}.age").write_bytes(b"x")
    (root / SLOT / f"{intruder.op}.json").write_bytes(
        Mark(STRANGER, intruder.version, "0" * 64).serialise()
    )
    assert look(store).owner == ""
    with pytest.raises(StoreRefusedError):
        run(store.preflight(TARGET, OWNER, 1))


def test_a_marked_version_with_other_bytes_is_never_given_out(store: AgeStore, root: Path) -> None:
    item, other = Item("ours"), Item("swapped in")
    stage(store, item)
    stage(store, other)
    good = root / SLOT / f"{item.op}.age"
    good.write_bytes((root / SLOT / f"{other.op}.age").read_bytes())
    assert value(store, item) is None
    assert run(store.verify(TARGET, item.version)) is Verification.MISMATCH


def test_files_without_our_mark_make_a_slot_foreign(store: AgeStore, root: Path) -> None:
    (root / SLOT).mkdir(parents=True)
    (root / SLOT / "hand-made.age").write_bytes(b"x")
    assert look(store).owner == ""
    with pytest.raises(StoreRefusedError, match="did not write"):
        run(store.preflight(TARGET, OWNER, 1))


def test_a_fifo_under_our_names_hangs_nobody(store: AgeStore, root: Path) -> None:
    item = Item()
    (root / SLOT).mkdir(parents=True)
    for name in (f"{item.op}.json", f"{item.op}.age"):
        os.mkfifo(root / SLOT / name)
    assert look(store).owner == ""
    assert run(store.verify(TARGET, item.version)) is Verification.MISMATCH


def test_a_folder_under_our_names_is_refused(store: AgeStore, root: Path) -> None:
    item = Item()
    (root / SLOT / f"{item.op}.age").mkdir(parents=True)
    head = run(store.preflight(TARGET, OWNER, 1))
    with pytest.raises(StoreRefusedError):
        run(store.stage(TARGET, item.secret, item.version, OWNER, head))
    assert not look(store).carries(item.op)


def test_one_hostile_slot_does_not_hide_the_others(
    store: AgeStore, elsewhere: Path, root: Path
) -> None:
    item = Item()
    publish(store, item)
    (root / "linked").symlink_to(elsewhere)
    hostile = Target("local", "linked", "KEY")
    view = run(store.heads((TARGET, hostile, Target("local", "..", "KEY"))))
    assert view.problem is None
    owners = {str(head.target): head.owner for head in view.heads}
    assert owners == {"local:..#KEY": "", "local:crm/agents#API_KEY": OWNER, "local:linked#KEY": ""}
