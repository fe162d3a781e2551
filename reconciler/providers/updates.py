"""Changing a key in place: the fields that change, or all of them, or one by one.

Every body is written before the first one is sent, so that what cannot be said changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.core.keys import ENABLED, Attributes, KeyId, Value
from reconciler.core.observed import LiveKey
from reconciler.errors import ProviderError
from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown
from reconciler.providers.actions import Action
from reconciler.providers.bodies import (
    Body,
    UnwritableKeyError,
    as_body,
    encode_value,
    place_value,
    value_at,
    write_fields,
)
from reconciler.providers.dialect.fields import AnyField, Marker
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.exchange import Exchange, Extras, Prepared
from reconciler.providers.finding import KeyFinder
from reconciler.providers.paths import MISSING, Reader, compile_path
from reconciler.providers.rows import LiveRow, RowReader, UnreadableKeyError
from reconciler.providers.verdicts import Accepted, as_outcome

_WHOLE: Final = compile_path("@")
_NOTHING: Final[tuple[object, ...]] = (None, [], "")


@dataclass(frozen=True, slots=True)
class _Change:
    """One call, and where its answer shows the key."""

    prepared: Prepared
    body: object
    row: Reader


class Updates:
    """Changes keys of one dialect."""

    def __init__(
        self, dialect: Dialect, exchange: Exchange, rows: RowReader, finder: KeyFinder
    ) -> None:
        update = dialect.operations.update
        self._dialect = dialect
        self._exchange = exchange
        self._rows = rows
        self._finder = finder
        self._style = update.style if update else "merge"
        self._row = compile_path(update.row) if update else _WHOLE
        self._together = exchange.prepare(Action.UPDATE, update, "id") if update else None
        self._alone = {
            name: _prepare_alone(exchange, name, field)
            for name, field in sorted(dialect.fields.items())
            if field.update_by is not None
        }

    async def update(self, key_id: KeyId, changes: Attributes) -> Outcome[LiveKey | None]:
        """Change fields, `enabled` aside; Done(None) where no answer shows the key."""
        wanted = {name: value for name, value in changes.pairs if name != ENABLED}
        alone = {name: value for name, value in wanted.items() if name in self._alone}
        together = {name: value for name, value in wanted.items() if name not in alone}
        current: LiveRow | None = None
        if together and self._style == "replace":
            found = await self._finder.find(key_id)
            if not isinstance(found, Done):
                return Refused(f"not sent: the key could not be read before: {found.reason}")
            if found.value is None:
                return Refused("not sent: there is no such key")
            current = found.value
        try:
            planned = [*self._joint(key_id, together, current), *self._single(key_id, alone)]
        except UnwritableKeyError as error:
            return Refused(f"not sent: {self._dialect.dialect} {error.what}")
        return await self._send(key_id, planned)

    def _joint(
        self, key_id: KeyId, changes: Mapping[str, Value], current: LiveRow | None
    ) -> Iterator[_Change]:
        """Give the one call for all fields that have none of their own."""
        if not changes:
            return
        if self._together is None:
            raise UnwritableKeyError(f"cannot update {' or '.join(sorted(changes))}")
        own = self._exchange.body(self._together, {"id": key_id})
        body: object
        if current is not None:
            body = self._replacement(as_body(own), changes, current)
        elif self._style == "json_patch":
            body = [*(own if isinstance(own, list) else []), *self._patch(changes)]
        else:
            now = self._exchange.now
            body = write_fields(as_body(own), self._dialect.fields, changes.items(), "update", now)
        yield _Change(self._together, body, self._row)

    def _single(self, key_id: KeyId, changes: Mapping[str, Value]) -> Iterator[_Change]:
        for name, value in changes.items():
            prepared, path = self._alone[name]
            own = as_body(self._exchange.body(prepared, {"id": key_id}))
            encoded = encode_value(name, self._dialect.fields[name], value, self._exchange.now)
            yield _Change(prepared, place_value(own, path, encoded), _WHOLE)

    def _patch(self, changes: Mapping[str, Value]) -> Iterator[Body]:
        """Give RFC 6902 replacements, at the fields' own paths."""
        for name, value in changes.items():
            field = self._dialect.fields.get(name)
            if field is None or field.update is None:
                raise UnwritableKeyError(f"cannot update {name}")
            encoded = encode_value(name, field, value, self._exchange.now)
            yield {"op": "replace", "path": f"/{field.update.replace('.', '/')}", "value": encoded}

    def _replacement(self, body: Body, changes: Mapping[str, Value], current: LiveRow) -> Body:
        """Write everything that can be written, as it is or as it shall be."""
        mine = sorted(self._dialect.fields.items())
        fields = {name: f for name, f in mine if f.update and name not in self._alone}
        if unknown := sorted(changes.keys() - fields.keys()):
            raise UnwritableKeyError(f"cannot update {unknown[0]}")
        told = {**current.key.attributes.mapping(), **changes}
        for name, field in fields.items():
            if name in told:
                body = self._keep(body, name, field, told[name])
            elif field.read is None or field.omission_widens:
                raise UnwritableKeyError(f"replaces whole keys, and does not tell its {name}")
        marker = self._dialect.marker
        return body if marker is None else keep_mark(body, marker, current.mark)

    def _keep(self, body: Body, name: str, field: AnyField, value: Value) -> Body:
        """Write one field; none is said by leaving it out, where that grants nothing."""
        try:
            encoded = encode_value(name, field, value, self._exchange.now)
        except UnwritableKeyError:
            harmless = not field.omission_widens and field.omitted in _NOTHING
            if value in (None, ()) and harmless:
                return body
            raise
        return place_value(body, field.update or name, encoded)

    async def _send(self, key_id: KeyId, planned: list[_Change]) -> Outcome[LiveKey | None]:
        shown: LiveKey | None = None
        for number, change in enumerate(planned):
            extras = Extras(body=change.body)
            match await self._exchange.do(change.prepared, {"id": key_id}, extras):
                case Accepted(data=data):
                    shown = self._read(key_id, change.row(data))
                case other if number:
                    return Unknown(f"changed in part: {other.reason}")
                case other:
                    return as_outcome(other)
        return Done(shown)

    def _read(self, key_id: KeyId, row: object) -> LiveKey | None:
        try:
            key = self._rows.read(row, self._exchange.now)
        except UnreadableKeyError:
            return None
        return key if key.id == key_id else None


def keep_mark(body: Body, marker: Marker, mark: object) -> Body:
    """Put the mark that a key has into a body that replaces the whole key."""
    if marker.kind == "name" or marker.create is None or mark in (None, MISSING):
        return body
    there = value_at(body, marker.create)
    if isinstance(mark, list) and isinstance(there, list):
        mark = [*there, *(tag for tag in mark if tag not in there)]
    return place_value(body, marker.create, mark)


def _prepare_alone(exchange: Exchange, name: str, field: AnyField) -> tuple[Prepared, str]:
    path = field.update or field.create
    if field.update_by is None or path is None:
        raise ProviderError(f"{name} has an operation of its own, and no place in its body")
    return exchange.prepare(Action.UPDATE, field.update_by, "id"), path
