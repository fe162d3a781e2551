"""Files that are not what the file backend left: damage, strangers, other formats, links."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.backends.migrations import Fields
from reconciler.backends.sqlite_ledger import migrate_rows
from reconciler.core.recorded import FORMAT
from reconciler.errors import StateDamagedError, StateTooNewError
from tests.backends.worlds import (
    FileWorld,
    contents,
    incident_refusal,
    read_meta_refusal,
    read_refusal,
    refusal,
)


def run_sql(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def overwrite_a_page(data: bytes) -> bytes:
    return data[:8192] + b"\xa5" * 4096 + data[12288:]


def lose_a_row(data: bytes) -> bytes:
    """Have one leaf of a table say that it holds a row less: all that is left can be decoded."""
    leaves = [at for at in range(4096, len(data), 4096) if data[at] == 0x0D]
    leaf = max(leaves, key=lambda at: data[at + 4])
    count = data[leaf + 4]
    assert count > 1
    return data[: leaf + 3] + (count - 1).to_bytes(2, "big") + data[leaf + 5 :]


@pytest.mark.parametrize(
    "spoil",
    [
        cut,
        lose_a_row,
        overwrite_a_page,
        lambda _: b"",
        lambda _: b"{}",
        lambda data: b"\x00" * len(data),
        lambda data: data[:16] + os.urandom(len(data) - 16),
        lambda data: data[::-1],
        lambda data: data[:100],
        lambda data: data[:4096],
    ],
)
def test_a_spoiled_file_is_damage_and_is_left_alone(
    folder: Path, spoil: Callable[[bytes], bytes]
) -> None:
    path = folder / "state.db"
    spoiled = spoil(path.read_bytes())
    path.write_bytes(spoiled)
    words = read_refusal(folder, StateDamagedError)
    assert str(path) in words
    assert "backup" in words
    assert path.read_bytes() == spoiled


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -3",
        "DROP TABLE meta",
        "CREATE TABLE more (a)",
        "CREATE VIEW extra AS SELECT * FROM rows",
        "CREATE TRIGGER tr AFTER INSERT ON rows BEGIN DELETE FROM rows; END",
        "DELETE FROM meta WHERE name = 'stack'",
        "UPDATE meta SET value = 'other' WHERE name = 'stack'",
        "UPDATE meta SET value = 'many' WHERE name = 'epoch'",
        "UPDATE meta SET value = -1 WHERE name = 'epoch'",
        "UPDATE meta SET value = 9223372036854775807 WHERE name = 'epoch'",
    ],
)
def test_a_database_that_is_not_this_stacks_state_is_damage(folder: Path, statement: str) -> None:
    run_sql(folder, statement)
    before = (folder / "state.db").read_bytes()
    words = read_refusal(folder, StateDamagedError)
    assert read_meta_refusal(folder, StateDamagedError) == words
    assert incident_refusal(folder, StateDamagedError) == words
    assert (folder / "state.db").read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM meta WHERE name = 'salt'",
        "UPDATE meta SET value = 'text' WHERE name = 'salt'",
        "UPDATE meta SET value = 5 WHERE name = 'recipient'",
        "UPDATE rows SET kind = 'other' WHERE name = 'crm-7'",
        "UPDATE rows SET kind = 'provider' WHERE name = 'crm-7'",
        "UPDATE rows SET name = 'crm-seven' WHERE name = 'crm-7'",
        "UPDATE rows SET name = CAST(x'ff' AS TEXT) WHERE name = 'crm-7'",
        "UPDATE rows SET name = x'ff' WHERE name = 'crm-7'",
        "UPDATE rows SET rev = 2 WHERE name = 'crm-7'",
        "UPDATE rows SET rev = 'two' WHERE name = 'crm-7'",
        """UPDATE rows SET rev = 0, body = replace(body, '"rev":1', '"rev":0')""",
        "UPDATE meta SET value = 9223372036854775807 WHERE name = 'serial'",
        "UPDATE rows SET body = '' WHERE name = 'crm-7'",
        "UPDATE rows SET body = x'ff' WHERE name = 'crm-7'",
        "UPDATE rows SET body = '{},{}' WHERE name = 'crm-7'",
    ],
)
def test_a_row_that_we_did_not_write_is_damage(folder: Path, statement: str) -> None:
    run_sql(folder, statement)

    async def run() -> str:
        return await refusal(contents(FileWorld(folder)), StateDamagedError)

    assert "state.db" in asyncio.run(run())


def test_a_newer_format_is_refused_and_named(folder: Path) -> None:
    run_sql(folder, f"PRAGMA user_version = {FORMAT + 1}")
    words = read_refusal(folder, StateTooNewError)
    assert f"format {FORMAT + 1}" in words
    assert read_meta_refusal(folder, StateTooNewError) == words


def test_the_state_of_another_stack_is_refused_and_named(folder: Path) -> None:
    words = read_refusal(folder, StateDamagedError, stack="staging")
    assert "'prod'" in words
    assert "'staging'" in words
    assert incident_refusal(folder, StateDamagedError, stack="staging") == words
    assert read_meta_refusal(folder, StateDamagedError, stack="staging") == words


def test_a_state_behind_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "state.db").symlink_to(folder / "state.db")
    incident_refusal(linked, StateDamagedError)
    read_refusal(linked, StateDamagedError)


def test_a_log_behind_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"")
    (folder / "state.db-wal").symlink_to(tmp_path / "elsewhere")

    async def run() -> None:
        await refusal(contents(FileWorld(folder)), StateDamagedError)

    asyncio.run(run())


def test_rows_of_an_older_format_are_written_anew(folder: Path) -> None:
    def rename(_: str, row: Fields) -> Fields:
        return row | {"provider": f"new {row['provider']}"}

    path = folder / "state.db"
    run_sql(folder, "UPDATE rows SET body = CAST(body AS TEXT) WHERE name = 'crm-1'")
    with closing(sqlite3.connect(path)) as connection, connection:
        migrate_rows(connection, path, (rename, rename))
    read = asyncio.run(contents(FileWorld(folder)))
    assert {row.provider for row in read.keys} == {"new new gateway"}
    assert {row.provider for row in read.intents} == {"new new gateway"}


@pytest.mark.parametrize("body", ["'no JSON'", "'[]'", "7"])
def test_a_row_that_cannot_be_migrated_is_named(folder: Path, body: str) -> None:
    run_sql(folder, f"UPDATE rows SET body = {body} WHERE name = 'crm-7'")
    path = folder / "state.db"
    with closing(sqlite3.connect(path)) as connection:  # noqa: SIM117 - one for each purpose
        with pytest.raises(StateDamagedError, match="crm-7"):
            migrate_rows(connection, path, (lambda _, row: row,))
