"""Creating a key: the body with our mark in it, and the secret that is shown this once.

Whatever else an answer lacks, a secret that is there is never thrown away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from reconciler.core.keys import ENABLED, NAME, Attributes, KeyId, OpId
from reconciler.core.observed import LiveKey, LiveStatus
from reconciler.core.secret import Secret
from reconciler.errors import ProviderError
from reconciler.interfaces.driver import Created, Done, Outcome, Refused, Unknown
from reconciler.providers.actions import Action
from reconciler.providers.bodies import (
    Body,
    UnwritableKeyError,
    as_body,
    place_value,
    value_at,
    write_fields,
)
from reconciler.providers.dialect.fields import Marker
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.exchange import Exchange, Extras
from reconciler.providers.key_list import KeyLookup
from reconciler.providers.paths import Reader, compile_path
from reconciler.providers.rows import LiveRow, RowReader, UnreadableKeyError
from reconciler.providers.templates import op_values
from reconciler.providers.verdicts import Accepted, as_outcome

Token: TypeAlias = Callable[[int], str]


class SecretReader:
    """Takes the secret out of the answer to a creation: one text, or several parts as one."""

    def __init__(self, paths: str | Mapping[str, str] | None) -> None:
        self._one = compile_path(paths) if isinstance(paths, str) else None
        parts = paths.items() if isinstance(paths, Mapping) else ()
        self._parts: dict[str, Reader] = {name: compile_path(path) for name, path in parts}

    def read(self, data: object) -> Secret | None:
        """Give the secret; None where it, or a part of it, is not there."""
        if self._one is not None:
            value = self._one(data)
            return Secret(value) if isinstance(value, str) and value else None
        parts = {name: reader(data) for name, reader in self._parts.items()}
        if not parts or not all(_is_part(part) for part in parts.values()):
            return None
        return Secret(json.dumps(parts, sort_keys=True, separators=(",", ":")))


def _is_part(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


class Creation:
    """Creates keys of one dialect."""

    def __init__(
        self,
        dialect: Dialect,
        exchange: Exchange,
        rows: RowReader,
        lookup: KeyLookup,
        token: Token | None,
    ) -> None:
        operation = dialect.operations.create
        if operation.secret is None and operation.supplied is None:
            raise ProviderError(f"{dialect.dialect}: nobody makes the secret of a new key")
        if operation.supplied is not None and token is None:
            raise ProviderError(f"{dialect.dialect}: there is nothing to make secrets from")
        self._prepared = exchange.prepare(Action.CREATE, operation, "op", "op_uuid")
        self._dialect = dialect
        self._operation = operation
        self._exchange = exchange
        self._rows = rows
        self._lookup = lookup
        self._token = token
        self._row = compile_path(operation.row)
        self._secret = SecretReader(operation.secret)
        self._named = NAME in dialect.fields
        self._marked = dialect.marker is not None and dialect.marker.kind != "name"

    async def create(self, op: OpId, wanted: Attributes, mark: str) -> Outcome[Created]:
        """Create a key, once; again only where the API tells operations apart."""
        wanted = self._sayable(wanted)
        made = self._make_secret()
        try:
            body = self._write(op, wanted, mark, made)
        except UnwritableKeyError as error:
            return Refused(f"not sent: {self._dialect.dialect} {error.what}")
        verdict = await self._exchange.do(self._prepared, op_values(op), self._extras(op, body))
        if isinstance(verdict, Accepted):
            return await self._take(verdict.data, wanted, mark, made)
        return as_outcome(verdict)

    def _sayable(self, wanted: Attributes) -> Attributes:
        """Leave out what is never part of a creation: the switch, and a name where keys have none.

        A new key works whatever is wanted; there are operations to switch it off.
        """
        unsaid = {ENABLED} if self._named else {ENABLED, NAME}
        return Attributes(tuple(pair for pair in wanted.pairs if pair[0] not in unsaid))

    def _make_secret(self) -> Secret | None:
        supplied = self._operation.supplied
        if supplied is None or self._token is None:
            return None
        return Secret(supplied.prefix + self._token(supplied.size))

    def _write(self, op: OpId, wanted: Attributes, mark: str, made: Secret | None) -> Body:
        body = as_body(self._exchange.body(self._prepared, op_values(op)))
        fields, now = self._dialect.fields, self._exchange.now
        body = write_fields(body, fields, wanted.pairs, "create", now)
        if self._dialect.marker is not None:
            body = place_mark(body, self._dialect.marker, mark)
        if made is not None and self._operation.supplied is not None:
            body = place_value(body, self._operation.supplied.path, made)
        return body

    def _extras(self, op: OpId, body: Body) -> Extras:
        header = self._operation.idempotency_key
        headers = {header: op_values(op)["op_uuid"]} if header else {}
        return Extras(body=body, headers=headers, idempotent=header is not None)

    async def _take(
        self, data: object, wanted: Attributes, mark: str, made: Secret | None
    ) -> Outcome[Created]:
        row, secret = self._row(data), self._secret.read(data)
        secret = made if secret is None else secret
        key_id = self._identify(row)
        if key_id is None or secret is None:
            return Unknown(f"{self._prepared} was answered without a usable key and secret")
        key = self._read(row)
        if key is None or self._hides(key, wanted):
            key = await self._look_up(key_id) or key or self._guess(key_id)
        return Done(Created(self._complete(key, wanted, mark), secret))

    def _identify(self, row: object) -> KeyId | None:
        try:
            return self._rows.identify(row)
        except UnreadableKeyError:
            return None

    def _read(self, row: object) -> LiveKey | None:
        try:
            return self._rows.read(row, self._exchange.now)
        except UnreadableKeyError:
            return None

    def _hides(self, key: LiveKey, wanted: Attributes) -> bool:
        """Whether something that was asked for could be told, and is not."""
        fields = self._dialect.fields
        return any(fields[name].read and name not in key.attributes for name, _ in wanted.pairs)

    async def _look_up(self, key_id: KeyId) -> LiveKey | None:
        if not self._lookup.possible:
            return None
        found = await self._lookup.ask(key_id)
        row = found.value if isinstance(found, Done) else None
        return row.key if isinstance(row, LiveRow) else None

    def _guess(self, key_id: KeyId) -> LiveKey:
        return LiveKey(id=key_id, name="", status=LiveStatus.ACTIVE, attributes=Attributes())

    def _complete(self, key: LiveKey, wanted: Attributes, mark: str) -> LiveKey:
        """Let what was asked for stand in for what is not told."""
        attributes = wanted.merge(key.attributes.mapping())
        name = key.name or str(attributes.get(NAME) or "")
        marked = (key.marked or mark) if self._marked else key.marked
        return replace(key, name=name, attributes=attributes, marked=marked)


def place_mark(body: Body, marker: Marker, mark: str) -> Body:
    """Put our mark into a field of its own; a mark in the name is there already."""
    if marker.kind == "name" or marker.create is None:
        return body
    if marker.kind == "text":
        return place_value(body, marker.create, mark)
    tags = value_at(body, marker.create)
    return place_value(body, marker.create, [*(tags if isinstance(tags, list) else []), mark])
