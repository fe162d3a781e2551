"""The file backend among real processes: who holds it, and what is left when one is killed."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.backends.file import FileBackend
from reconciler.backends.lock_file import LockFile
from reconciler.backends.refusals import Life
from reconciler.backends.sqlite_ledger import look_for
from reconciler.errors import StateLockedError
from tests.backends.conftest import Start
from tests.backends.worlds import (
    HOLDER,
    META,
    STACK,
    FileWorld,
    a_key,
    an_incident,
    contents,
    opened,
    refusal,
)


async def try_lock(folder: Path) -> str:
    backend = FileBackend(folder, STACK)
    try:
        return await refusal(backend.lock(HOLDER), StateLockedError)
    finally:
        await backend.close()


def read_acknowledged(process: subprocess.Popen[str], at_least: int) -> set[int]:
    """Let a writer run until it said so many numbers, kill it, and give all that it said."""
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(at_least)]
    process.kill()
    said += process.stdout.readlines()
    process.wait()
    return {int(line) for line in said if line.endswith("\n")}


def test_a_living_holder_is_named_as_living(tmp_path: Path, start_run: Start) -> None:
    process = start_run(tmp_path)
    words = asyncio.run(try_lock(tmp_path))
    assert f"process {process.pid}, still running" in words
    assert f"stop process {process.pid}" in words


def test_the_lock_of_a_killed_holder_is_free_at_once(tmp_path: Path, start_run: Start) -> None:
    process = start_run(tmp_path)
    process.kill()
    process.wait()

    async def run() -> None:
        backend = FileBackend(tmp_path, STACK)
        assert await backend.lock(HOLDER) == 2
        assert await backend.write_row(a_key()) == 1
        await backend.close()

    asyncio.run(run())


def test_a_lock_held_under_the_name_of_a_dead_run_says_so(tmp_path: Path, start_run: Start) -> None:
    process = start_run(tmp_path)
    process.kill()
    process.wait()
    held = LockFile.take(tmp_path / "state.lock")
    assert held is not None
    words = asyncio.run(try_lock(tmp_path))
    held.release()
    assert f"process {process.pid}, not running under that number" in words
    assert "lslocks" in words


def test_a_holder_that_has_not_said_its_name_is_waited_for(tmp_path: Path) -> None:
    async def run() -> None:
        backend = FileBackend(tmp_path, STACK)
        await backend.initialise(META)
        await backend.close()

    asyncio.run(run())
    held = LockFile.take(tmp_path / "state.lock")
    assert held is not None
    assert "Try again in a moment" in asyncio.run(try_lock(tmp_path))
    held.release()


def test_a_holder_is_looked_for_on_this_host_only() -> None:
    assert look_for(HOLDER) is Life.RUNNING
    assert look_for(replace(HOLDER, pid=1)) is Life.RUNNING
    assert look_for(replace(HOLDER, pid=2**80)) is Life.NOT_FOUND
    assert look_for(replace(HOLDER, host="elsewhere")) is Life.UNSEEN
    assert look_for(replace(HOLDER, pid=-1)) is Life.UNSEEN
    assert look_for(None) is Life.UNSEEN


@pytest.mark.parametrize("acknowledged", [1, 50, 3000])
def test_every_acknowledged_write_outlives_a_kill(
    tmp_path: Path, start_run: Start, acknowledged: int
) -> None:
    said = read_acknowledged(start_run(tmp_path, "forever"), acknowledged)
    before = sorted(path.name for path in tmp_path.iterdir())
    world = FileWorld(tmp_path)
    read = asyncio.run(contents(world))
    assert {a_key(number, 1) for number in said} <= set(read.keys)
    assert sorted(path.name for path in tmp_path.iterdir()) == before

    async def run() -> None:
        backend = world.backend()
        assert await backend.lock(HOLDER) == 2
        assert (await backend.read()).keys == read.keys
        await backend.close()

    asyncio.run(run())
    assert asyncio.run(contents(world)).keys == read.keys
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state.db", "state.lock"]


@pytest.mark.parametrize("left_out", ["state.db-shm", None])
def test_what_a_killed_run_left_is_read_from_a_copy_of_its_folder(
    tmp_path: Path, start_run: Start, left_out: str | None
) -> None:
    folder = tmp_path / "state"
    said = read_acknowledged(start_run(folder, "forever"), 50)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    if left_out:
        (copy / left_out).unlink()
    names = sorted(path.name for path in copy.iterdir())
    read = asyncio.run(contents(FileWorld(copy)))
    assert {a_key(number, 1) for number in said} <= set(read.keys)
    assert sorted(path.name for path in copy.iterdir()) == names


def test_reading_beside_a_running_writer_sees_whole_commits(
    tmp_path: Path, start_run: Start
) -> None:
    process = start_run(tmp_path, "forever")
    serials = []
    for _ in range(5):
        read = asyncio.run(contents(FileWorld(tmp_path)))
        assert {row.rev for row in read.keys} <= {1}
        serials.append(read.meta.serial)
    assert serials == sorted(serials)
    read_acknowledged(process, 1)


def write_incidents(folder: Path, count: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "tests.backends.writing_process"),
            folder,
            "incidents",
            str(count),
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_another_process_writes_incidents_beside_a_holder_that_never_pauses(
    tmp_path: Path, start_run: Start
) -> None:
    process = start_run(tmp_path, "forever")
    other = write_incidents(tmp_path, 20)
    assert (other.returncode, other.stderr) == (0, "")
    backend = FileBackend(tmp_path, STACK)
    beside = asyncio.run(backend.incidents())
    assert beside == tuple(an_incident(number, 1) for number in range(20))
    assert process.poll() is None
    said = read_acknowledged(process, 1)
    read = asyncio.run(contents(FileWorld(tmp_path)))
    assert read.incidents == beside
    assert {a_key(number, 1) for number in said} <= set(read.keys)
    assert read.meta.epoch == 1
    asyncio.run(backend.close())


def test_the_holder_sees_at_once_what_another_process_wrote(tmp_path: Path) -> None:
    async def run() -> None:
        holder = await opened(FileWorld(tmp_path))
        await holder.write_row(a_key())
        assert await holder.incidents() == ()
        other = await asyncio.to_thread(write_incidents, tmp_path, 2)
        assert other.stdout == "0\n1\n"
        assert await holder.incidents() == (an_incident(0, 1), an_incident(1, 1))
        assert await holder.write_row(a_key(0, 1)) == 2
        await holder.close()

    asyncio.run(run())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state.db", "state.lock"]
