"""The file backend and its folder: modes, links, damage, formats, and folders it may not write."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from reconciler.backends.file import FileBackend
from reconciler.backends.lock_file import is_at
from reconciler.backends.sqlite_looking import copy_aside
from reconciler.errors import (
    LockLostError,
    StateConflictError,
    StateError,
    StateMissingError,
)
from tests.backends.worlds import (
    HOLDER,
    META,
    STACK,
    FileWorld,
    a_key,
    an_incident,
    contents,
    each,
    opened,
    read_refusal,
    refusal,
)

NOBODY = 65534


def dump(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        return list(connection.iterdump())


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def unprivileged() -> Iterator[None]:
    """Drop the rights that make root ignore permission bits."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def frozen(folder: Path) -> Iterator[Path]:
    """Give a copy of the state that we may read and not write, where nobody may look."""
    with tempfile.TemporaryDirectory() as outer:
        inner = Path(outer) / "state"
        shutil.copytree(folder, inner)
        for path in inner.iterdir():
            path.chmod(0o444)
        inner.chmod(0o555)
        Path(outer).chmod(0o755)
        yield inner
        inner.chmod(0o755)


def test_files_are_ours_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        backend = asyncio.run(opened(FileWorld(tmp_path / "a" / "b")))
        asyncio.run(backend.write_row(a_key()))
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
        asyncio.run(backend.close())
    finally:
        os.umask(before)
    files = dict.fromkeys(("state.db", "state.db-shm", "state.db-wal", "state.lock"), 0o600)
    assert found == {"a": 0o700, "b": 0o700, **files}


def test_reading_leaves_every_byte_as_it_was(folder: Path) -> None:
    rows, before = dump(folder), snapshot(folder)
    assert len(asyncio.run(contents(FileWorld(folder))).keys) == 100
    assert snapshot(folder) == before
    assert dump(folder) == rows


def test_a_folder_that_cannot_be_written_is_read_but_not_locked(frozen: Path) -> None:
    before = snapshot(frozen)
    (frozen / "state.lock").unlink()

    async def run() -> None:
        backend = FileBackend(frozen, STACK)
        assert len((await backend.read()).keys) == 100
        assert str(frozen) in await refusal(backend.lock(HOLDER), StateError)
        await backend.close()
        other = FileBackend(frozen / "new", STACK)
        assert str(frozen) in await refusal(other.initialise(META), StateError)
        await refusal(other.read(), StateMissingError)
        await other.close()

    with unprivileged():
        asyncio.run(run())
    assert snapshot(frozen) == {name: data for name, data in before.items() if "lock" not in name}


def test_incidents_of_a_folder_that_cannot_be_written_are_read_but_not_written(
    frozen: Path,
) -> None:
    before = snapshot(frozen)

    async def run() -> None:
        backend = FileBackend(frozen, STACK)
        words = await refusal(backend.write_incident(an_incident()), StateError)
        assert str(frozen) in words
        assert "Check owner and permissions" in words
        assert "The incident was not recorded" in words
        assert await backend.incidents() == ()
        await backend.close()

    with unprivileged():
        asyncio.run(run())
    assert snapshot(frozen) == before


def test_an_incident_waits_for_a_commit_that_is_under_way(tmp_path: Path) -> None:
    async def run() -> None:
        holder = await opened(FileWorld(tmp_path))
        other = FileBackend(tmp_path, STACK)
        with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as commit:
            commit.execute("BEGIN IMMEDIATE")
            writing = asyncio.ensure_future(other.write_incident(an_incident()))
            assert await holder.incidents() == ()
            assert not writing.done()
            commit.execute("COMMIT")
            assert await writing == 1
        assert await holder.incidents() == (an_incident(0, 1),)
        await other.close()
        await holder.close()

    asyncio.run(run())


@pytest.mark.parametrize("left_out", ["state.db-shm", None])
def test_what_a_killed_run_left_is_read_where_nothing_can_be_written(
    tmp_path: Path, left_out: str | None
) -> None:
    world = FileWorld(tmp_path)
    backend = asyncio.run(opened(world))
    asyncio.run(backend.write_row(a_key()))
    with tempfile.TemporaryDirectory() as outer:
        inner = Path(outer) / "state"
        shutil.copytree(tmp_path, inner)
        if left_out:
            (inner / left_out).unlink()
        for path in inner.iterdir():
            path.chmod(0o444)
        Path(outer).chmod(0o755)
        inner.chmod(0o555)
        before = snapshot(inner)
        with unprivileged():
            assert asyncio.run(contents(FileWorld(inner))).keys == (a_key(0, 1),)
        assert snapshot(inner) == before
        inner.chmod(0o755)
    asyncio.run(backend.close())


def test_a_private_copy_takes_the_log_along(tmp_path: Path) -> None:
    backend = asyncio.run(opened(FileWorld(tmp_path / "state")))
    asyncio.run(backend.write_row(a_key()))
    (tmp_path / "aside").mkdir()
    copy = copy_aside(tmp_path / "state" / "state.db", tmp_path / "aside")
    assert copy == tmp_path / "aside" / "state.db"
    assert asyncio.run(contents(FileWorld(tmp_path / "aside"))).keys == (a_key(0, 1),)
    asyncio.run(backend.close())


def test_a_state_that_cannot_be_read_is_no_damage(frozen: Path) -> None:
    (frozen / "state.db").chmod(0)
    with unprivileged():
        words = read_refusal(frozen, StateError)
    assert "permissions" in words


@pytest.mark.parametrize("dangling", [True, False])
def test_a_state_is_never_made_through_a_link(tmp_path: Path, dangling: bool) -> None:
    target = tmp_path / "target"
    if not dangling:
        target.write_bytes(b"precious")
    (tmp_path / "state.db").symlink_to(target)

    async def run() -> None:
        backend = FileBackend(tmp_path, STACK)
        await refusal(backend.initialise(META), StateError)
        await backend.close()

    asyncio.run(run())
    assert dangling or target.read_bytes() == b"precious"
    assert target.exists() is not dangling


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.symlink_to("/dev/null"), "is a symbolic link"),
        (os.mkfifo, "is not a plain file"),
        (os.mkdir, "directory"),
    ],
)
def test_a_lock_is_never_taken_on_anything_but_a_plain_file(
    folder: Path, make: Callable[[Path], object], said: str
) -> None:
    (folder / "state.lock").unlink()
    make(folder / "state.lock")

    async def run() -> str:
        backend = FileBackend(folder, STACK)
        words = await refusal(backend.lock(HOLDER), StateError)
        await backend.close()
        return words

    words = asyncio.run(run())
    assert "state.lock" in words
    assert said in words


def test_a_lock_counts_only_on_the_file_that_others_will_find(tmp_path: Path) -> None:
    path = tmp_path / "state.lock"
    with path.open("w") as locked:
        assert is_at(locked.fileno(), path)
        path.unlink()
        assert not is_at(locked.fileno(), path)
        path.touch()
        assert not is_at(locked.fileno(), path)


def test_a_new_state_is_not_made_beside_the_log_of_a_lost_one(tmp_path: Path) -> None:
    world = FileWorld(tmp_path / "state")
    backend = asyncio.run(opened(world))
    asyncio.run(backend.write_row(a_key()))
    lost = tmp_path / "lost"
    shutil.copytree(tmp_path / "state", lost)
    asyncio.run(backend.close())
    (lost / "state.db").unlink()

    async def run() -> None:
        other = FileBackend(lost, STACK)
        await refusal(other.read(), StateMissingError)
        assert "state.db-wal" in await refusal(other.initialise(META), StateError)
        await other.close()

    asyncio.run(run())


def test_a_state_that_could_not_be_made_leaves_nothing_half_made(tmp_path: Path) -> None:
    (tmp_path / "state.db-wal").mkdir()

    async def run() -> None:
        backend = FileBackend(tmp_path, STACK)
        await refusal(backend.initialise(META), StateError)
        await backend.close()

    asyncio.run(run())
    assert [path.name for path in tmp_path.iterdir()] == ["state.db-wal"]


@pytest.mark.parametrize("replacement", [b"", None])
def test_a_state_file_taken_away_under_a_run_is_written_no_more(
    tmp_path: Path, replacement: bytes | None
) -> None:
    async def run() -> None:
        backend = await opened(FileWorld(tmp_path))
        (tmp_path / "state.db").unlink()
        if replacement is not None:
            (tmp_path / "state.db").write_bytes(replacement)
        await refusal(backend.write_row(a_key()), LockLostError)
        await backend.close()

    asyncio.run(run())


def test_a_program_that_keeps_the_database_busy_is_told_of(tmp_path: Path) -> None:
    async def run() -> None:
        backend = await opened(FileWorld(tmp_path))
        with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as shell:
            shell.execute("BEGIN IMMEDIATE")
            words = await refusal(backend.write_row(a_key()), StateError)
            shell.execute("ROLLBACK")
        assert "another program" in words
        assert "Nothing of this write was recorded" in words
        assert await backend.write_row(a_key()) == 1
        await backend.close()

    asyncio.run(run())


@contextmanager
def full_disk(already: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (already, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_failed_commit_fails_every_write_in_it_and_records_none(tmp_path: Path) -> None:
    async def run() -> None:
        backend = await opened(FileWorld(tmp_path))
        await backend.write_row(a_key(0))
        before = await backend.read()
        writes = [backend.write_row(row) for row in each(a_key, 200)]
        with full_disk((tmp_path / "state.db-wal").stat().st_size):
            outcomes = await asyncio.gather(*writes, return_exceptions=True)
        errors = {str(outcome) for outcome in outcomes if type(outcome) is StateError}
        assert all("Nothing of this write was recorded" in words for words in errors)
        # The stale one may have been told so by a commit of its own.
        assert sum(type(outcome) is StateError for outcome in outcomes) >= 199
        assert await backend.read() == before
        again = [backend.write_row(row) for row in each(a_key, 200)]
        outcomes = await asyncio.gather(*again, return_exceptions=True)
        assert isinstance(outcomes[0], StateConflictError)
        assert outcomes[1:] == [1] * 199
        await backend.close()
        assert len((await contents(FileWorld(tmp_path))).keys) == 200

    asyncio.run(run())


def test_writes_at_once_share_a_commit(tmp_path: Path) -> None:
    async def run() -> None:
        backend = await opened(FileWorld(tmp_path))
        await asyncio.gather(*(backend.write_row(row) for row in each(a_key, 1000)))
        assert (await backend.read()).meta.serial <= 100
        await backend.close()

    asyncio.run(run())


def test_a_backend_serves_one_event_loop_after_another(tmp_path: Path) -> None:
    backend = asyncio.run(opened(FileWorld(tmp_path)))
    assert asyncio.run(backend.write_row(a_key())) == 1
    assert asyncio.run(backend.write_row(a_key(0, 1))) == 2
    asyncio.run(backend.close())
