"""What is particular to the spool of age files: what lies on disk, damage, and other identities."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from reconciler.core.keys import KeyId, OpId
from reconciler.core.secret import Secret
from reconciler.errors import SpoolError
from reconciler.stores.identity import open_identity
from reconciler.stores.sealing import Seal, generate_identity
from reconciler.stores.spool import AgeSpool
from tests.stores.builders import files, keypair, new_op, run

KEY = KeyId("key-1")
NEEDLE = "sk-live-needle"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outer" / "spool"


@pytest.fixture
def spool(folder: Path) -> AgeSpool:
    return AgeSpool(folder, keypair()[1], Secret(keypair()[0]))


def put(spool: AgeSpool) -> OpId:
    op = new_op()
    run(spool.put(op, KEY, Secret(NEEDLE)))
    return op


def test_an_entry_is_one_private_age_file_of_plain_json(spool: AgeSpool, folder: Path) -> None:
    op = put(spool)
    assert files(folder).keys() == {f"{op}.age"}
    assert stat.S_IMODE((folder / f"{op}.age").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    plain = open_identity(Secret(keypair()[0])).open((folder / f"{op}.age").read_bytes())
    assert isinstance(plain, bytes)
    assert json.loads(plain) == {"op": op, "key_id": KEY, "secret": NEEDLE}


def test_the_secret_is_in_no_file_and_no_path(spool: AgeSpool, folder: Path) -> None:
    put(spool)
    assert all(
        "needle" not in name and b"needle" not in data for name, data in files(folder).items()
    )


def test_entries_outlive_the_spool_that_wrote_them(folder: Path) -> None:
    op = put(AgeSpool(folder, keypair()[1], None))
    entry = run(AgeSpool(folder, keypair()[1], Secret(keypair()[0])).take(op))
    assert entry is not None
    assert entry.secret.reveal() == NEEDLE


def test_an_entry_for_somebody_else_is_not_ours_to_open(folder: Path) -> None:
    theirs = generate_identity()
    op = put(AgeSpool(folder, theirs[1], None))
    ours = AgeSpool(folder, theirs[1], Secret(keypair()[0]))
    assert run(ours.take(op)) is None
    view = run(ours.view())
    assert view.ops == {op}
    assert not view.readable


def test_the_identity_is_asked_for_each_time(folder: Path) -> None:
    known: list[Secret] = []
    spool = AgeSpool(folder, keypair()[1], lambda: known[0] if known else None)
    op = put(spool)
    assert run(spool.take(op)) is None
    assert not run(spool.view()).readable
    known.append(Secret(keypair()[0]))
    assert run(spool.take(op)) is not None
    assert run(spool.view()).readable


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "longer"])
def test_a_damaged_entry_is_told_by_its_file(spool: AgeSpool, folder: Path, damage: str) -> None:
    op = put(spool)
    path = folder / f"{op}.age"
    data = path.read_bytes()
    flipped = data[:-1] + bytes([data[-1] ^ 1])
    path.write_bytes(
        {"cut": data[:-1], "flipped": flipped, "empty": b"", "text": b"x", "longer": data + b"x"}[
            damage
        ]
    )
    with pytest.raises(SpoolError, match=f"{op}.age.*damaged") as caught:
        run(spool.take(op))
    assert caught.value.__context__ is None


def test_no_flipped_byte_ever_gives_another_secret(spool: AgeSpool, folder: Path) -> None:
    op = put(spool)
    path = folder / f"{op}.age"
    data = path.read_bytes()
    outcomes = set()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        try:
            outcomes.add(run(spool.take(op)) is None)
        except SpoolError:
            outcomes.add(True)
    assert outcomes == {True}


@pytest.mark.parametrize(
    "plain",
    [
        b"needle",
        b"\xff needle",
        b"[]",
        b'{"op": "needle"}',
        b'{"op": "OP", "key_id": 1, "secret": "needle"}',
        b'{"op": "00000000000000000000000000000000", "key_id": "1", "secret": "needle"}',
        b"[" * 100_000,
    ],
)
def test_an_entry_that_is_not_its_own_is_damaged_and_not_echoed(
    spool: AgeSpool, folder: Path, plain: bytes
) -> None:
    op = put(spool)
    sealed = Seal([keypair()[1]]).close(plain.replace(b"OP", op.encode()))
    (folder / f"{op}.age").write_bytes(sealed)
    with pytest.raises(SpoolError) as caught:
        run(spool.take(op))
    assert "needle" not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_entry_that_is_no_plain_file_is_damaged(spool: AgeSpool, folder: Path) -> None:
    op = put(spool)
    path = folder / f"{op}.age"
    path.rename(folder / "elsewhere")
    path.symlink_to("elsewhere")
    with pytest.raises(SpoolError, match="damaged"):
        run(spool.take(op))


def test_half_written_files_are_no_entries_and_go_with_theirs(
    spool: AgeSpool, folder: Path
) -> None:
    op = put(spool)
    (folder / f".kw-{op}.age").write_bytes(b"half")
    (folder / "notes.txt").write_text("not an entry")
    assert run(spool.view()).ops == {op}
    run(spool.put(op, KEY, Secret(NEEDLE)))
    assert files(folder).keys() == {f"{op}.age", "notes.txt"}
    (folder / f".kw-{op}.age").write_bytes(b"half")
    run(spool.drop(op))
    assert files(folder).keys() == {"notes.txt"}


def test_a_linked_folder_is_refused(spool: AgeSpool, folder: Path, tmp_path: Path) -> None:
    folder.parent.mkdir()
    folder.symlink_to(tmp_path)
    op = new_op()
    for call in (spool.put(op, KEY, Secret(NEEDLE)), spool.take(op), spool.drop(op), spool.view()):
        with pytest.raises(SpoolError, match="no link"):
            run(call)
    assert files(tmp_path) == {}


@pytest.mark.parametrize("place", ["/proc/keywright/spool", "file/spool"])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    spool = AgeSpool(tmp_path / place, keypair()[1], None)
    with pytest.raises(SpoolError, match="cannot be used") as caught:
        run(spool.put(new_op(), KEY, Secret(NEEDLE)))
    assert NEEDLE not in str(caught.value)


def test_looking_makes_nothing(spool: AgeSpool, folder: Path) -> None:
    run(spool.view())
    run(spool.take(new_op()))
    run(spool.drop(new_op()))
    assert not folder.parent.exists()


@pytest.mark.parametrize("bad", ["age1needle", "AGE-SECRET-KEY-1NEEDLE"])
def test_a_bad_recipient_or_identity_is_told_without_echo(folder: Path, bad: str) -> None:
    with pytest.raises(SpoolError) as caught:
        run(AgeSpool(folder, bad, None).put(new_op(), KEY, Secret(NEEDLE)))
    assert "needle" not in str(caught.value).lower()
    with pytest.raises(SpoolError) as caught:
        run(AgeSpool(folder, keypair()[1], Secret(bad)).view())
    assert "needle" not in str(caught.value).lower()
