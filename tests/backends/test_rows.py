"""Rows as text: everything comes back as it was, and nothing else is believed."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.backends.migrations import MIGRATIONS, Fields, migrate_body, steps_from
from reconciler.backends.rows import (
    Kind,
    Stored,
    assemble,
    assemble_incidents,
    decode_holder,
    decode_row,
    encode_holder,
    encode_row,
    kind_of,
    name_of,
)
from reconciler.core.keys import Address, KeyId, Stage, Target
from reconciler.core.recorded import (
    FORMAT,
    AuditNote,
    Incident,
    Intent,
    IntentKind,
    KeyRow,
    Proof,
    ProviderKeyRow,
    ProviderRow,
    RetiredOp,
    Version,
)
from reconciler.core.secret import Fingerprint
from reconciler.errors import StateDamagedError, StateError, StateTooNewError
from reconciler.interfaces.backend import Row
from tests.backends.worlds import (
    HOLDER,
    META,
    NOW,
    a_key,
    a_retired_op,
    a_version,
    an_incident,
    an_intent,
)

TEXT = st.text(max_size=20)
NUMBER = st.integers(0, 2**63 - 1)
SPAN = st.timedeltas()
ZONES = st.builds(
    timezone,
    st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
        lambda offset: timedelta(minutes=offset // timedelta(minutes=1))
    ),
)
INSTANT = st.datetimes(
    timezones=st.one_of(st.just(UTC), ZONES),
)
TARGETS = st.builds(Target, TEXT, TEXT, TEXT)
PROOFS = st.builds(Proof, call=TEXT, answer=TEXT, at=INSTANT)
VERSIONS = st.builds(
    Version,
    number=NUMBER,
    provider=TEXT,
    key_id=TEXT.map(KeyId),
    op=TEXT,
    stage=st.sampled_from(Stage),
    target=TARGETS,
    fingerprint=st.none() | TEXT.map(Fingerprint),
    created_at=INSTANT,
    lifetime=st.none() | SPAN,
    expires_at=st.none() | INSTANT,
    verified_at=st.none() | INSTANT,
    disabled_at=st.none() | INSTANT,
    delete_at=st.none() | INSTANT,
    condemned=st.booleans(),
    applied=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    promoted_at=st.none() | INSTANT,
    announced_at=st.none() | INSTANT,
    overlap=st.none() | SPAN,
    retire_at=st.none() | INSTANT,
    proofs=st.lists(PROOFS, max_size=2).map(tuple),
)
KEYS = st.builds(
    KeyRow,
    address=TEXT.map(Address),
    provider=TEXT,
    dialect=TEXT,
    target=TARGETS,
    delete_after=SPAN,
    versions=st.lists(VERSIONS, max_size=3).map(tuple),
    owner=st.none() | TEXT,
    protect=st.booleans(),
    disabled_by_us=st.booleans(),
    rev=NUMBER,
)
INTENTS = st.builds(
    Intent,
    op=TEXT,
    kind=st.sampled_from(IntentKind),
    address=TEXT.map(Address),
    provider=TEXT,
    number=NUMBER,
    name=TEXT,
    target=TARGETS,
    started_at=INSTANT,
    holder=TEXT,
    lifetime=st.none() | SPAN,
    key_id=st.none() | TEXT.map(KeyId),
    fingerprint=st.none() | TEXT.map(Fingerprint),
    overlap=st.none() | SPAN,
    rev=NUMBER,
)
RETIRED = st.builds(
    RetiredOp, op=TEXT, provider=TEXT, address=TEXT.map(Address), retired_at=INSTANT, rev=NUMBER
)
PROVIDERS = st.builds(
    ProviderRow,
    name=TEXT,
    origin=TEXT,
    dialect=TEXT,
    tenant=st.none() | TEXT,
    keys_enabled=st.none() | st.booleans(),
    rev=NUMBER,
)
PROVIDER_KEYS = st.builds(
    ProviderKeyRow,
    address=TEXT.map(Address),
    provider=TEXT,
    upstream=TEXT,
    upstream_id=TEXT,
    source=TARGETS,
    source_etag=TEXT,
    fingerprint=TEXT.map(Fingerprint),
    written_at=INSTANT,
    made=st.booleans(),
    rev=NUMBER,
)
NOTES = st.builds(
    AuditNote,
    at=st.none() | INSTANT,
    actor=st.none() | TEXT,
    action=TEXT,
    request_id=st.none() | TEXT,
)
INCIDENTS = st.builds(
    Incident,
    id=TEXT,
    case=TEXT,
    address=TEXT.map(Address),
    provider=TEXT,
    number=NUMBER,
    key_id=TEXT.map(KeyId),
    at=INSTANT,
    by=TEXT,
    reason=TEXT,
    compromised=st.booleans(),
    replace=st.booleans(),
    revoked_at=st.none() | INSTANT,
    rejected_at=st.none() | INSTANT,
    last_used_at=st.none() | INSTANT,
    audit=st.lists(NOTES, max_size=2).map(tuple),
    replaced_by=st.none() | NUMBER,
    settled_at=st.none() | INSTANT,
    rev=NUMBER,
)


def stored(row: Row, body: bytes | None = None) -> Stored:
    return Stored(kind_of(row), name_of(row), row.rev, encode_row(row) if body is None else body)


def decoding_refusal(row: Row, body: bytes) -> str:
    with pytest.raises(StateDamagedError) as caught:
        decode_row(stored(row, body), (), "state.db")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


def altered(row: Row, **changes: object) -> bytes:
    return json.dumps(json.loads(encode_row(row)) | changes).encode()


@settings(deadline=None)
@given(st.one_of(KEYS, INTENTS, RETIRED, PROVIDERS, PROVIDER_KEYS, INCIDENTS))
def test_every_row_comes_back_as_it_was(row: Row) -> None:
    assert decode_row(stored(row), (), "state.db") == row


@settings(deadline=None)
@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_other_text_is_believed(body: bytes) -> None:
    decoding_refusal(a_key(), body)


@pytest.mark.parametrize(
    "changes",
    [
        {"more": 1},
        {"rev": "1"},
        {"rev": 1.0},
        {"protect": 1},
        {"protect": "yes"},
        {"address": 5},
        {"versions": None},
        {"versions": [{}]},
        {"target": {"store": "a", "path": "b", "field": "c", "more": "d"}},
        {"target": ["a", "b", "c"]},
        {"delete_after": "soon"},
        {"delete_after": 9e999},
        {"rev": -1},
        {"versions": [["a", "b"]]},
        {"address": "another"},
    ],
)
def test_a_row_with_one_wrong_field_is_damage_named_by_its_row(changes: dict[str, object]) -> None:
    words = decoding_refusal(a_key(), altered(a_key(), **changes))
    assert "the key row 'crm-0'" in words
    assert "state.db" in words


def test_a_version_with_an_unknown_stage_is_damage() -> None:
    body = encode_row(a_key()).replace(b'"retiring"', b'"resting"')
    decoding_refusal(a_key(), body)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"{}", b"[]", b"{", b"[" * 100_000, b"1" * 10_000, b"\xff", b"{},{}"]
)
def test_what_is_no_row_is_damage(body: bytes) -> None:
    decoding_refusal(an_intent(), body)


def test_damage_is_not_repeated_in_its_error() -> None:
    words = decoding_refusal(a_key(), altered(a_key(), more="sk-live-12345"))
    assert "sk-live-12345" not in words
    assert "more" not in words


def test_a_row_of_an_unknown_kind_is_damage() -> None:
    with pytest.raises(StateDamagedError, match="unknown kind"):
        decode_row(Stored("holder", "a", 0, encode_holder(HOLDER)), (), "state.db")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (row, field.name)
        for row in (an_intent(), a_retired_op(), a_version(), an_incident())
        for field in fields(row)
        if get_type_hints(type(row))[field.name] in (datetime, datetime | None)
    ],
)
def test_a_time_without_a_zone_is_neither_written_nor_believed(
    row: Intent | RetiredOp | Version | Incident, field: str
) -> None:
    def around(value: Intent | RetiredOp | Version | Incident) -> Row:
        return replace(a_key(), versions=(value,)) if isinstance(value, Version) else value

    unzoned: dict[str, Any] = {field: NOW.replace(tzinfo=None)}
    zoned: dict[str, Any] = {field: NOW.replace(year=2031)}
    with pytest.raises(StateError, match="time zone"):
        encode_row(around(replace(row, **unzoned)))
    marked = around(replace(row, **zoned))
    text = encode_row(marked)
    assert text.count(b"2031-03-01T12:30:15.123456Z") == 1
    body = text.replace(b"2031-03-01T12:30:15.123456Z", b"2031-03-01T12:30:15.123456")
    assert "time zone" in decoding_refusal(marked, body)


@pytest.mark.parametrize(
    "row",
    [
        replace(
            a_key(), versions=(a_version(proofs=(Proof(call="GET /", answer="200", at=NOW),)),)
        ),
        replace(an_incident(), audit=(AuditNote(at=NOW, actor=None, action="use"),)),
    ],
)
def test_a_time_without_a_zone_in_what_a_row_lists_is_damage(row: Row) -> None:
    last = encode_row(row).rindex(b"15.123456Z") + len(b"15.123456")
    body = encode_row(row)[:last] + encode_row(row)[last + 1 :]
    assert "time zone" in decoding_refusal(row, body)


def test_incidents_are_sorted_by_time_and_then_by_id() -> None:
    late, early = replace(an_incident(0), at=NOW + timedelta(days=1)), an_incident(3)
    rows = (late, an_incident(4), early)
    read = assemble(META, map(stored, rows), (), "state.db")
    assert read.incidents == (early, an_incident(4), late)
    assert assemble_incidents(map(stored, rows), (), "state.db") == read.incidents


def test_rows_are_sorted_by_name_whatever_their_order() -> None:
    rows = [a_key(number) for number in range(12)]
    one = assemble(META, map(stored, rows), (), "state.db")
    other = assemble(META, map(stored, reversed(rows)), (), "state.db")
    assert one == other
    assert [row.address for row in one.keys] == sorted(row.address for row in rows)


def test_a_holder_comes_back_and_nonsense_is_nobody() -> None:
    assert decode_holder(encode_holder(HOLDER)) == HOLDER
    for body in (b"", b"{}", b"null", b"\xff", encode_holder(HOLDER)[:-1]):
        assert decode_holder(body) is None


def test_there_is_a_migration_for_every_format_before_ours() -> None:
    assert len(MIGRATIONS) == FORMAT - 1
    assert steps_from(FORMAT, "state.db") == ()


def test_formats_that_cannot_be_led_to_ours_are_refused() -> None:
    with pytest.raises(StateTooNewError):
        steps_from(FORMAT + 1, "state.db")
    for written in (0, -1):
        with pytest.raises(StateDamagedError):
            steps_from(written, "state.db")


def test_an_older_row_is_led_through_every_step_in_order() -> None:
    def rename_owner(kind: str, row: Fields) -> Fields:
        assert kind == Kind.KEY
        return {("owned_by" if name == "team" else name): value for name, value in row.items()}

    def drop_colour(_: str, row: Fields) -> Fields:
        return {"owner" if name == "owned_by" else name: row[name] for name in row if name != "hue"}

    row = a_key(0, 0, "mara")
    old = json.loads(encode_row(row))
    old["team"] = old.pop("owner")
    old["hue"] = "blue"
    older = stored(row, json.dumps(old).encode())
    assert decode_row(older, (rename_owner, drop_colour), "state.db") == row


@pytest.mark.parametrize("body", [b"", b"[]", b"[" * 100_000, b"\xff"])
def test_an_older_row_that_is_no_row_is_damage(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        migrate_body(Kind.KEY, body, (lambda _, row: row,))
