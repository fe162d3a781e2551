"""A value that a person put into an age folder with the standard tool's own format."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest

from reconciler.errors import StoreRefusedError
from reconciler.stores.age import AgeStore
from tests.stores.builders import TARGET, age_store, keypair, look, run


def put(root: Path, text: str) -> None:
    folder = root / TARGET.path / TARGET.field
    folder.mkdir(parents=True, exist_ok=True)
    recipient = pyrage.x25519.Recipient.from_str(keypair()[1])
    (folder / "current.age").write_bytes(pyrage.encrypt(text.encode(), [recipient]))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


@pytest.fixture
def store(root: Path) -> AgeStore:
    return age_store(root)


def test_it_is_read_without_the_line_end_that_tools_add(store: AgeStore, root: Path) -> None:
    put(root, "sk-by-hand\n")
    read = run(store.read(TARGET))
    assert read is not None
    assert read.reveal() == "sk-by-hand"


def test_the_head_says_that_it_is_nobody_s_and_changes_with_it(store: AgeStore, root: Path) -> None:
    put(root, "sk-one")
    first = look(store)
    assert first.owner == ""
    assert look(store).etag == first.etag
    put(root, "sk-two")
    assert look(store).etag != first.etag


def test_an_empty_value_is_told_and_not_given_away(store: AgeStore, root: Path) -> None:
    put(root, "\n")
    with pytest.raises(StoreRefusedError, match="holds an empty value"):
        run(store.read(TARGET))


def test_what_is_not_for_us_or_damaged_is_not_read(store: AgeStore, root: Path) -> None:
    put(root, "sk-one")
    path = root / TARGET.path / TARGET.field / "current.age"
    path.write_bytes(b"junk")
    assert run(store.read(TARGET)) is None
    assert run(age_store(root, readable=False).read(TARGET)) is None


def test_a_link_that_leads_out_of_the_slot_is_not_followed(
    store: AgeStore, root: Path, tmp_path: Path
) -> None:
    put(root, "sk-one")
    path = root / TARGET.path / TARGET.field / "current.age"
    path.rename(tmp_path / "elsewhere.age")
    path.symlink_to(tmp_path / "elsewhere.age")
    assert run(store.read(TARGET)) is None
