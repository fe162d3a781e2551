"""States that an older Keywright wrote: read as ours, brought up to date only under the lock."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.backends.file import FileBackend
from reconciler.backends.lock_file import LockFile
from reconciler.backends.migrations import Fields, steps_from
from reconciler.backends.rows import Stored, decode_row
from reconciler.backends.sqlite_file import APPLICATION_ID, TABLES
from reconciler.core.keys import Address, KeyId, OpId, Stage, Target
from reconciler.core.recorded import FORMAT, KeyRow, Recorded, Version
from reconciler.core.secret import Fingerprint
from reconciler.errors import StateDamagedError, StateLockedError, StateTooNewError
from tests.backends.worlds import HOLDER, STACK, FileWorld, an_incident, contents, refusal

VERSION_1: Fields = {
    "number": 1,
    "provider": "gateway",
    "key_id": "key_1",
    "op": "00000000000000000000000000000001",
    "stage": "retiring",
    "fingerprint": "0123456789abcdef0123456789abcdef",
    "created_at": "2026-03-01T12:30:15.123456Z",
    "lifetime": "P400DT0.000001S",
    "expires_at": "2026-05-30T12:30:15.123456Z",
    "verified_at": None,
    "disabled_at": None,
    "delete_at": None,
    "condemned": True,
}
VERSION_2: Fields = VERSION_1 | {
    "number": 2,
    "key_id": "key_2",
    "stage": "current",
    "condemned": False,
    "verified_at": "2026-03-02T00:00:00Z",
}
KEY: Fields = {
    "address": "crm",
    "provider": "gateway",
    "dialect": "portkey",
    "target": {"store": "vault", "path": "apps/crm", "field": "api_key"},
    "delete_after": "P7D",
    "versions": [VERSION_1, VERSION_2],
    "owner": None,
    "protect": False,
    "disabled_by_us": False,
    "rev": 4,
}
INTENT: Fields = {
    "op": "00000000000000000000000000000003",
    "kind": "create",
    "address": "crm",
    "provider": "gateway",
    "number": 3,
    "name": "crm.kw-3f9c2a1b",
    "target": {"store": "vault", "path": "apps/crm", "field": "api_key"},
    "started_at": "2026-03-01T12:30:15.123456Z",
    "holder": "mara",
    "lifetime": None,
    "key_id": None,
    "fingerprint": None,
    "rev": 1,
}
TARGET = Target("vault", "apps/crm", "api_key")
AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def a_key_then(applied: tuple[tuple[str, str], ...] = ()) -> KeyRow:
    first = Version(
        number=1,
        provider="gateway",
        key_id=KeyId("key_1"),
        op=OpId("00000000000000000000000000000001"),
        stage=Stage.RETIRING,
        target=TARGET,
        fingerprint=Fingerprint("0123456789abcdef0123456789abcdef"),
        created_at=AT,
        lifetime=timedelta(days=400, microseconds=1),
        expires_at=AT + timedelta(days=90),
        condemned=True,
        retire_at=None,
        applied=applied,
    )
    second = Version(
        number=2,
        provider="gateway",
        key_id=KeyId("key_2"),
        op=first.op,
        stage=Stage.CURRENT,
        target=TARGET,
        fingerprint=first.fingerprint,
        created_at=AT,
        lifetime=first.lifetime,
        expires_at=first.expires_at,
        verified_at=datetime(2026, 3, 2, tzinfo=UTC),
        applied=applied,
    )
    return KeyRow(
        address=Address("crm"),
        provider="gateway",
        dialect="portkey",
        target=TARGET,
        delete_after=timedelta(days=7),
        versions=(first, second),
        rev=4,
    )


def key_of_format_2() -> Fields:
    applied = {"applied": [["scopes", "read"]]}
    return KEY | {"versions": [VERSION_1 | applied, VERSION_2 | applied]}


def decoded(kind: str, name: str, fields: Fields, written: int) -> object:
    rev = fields["rev"]
    assert isinstance(rev, int)
    stored = Stored(kind, name, rev, json.dumps(fields).encode())
    return decode_row(stored, steps_from(written, "state.db"), "state.db")


@pytest.fixture(params=[1, 2])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give the folder of a state as an older Keywright left it."""
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {request.param}")
        for statement in TABLES.values():
            connection.execute(statement)
        meta = {
            "stack": STACK,
            "lineage": "l-1",
            "salt": b"salt",
            "recipient": None,
            "serial": 9,
            "epoch": 5,
        }
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        rows = [("key", "crm", 4, KEY), ("intent", INTENT["op"], 1, INTENT)]
        connection.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?)",
            [(kind, name, rev, json.dumps(body).encode()) for kind, name, rev, body in rows],
        )
    return tmp_path


def format_of(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        assert isinstance(found, int)
        return found


def test_a_key_of_format_1_is_led_through_both_steps() -> None:
    assert decoded("key", "crm", KEY, 1) == a_key_then()


def test_every_version_of_format_2_is_in_the_slot_of_its_key() -> None:
    assert decoded("key", "crm", key_of_format_2(), 2) == a_key_then((("scopes", "read"),))


@pytest.mark.parametrize("written", [1, 2])
def test_an_older_intent_has_no_overlap(written: int) -> None:
    intent = decoded("intent", str(INTENT["op"]), INTENT, written)
    assert getattr(intent, "overlap", "missing") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"versions": None},
        {"versions": {}},
        {"versions": ["x"]},
        {"versions": [[]]},
        {"versions": [VERSION_1 | {"target": KEY["target"]}]},
        {"versions": [VERSION_1 | {"retire_at": 5}]},
        {"target": None},
        {"target": "vault"},
    ],
)
@pytest.mark.parametrize("written", [1, 2])
def test_an_older_row_of_a_wrong_shape_is_damage(changes: Fields, written: int) -> None:
    with pytest.raises(StateDamagedError, match="the key row 'crm'"):
        decoded("key", "crm", KEY | changes, written)


def test_an_older_state_is_read_as_ours_and_left_as_it_is(older: Path) -> None:
    before, written = (older / "state.db").read_bytes(), format_of(older)
    read = asyncio.run(contents(FileWorld(older)))
    assert read.keys == (a_key_then(),)
    assert [intent.op for intent in read.intents] == [INTENT["op"]]
    assert read.incidents == ()
    assert ((older / "state.db").read_bytes(), format_of(older)) == (before, written)


def test_taking_the_lock_brings_an_older_state_up_to_date(older: Path) -> None:
    async def run() -> Recorded:
        backend = FileBackend(older, STACK)
        assert await backend.incidents() == ()
        assert await backend.lock(HOLDER) == 6
        read = await backend.read()
        await backend.close()
        return read

    read = asyncio.run(run())
    assert format_of(older) == FORMAT
    assert asyncio.run(contents(FileWorld(older))) == read
    assert read.keys == (a_key_then(),)


def test_an_incident_brings_an_older_state_that_nobody_holds_up_to_date(older: Path) -> None:
    async def run() -> None:
        backend = FileBackend(older, STACK)
        assert await backend.write_incident(an_incident()) == 1
        assert await backend.incidents() == (an_incident(0, 1),)
        # As with any lock: whoever had it before may write no more.
        assert await backend.lock(HOLDER) == 7
        await backend.close()

    asyncio.run(run())
    assert format_of(older) == FORMAT
    assert asyncio.run(contents(FileWorld(older))).keys == (a_key_then(),)


def test_an_older_state_that_is_held_is_left_to_its_holder(older: Path) -> None:
    before, written = (older / "state.db").read_bytes(), format_of(older)
    held = LockFile.take(older / "state.lock")
    assert held is not None

    async def run() -> str:
        backend = FileBackend(older, STACK)
        words = await refusal(backend.write_incident(an_incident()), StateLockedError)
        assert await backend.incidents() == ()
        await backend.close()
        return words

    words = asyncio.run(run())
    held.release()
    assert "older Keywright" in words
    assert "The incident was not recorded" in words
    assert ((older / "state.db").read_bytes(), format_of(older)) == (before, written)


def test_an_incident_leaves_a_damaged_older_state_as_it_is(older: Path) -> None:
    with closing(sqlite3.connect(older / "state.db", isolation_level=None)) as connection:
        connection.execute("UPDATE rows SET body = '[]' WHERE name = 'crm'")
    written = format_of(older)

    async def run() -> None:
        backend = FileBackend(older, STACK)
        await refusal(backend.write_incident(an_incident()), StateDamagedError)
        await refusal(backend.read(), StateDamagedError)
        await backend.close()

    asyncio.run(run())
    assert format_of(older) == written
    lock = LockFile.take(older / "state.lock")
    assert lock is not None
    lock.release()


def test_a_newer_state_takes_no_incident_of_ours(older: Path) -> None:
    with closing(sqlite3.connect(older / "state.db", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")

    async def run() -> None:
        backend = FileBackend(older, STACK)
        words = await refusal(backend.write_incident(an_incident()), StateTooNewError)
        assert f"format {FORMAT + 1}" in words
        await backend.close()

    asyncio.run(run())
    assert format_of(older) == FORMAT + 1
