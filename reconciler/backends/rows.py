"""Which text stands for which row: encoding what we recorded, and decoding it as hostile text.

A body that is not exactly what we write is damage, named by its row and never echoed. Knows nothing
of files, locks or SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, assert_never, cast

from reconciler.backends.migrations import Migration, migrate_body
from reconciler.core.recorded import (
    Incident,
    Intent,
    KeyRow,
    ProviderKeyRow,
    ProviderRow,
    Recorded,
    RetiredOp,
    StackMeta,
    Version,
)
from reconciler.errors import StateDamagedError, StateError
from reconciler.interfaces.backend import Holder, Row

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_SHOWN_NAME = 80
_HOLDER = "holder"


class Kind(StrEnum):
    """Which type a row has."""

    KEY = "key"
    INTENT = "intent"
    RETIRED = "retired"
    PROVIDER = "provider"
    PROVIDER_KEY = "provider_key"
    INCIDENT = "incident"


_KINDS = frozenset(Kind)


class Stored(NamedTuple):
    """One row as it lies in a backend."""

    kind: str
    name: str
    rev: int
    body: bytes


def kind_of(row: Row) -> Kind:
    """Say which kind of row this is."""
    match row:
        case KeyRow():
            return Kind.KEY
        case Intent():
            return Kind.INTENT
        case RetiredOp():
            return Kind.RETIRED
        case ProviderRow():
            return Kind.PROVIDER
        case ProviderKeyRow():
            return Kind.PROVIDER_KEY
        case Incident():
            return Kind.INCIDENT
        case _:
            assert_never(row)


def name_of(row: Row) -> str:
    """Give the name under which a row is found among its kind."""
    match row:
        case KeyRow() | ProviderKeyRow():
            return row.address
        case Intent() | RetiredOp():
            return row.op
        case ProviderRow():
            return row.name
        case Incident():
            return row.id
        case _:
            assert_never(row)


def call_row(kind: str, name: str) -> str:
    """Word one row for an error."""
    return f"the {kind} row {name[:_SHOWN_NAME]!r}"


def encode_row(row: Row) -> bytes:
    """Give the text of a row. StateError when it could not be read back."""
    if not _all_aware(row):
        raise _unwritable(row, "a time without a time zone")
    try:
        return _adapter(kind_of(row)).dump_json([row])[1:-1]
    except ValueError:
        raise _unwritable(row, "text that is not Unicode") from None


def decode_row(stored: Stored, steps: tuple[Migration, ...], where: str) -> Row:
    """Read one row. StateDamagedError names the row, and repeats nothing of its body."""
    if stored.kind not in _KINDS:
        raise _damaged(stored, where, "is of an unknown kind")
    try:
        body = migrate_body(stored.kind, stored.body, steps) if steps else stored.body
        row = _decode(stored.kind, body)
    except ValueError:
        raise _damaged(stored, where, "does not hold what Keywright writes") from None
    if name_of(row) != stored.name or row.rev != stored.rev:
        raise _damaged(stored, where, "says another name or rev than it is kept under")
    if not _all_aware(row):
        raise _damaged(stored, where, "holds a time without a time zone")
    return row


def assemble(
    meta: StackMeta, stored: Iterable[Stored], steps: tuple[Migration, ...], where: str
) -> Recorded:
    """Decode every row into the whole state, each kind sorted by its name, incidents by time."""
    rows = [decode_row(row, steps, where) for row in stored]
    rows.sort(key=name_of)
    return Recorded(
        meta=meta,
        keys=tuple(row for row in rows if isinstance(row, KeyRow)),
        intents=tuple(row for row in rows if isinstance(row, Intent)),
        retired=tuple(row for row in rows if isinstance(row, RetiredOp)),
        providers=tuple(row for row in rows if isinstance(row, ProviderRow)),
        provider_keys=tuple(row for row in rows if isinstance(row, ProviderKeyRow)),
        incidents=_by_time(rows),
    )


def assemble_incidents(
    stored: Iterable[Stored], steps: tuple[Migration, ...], where: str
) -> tuple[Incident, ...]:
    """Decode incidents alone, in the order that the whole state has them in."""
    return _by_time(decode_row(row, steps, where) for row in stored)


def encode_holder(holder: Holder) -> bytes:
    """Give the text of a lock's holder."""
    return _adapter(_HOLDER).dump_json([holder])[1:-1]


def decode_holder(body: bytes) -> Holder | None:
    """Read a holder; None when it is not one, since a lock is not harmed by a bad name."""
    try:
        (holder,) = _adapter(_HOLDER).validate_json(b"[%b]" % body)
    except ValueError:
        return None
    return cast(Holder, holder)


_TYPES: dict[str, type[Row | Holder]] = {
    Kind.KEY: KeyRow,
    Kind.INTENT: Intent,
    Kind.RETIRED: RetiredOp,
    Kind.PROVIDER: ProviderRow,
    Kind.PROVIDER_KEY: ProviderKeyRow,
    Kind.INCIDENT: Incident,
    _HOLDER: Holder,
}


def _by_time(rows: Iterable[Row]) -> tuple[Incident, ...]:
    incidents = (row for row in rows if isinstance(row, Incident))
    return tuple(sorted(incidents, key=lambda incident: (incident.at, incident.id)))


def _decode(kind: str, body: bytes) -> Row:
    # A list of one: pydantic takes our strict configuration for a list of plain dataclasses, not
    # for a dataclass alone. More than one element means that the body closed the list itself.
    (row,) = _adapter(kind).validate_json(b"[%b]" % body)
    return cast(Row, row)


@cache
def _adapter(kind: str) -> TypeAdapter[list[Any]]:
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 - a tenth of a second to import

    config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
    rows: Any = list.__class_getitem__(_TYPES[kind])
    return TypeAdapter(rows, config=config)


def _all_aware(row: Row) -> bool:
    """Say whether every time in a row has a zone: one that has none cannot be compared."""
    return all(instant is None or instant.tzinfo is not None for instant in _instants(row))


def _instants(row: Row) -> Iterator[datetime | None]:
    match row:
        case KeyRow():
            for version in row.versions:
                yield from _instants_of_version(version)
        case Intent():
            yield row.started_at
        case RetiredOp():
            yield row.retired_at
        case ProviderRow():
            pass
        case ProviderKeyRow():
            yield row.written_at
        case Incident():
            yield from _instants_of_incident(row)
        case _:
            assert_never(row)


def _instants_of_version(version: Version) -> Iterator[datetime | None]:
    yield version.created_at
    yield version.expires_at
    yield version.verified_at
    yield version.disabled_at
    yield version.delete_at
    yield version.promoted_at
    yield version.announced_at
    yield version.retire_at
    for proof in version.proofs:
        yield proof.at


def _instants_of_incident(incident: Incident) -> Iterator[datetime | None]:
    yield incident.at
    yield incident.revoked_at
    yield incident.rejected_at
    yield incident.last_used_at
    yield incident.settled_at
    for note in incident.audit:
        yield note.at


def _unwritable(row: Row, because: str) -> StateError:
    return StateError(
        f"{call_row(kind_of(row), name_of(row))} holds {because}",
        effect="It was not recorded",
    )


def _damaged(stored: Stored, where: str, how: str) -> StateDamagedError:
    return StateDamagedError(
        f"{call_row(stored.kind, stored.name)} {how}",
        where=where,
        effect="Nothing was changed",
        remedy="Restore the state from a backup",
    )
