"""What an age store leaves on disk: readable by the standard tool and this user alone.

The standard `age` is run where it is installed; elsewhere a separate Python process decrypts with
pyrage, which shares no code with the store. With KEYWRIGHT_REQUIRE_AGE=1 a missing `age` fails.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.core.keys import Target
from reconciler.core.secret import Secret
from reconciler.errors import StoreRefusedError
from reconciler.interfaces.store import Verification
from reconciler.stores.age import AgeStore
from reconciler.stores.sealing import generate_identity
from tests.stores.builders import (
    OWNER,
    SALT,
    TARGET,
    Item,
    age_store,
    files,
    keypair,
    look,
    publish,
    run,
    stage,
    value,
)

SLOT = Path("crm/agents/API_KEY")
REPOSITORY = Path(__file__).parents[2]

_DECRYPT = """
import pathlib, pyrage, sys
lines = pathlib.Path(sys.argv[1]).read_text().splitlines()
identity = pyrage.x25519.Identity.from_str(lines[-1])
sys.stdout.buffer.write(pyrage.decrypt(pathlib.Path(sys.argv[2]).read_bytes(), [identity]))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "outer" / "secrets"


def decrypt_independently(identity: Path, path: Path) -> bytes:
    tool = shutil.which("age")
    if tool is None and os.environ.get("KEYWRIGHT_REQUIRE_AGE") == "1":
        pytest.fail("KEYWRIGHT_REQUIRE_AGE=1, but there is no age on PATH")
    standard = [tool, "-d", "-i", str(identity), str(path)] if tool else None
    stand_in = [sys.executable, "-c", _DECRYPT, str(identity), str(path)]
    return subprocess.run(standard or stand_in, check=True, capture_output=True).stdout


def test_the_standard_tool_opens_the_current_version(root: Path, tmp_path: Path) -> None:
    identity = tmp_path / "identity.txt"
    identity.write_text(f"# a comment\n{keypair()[0]}\n")
    store = age_store(root, readable=False)
    for text in ("first", "sëcond\n"):
        publish(store, Item(text))
        assert decrypt_independently(identity, root / SLOT / "current.age") == text.encode()


def test_consumers_see_nothing_of_a_staged_version(root: Path) -> None:
    store = age_store(root)
    old = Item("old")
    publish(store, old)
    stage(store, Item("new"))
    assert (root / SLOT / "current.age").readlink() == Path(f"{old.op}.age")


def test_files_and_folders_are_for_this_user_only(root: Path) -> None:
    publish(age_store(root), Item())
    made = [root.parent, *root.parent.rglob("*")]
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in made if not path.is_symlink()}
    assert {modes[path] for path in modes if path.is_dir()} == {0o700}
    assert {modes[path] for path in modes if path.is_file()} == {0o600}


def test_a_slot_has_two_files_a_version_and_a_pointer(root: Path) -> None:
    item = Item()
    publish(age_store(root), item)
    names = sorted(path.name for path in (root / SLOT).iterdir())
    assert names == sorted([f"{item.op}.age", f"{item.op}.json", "current.age"])
    mark = json.loads((root / SLOT / f"{item.op}.json").read_text())
    assert mark.keys() == {"owner", "op", "key_id", "fingerprint", "sha256"}
    assert mark["owner"] == OWNER


def test_the_secret_is_in_no_file_and_no_path(root: Path) -> None:
    item = Item("sk-live-needle-in-the-haystack")
    publish(age_store(root), item)
    for name, data in files(root).items():
        assert "needle" not in name
        assert b"needle" not in data


def test_retiring_everything_removes_every_folder_below_the_root(root: Path) -> None:
    store = age_store(root)
    neighbour = Target("local", "crm/other", "KEY")
    publish(store, Item())
    publish(store, Item(), neighbour)
    run(store.retire(TARGET, OWNER, ()))
    assert sorted(path.name for path in root.rglob("*") if path.is_dir()) == ["KEY", "crm", "other"]
    run(store.retire(neighbour, OWNER, ()))
    assert list(root.iterdir()) == []


def test_retire_leaves_files_that_are_not_ours(root: Path) -> None:
    store = age_store(root)
    publish(store, Item())
    (root / SLOT / "README").write_text("kept by hand")
    run(store.retire(TARGET, OWNER, ()))
    assert files(root) == {str(SLOT / "README"): b"kept by hand"}


def test_a_key_that_moved_away_and_back_finds_the_slot_inside_a_slot(root: Path) -> None:
    store = age_store(root)
    inner = Target("local", "crm/agents/API_KEY", "INNER")
    publish(store, Item(), inner)
    assert look(store).owner is None
    publish(store, Item())
    run(store.retire(TARGET, OWNER, ()))
    assert look(store, inner).current is not None


def test_every_recipient_can_read(root: Path) -> None:
    ours, theirs = keypair(), generate_identity()
    item = Item()

    def opened_by(identity: str) -> AgeStore:
        return AgeStore(
            name="local",
            root=root,
            recipients=(ours[1], theirs[1]),
            identity=Secret(identity),
            salt=SALT,
        )

    publish(opened_by(ours[0]), item)
    for identity in (ours[0], theirs[0]):
        assert value(opened_by(identity), item) == item.text
        assert run(opened_by(identity).verify(TARGET, item.version)) is Verification.VERIFIED


def test_an_identity_that_opens_nothing_here_says_so(root: Path) -> None:
    item = Item()
    publish(age_store(root, readable=False), item)
    stranger = AgeStore(
        name="local",
        root=root,
        recipients=(keypair()[1],),
        identity=Secret(generate_identity()[0]),
        salt=SALT,
    )
    assert run(stranger.verify(TARGET, item.version)) is Verification.UNVERIFIABLE
    assert value(stranger, item) is None


@pytest.mark.parametrize("readable", [True, False])
def test_changed_bytes_do_not_verify(root: Path, readable: bool) -> None:
    store = age_store(root, readable=readable)
    item = Item()
    stage(store, item)
    path = root / SLOT / f"{item.op}.age"
    data = path.read_bytes()
    for damaged in (data[:-1], data + b"x", data[:-1] + bytes([data[-1] ^ 1]), b""):
        path.write_bytes(damaged)
        assert run(store.verify(TARGET, item.version)) is Verification.MISMATCH
        assert value(store, item) is None
    path.write_bytes(data)
    assert run(store.verify(TARGET, item.version)) is Verification.VERIFIED


def test_staging_again_repairs_a_damaged_version(root: Path) -> None:
    store = age_store(root)
    item = Item()
    publish(store, item)
    path = root / SLOT / f"{item.op}.age"
    path.write_bytes(path.read_bytes()[:-1])
    stage(store, item)
    assert value(store, item) == item.text


def test_staging_again_leaves_the_bytes_alone(root: Path) -> None:
    store = age_store(root)
    item = Item()
    stage(store, item)
    before = files(root)
    stage(store, item)
    assert files(root) == before


def test_a_missing_root_has_empty_slots_and_is_not_made_by_looking(root: Path) -> None:
    assert look(age_store(root)).owner is None
    assert not root.exists()


def test_looking_needs_no_identity_and_no_valid_recipients(root: Path) -> None:
    item = Item()
    publish(age_store(root), item)
    blind = AgeStore(name="local", root=root, recipients=(), identity=None, salt=SALT)
    assert look(blind).current == item.version
    with pytest.raises(StoreRefusedError, match="no age recipient"):
        run(blind.preflight(TARGET, OWNER, 1))


@pytest.mark.parametrize("bad", ["age1nonsense", "", "AGE-SECRET-KEY-1NEEDLE", "ssh-rsa AAAA"])
def test_bad_recipients_are_told_at_preflight_without_echo(root: Path, bad: str) -> None:
    store = AgeStore(name="local", root=root, recipients=(bad,), identity=None, salt=SALT)
    with pytest.raises(StoreRefusedError, match="recipient 1") as caught:
        run(store.preflight(TARGET, OWNER, 1))
    assert "NEEDLE" not in str(caught.value)
    assert not root.exists()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "KEY"),
        ("/etc", "KEY"),
        ("a//b", "KEY"),
        ("a/..", "KEY"),
        ("../a", "KEY"),
        ("a/./b", "KEY"),
        ("a", ".."),
        ("a", "b/c"),
        ("a", ""),
        ("a", "current.age"),
        ("a", f"{'0' * 32}.age"),
        (f"{'0' * 32}.json", "KEY"),
        ("a", ".kw-x"),
        ("a\0b", "KEY"),
        ("a\nb", "KEY"),
        ("a", "x" * 300),
    ],
)
def test_a_target_that_cannot_be_a_folder_is_refused(root: Path, path: str, name: str) -> None:
    store = age_store(root)
    publish(store, Item())
    before = files(root.parent)
    target = Target("local", path, name)
    assert look(store, target).owner == ""
    item = Item()
    for call in (
        store.preflight(target, OWNER, 1),
        store.stage(target, item.secret, item.version, OWNER, look(store)),
        store.promote(target, item.version),
        store.retire(target, OWNER, ()),
    ):
        with pytest.raises(StoreRefusedError):
            run(call)
    assert files(root.parent) == before


@pytest.mark.parametrize("op", ["", "../../x", "A" * 32, "0" * 31, "0" * 33, "0" * 32 + "\n"])
def test_an_operation_id_is_checked_before_it_is_a_file_name(root: Path, op: str) -> None:
    store = age_store(root)
    item = Item(op=type(Item().op)(op))
    head = run(store.preflight(TARGET, OWNER, 1))
    with pytest.raises(StoreRefusedError, match="32 hex"):
        run(store.stage(TARGET, item.secret, item.version, OWNER, head))
    assert files(root.parent) == {}


def test_a_too_large_secret_is_refused_at_the_write_too(root: Path) -> None:
    store = age_store(root)
    item = Item("ä" * (store.abilities.max_bytes // 2 + 1))
    head = run(store.preflight(TARGET, OWNER, 1))
    with pytest.raises(StoreRefusedError):
        run(store.stage(TARGET, item.secret, item.version, OWNER, head))
    assert files(root) == {}


def _file_for_root(root: Path) -> None:
    root.parent.mkdir()
    root.write_text("in the way")


def _file_above_root(root: Path) -> None:
    root.parent.write_text("in the way")


@pytest.mark.parametrize("hinder", [_file_for_root, _file_above_root])
def test_a_root_that_is_no_folder_is_told(root: Path, hinder: Callable[[Path], None]) -> None:
    hinder(root)
    store = age_store(root)
    view = run(store.heads((TARGET,)))
    assert view.problem is not None
    assert view.heads == ()
    with pytest.raises(StoreRefusedError, match="folder"):
        run(store.preflight(TARGET, OWNER, 1))


def test_a_root_that_cannot_be_made_is_refused() -> None:
    store = age_store(Path("/proc/keywright/secrets"))
    with pytest.raises(StoreRefusedError, match="cannot be used"):
        run(store.preflight(TARGET, OWNER, 1))


_FULL = """
import asyncio, pathlib, resource, sys
from reconciler.errors import StoreUnavailableError
from tests.stores.builders import OWNER, TARGET, Item, age_store
store, item = age_store(pathlib.Path(sys.argv[1])), Item('sk-live' * 300)
async def main():
    head = await store.preflight(TARGET, OWNER, 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), -1))
    try:
        await store.stage(TARGET, item.secret, item.version, OWNER, head)
    except StoreUnavailableError as error:
        return print(error)
asyncio.run(main())
"""


@pytest.mark.parametrize("limit", [0, 100, 1000])
def test_a_write_that_stops_half_way_is_unavailable_and_leaves_no_version(
    root: Path, limit: int
) -> None:
    command = [sys.executable, "-c", _FULL, str(root), str(limit)]
    told = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=REPOSITORY
    ).stdout
    assert "cannot be used" in told
    assert "sk-live" not in told
    assert not [name for name in files(root) if name.endswith(".age") or ".kw-" in name]
    head = look(age_store(root))
    assert (head.current, head.staged) == (None, ())
