"""age identities: made once, for this user, outside of the work tree, and echoed nowhere."""

from __future__ import annotations

import stat
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.secret import Secret
from reconciler.errors import KeywrightError, StoreRefusedError, UsageError
from reconciler.stores.identity import (
    make_identity,
    open_identity,
    read_identity,
    recipient_of,
    recipient_problems,
)
from reconciler.stores.sealing import Seal, generate_identity
from tests.stores.builders import keypair


def test_a_new_identity_opens_what_is_sealed_to_its_recipient(tmp_path: Path) -> None:
    path = tmp_path / "config" / "keywright" / "identity.txt"
    recipient = make_identity(path, work_tree=None)
    identity = read_identity(path)
    assert recipient_of(identity) == recipient
    assert open_identity(identity).open(Seal([recipient]).close(b"data")) == b"data"


def test_it_is_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "config" / "identity.txt"
    make_identity(path, work_tree=None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_identity_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    make_identity(path, work_tree=None)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        make_identity(path, work_tree=None)
    assert path.read_bytes() == before


def test_nor_written_through_a_link(tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    path.symlink_to(tmp_path / "target")
    with pytest.raises(UsageError):
        make_identity(path, work_tree=None)
    assert not (tmp_path / "target").exists()


def test_the_work_tree_is_refused_even_by_a_detour(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tmp_path / "detour").symlink_to(tree)
    for path in (tree / "id", tree / "a" / "id", tmp_path / "x" / ".." / "tree" / "id"):
        with pytest.raises(UsageError, match="work tree"):
            make_identity(path, work_tree=tree)
    with pytest.raises(UsageError, match="work tree"):
        make_identity(tmp_path / "detour" / "id", work_tree=tree)
    assert list(tree.iterdir()) == []


def test_an_allowed_folder_of_the_work_tree_is_not(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    make_identity(tree / ".keywright" / "id", work_tree=tree, allowed=tree / ".keywright")
    assert (tree / ".keywright" / "id").exists()
    with pytest.raises(UsageError):
        make_identity(tree / ".keywright2" / "id", work_tree=tree, allowed=tree / ".keywright")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "identity", Path("/proc/keywright/identity")):
        with pytest.raises(UsageError, match="cannot write"):
            make_identity(path, work_tree=None)


def test_bare_keys_comments_and_several_identities_are_read() -> None:
    (first, recipient), (second, other) = keypair(), generate_identity()
    assert recipient_of(Secret(first)) == recipient
    assert recipient_of(Secret(f"  {first}\n")) == recipient
    assert recipient_of(Secret(f"# created: today\n# {other}\n\n{first}\n")) == recipient
    assert open_identity(Secret(f"{first}\r\n{second}")).recipients == (recipient, other)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("# only a comment\n", "empty"),
        ("AGE-SECRET-KEY-1NEEDLE", "identity 1 is not"),
        ("{good}\nneedle", "identity 2 is not"),
        ("age-encryption.org/v1\n-> scrypt needle", "encrypted"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nneedle", "encrypted"),
    ],
)
def test_what_is_no_identity_is_told_without_echo(text: str, told: str) -> None:
    with pytest.raises(StoreRefusedError, match=told) as caught:
        open_identity(Secret(text.format(good=keypair()[0])))
    _assert_silent(caught.value, "needle")
    assert caught.value.__context__ is None


@given(st.text(max_size=100))
def test_no_text_makes_anything_but_our_own_error(text: str) -> None:
    with pytest.raises(StoreRefusedError) as caught:
        open_identity(Secret(text))
    assert caught.value.__context__ is None


@pytest.mark.parametrize("data", [b"\xff\xfe needle", b"needle" * 20_000])
def test_a_file_that_is_no_identity_is_told_without_echo(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "identity.txt"
    path.write_bytes(data)
    with pytest.raises(StoreRefusedError) as caught:
        read_identity(path)
    _assert_silent(caught.value, "needle")


def test_a_missing_file_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(StoreRefusedError, match=r"missing\.txt"):
        read_identity(tmp_path / "missing.txt")


def test_a_mounted_identity_may_be_a_link(tmp_path: Path) -> None:
    recipient = make_identity(tmp_path / "real", work_tree=None)
    (tmp_path / "mounted").symlink_to("real")
    assert recipient_of(read_identity(tmp_path / "mounted")) == recipient


def test_every_bad_recipient_is_told_at_once_without_echo() -> None:
    identity, recipient = keypair()
    assert recipient_problems((recipient, f" {recipient}\n")) == ()
    assert recipient_problems(()) == ("there is no age recipient to encrypt to",)
    problems = recipient_problems((recipient, "needle", identity.lower()))
    assert [problem.split(" is ")[0] for problem in problems] == ["recipient 2", "recipient 3"]
    assert "needle" not in problems[0]
    assert "leaked" in problems[1]
    assert identity.lower() not in problems[1]


def _assert_silent(error: KeywrightError, needle: str) -> None:
    text = str(error) + "".join(traceback.format_exception(error))
    shown = [line for line in text.splitlines() if needle in line.lower()]
    assert shown == []
