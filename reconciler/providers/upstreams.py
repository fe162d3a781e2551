"""The upstreams of a gateway: which there are, and the secrets that go into them, never out."""

from __future__ import annotations

from collections.abc import Hashable

from reconciler.core.keys import Attributes
from reconciler.core.observed import Upstream
from reconciler.core.secret import Secret
from reconciler.errors import ProviderError
from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown
from reconciler.providers.actions import Action
from reconciler.providers.bodies import (
    Body,
    UnwritableKeyError,
    as_body,
    place_value,
    write_fields,
)
from reconciler.providers.dialect.effects import Gateway
from reconciler.providers.exchange import NOTHING, Exchange, Extras, Prepared
from reconciler.providers.listing import Listing, tell_nobody
from reconciler.providers.paths import compile_path
from reconciler.providers.rows import FieldReader, is_word, read_word
from reconciler.providers.templates import Values
from reconciler.providers.together import Broken
from reconciler.providers.verdicts import Accepted, as_outcome


class Upstreams:
    """The upstreams of one gateway."""

    def __init__(self, gateway: Gateway, exchange: Exchange) -> None:
        self._gateway = gateway
        self._exchange = exchange
        self._id = compile_path(gateway.id)
        self._name = compile_path(gateway.name)
        self._row = compile_path(gateway.row)
        self._fields = FieldReader(gateway.fields, "an upstream")
        self._listing = Listing[Upstream](
            exchange, Action.UPSTREAMS, gateway.list, self._take, what="upstreams"
        )
        self._update = exchange.prepare(Action.PUT_UPSTREAM, gateway.update, "id")
        self._create = (
            exchange.prepare(Action.PUT_UPSTREAM, gateway.create) if gateway.create else None
        )

    async def read_all(self) -> tuple[Upstream, ...] | Broken:
        """List every upstream."""
        listed = await self._listing.read(tell_nobody)
        if isinstance(listed, Broken):
            return listed
        return tuple(sorted(listed.rows, key=lambda upstream: (upstream.name, upstream.id)))

    async def put(
        self, upstream_id: str | None, name: str, fields: Attributes, secret: Secret
    ) -> Outcome[Upstream]:
        """Set the secret of an upstream, or make one where there is none yet."""
        if upstream_id is not None and not is_word(upstream_id):
            return Refused("not sent: this cannot be the id of an upstream")
        prepared = self._create if upstream_id is None else self._update
        if prepared is None:
            return Refused("not sent: no upstream can be made here")
        values = NOTHING if upstream_id is None else {"id": upstream_id}
        try:
            body = self._write(prepared, values, name, fields)
            body = place_value(body, self._gateway.secret, secret)
        except UnwritableKeyError as error:
            return Refused(f"not sent: an upstream {error.what}")
        verdict = await self._exchange.do(prepared, values, Extras(body=body))
        if isinstance(verdict, Accepted):
            return self._conclude(prepared, verdict.data, upstream_id, (name, fields))
        return as_outcome(verdict)

    def _write(self, prepared: Prepared, values: Values, name: str, fields: Attributes) -> Body:
        body = as_body(self._exchange.body(prepared, values))
        known, now = self._gateway.fields, self._exchange.now
        if prepared is self._update:
            fixed = {field for field, each in known.items() if each.update is None}
            changes = [pair for pair in fields.pairs if pair[0] not in fixed]
            return write_fields(body, known, changes, "update", now)
        body = place_value(body, self._gateway.create_name, name)
        return write_fields(body, known, fields.pairs, "create", now)

    def _conclude(
        self,
        prepared: Prepared,
        data: object,
        known_id: str | None,
        asked: tuple[str, Attributes],
    ) -> Outcome[Upstream]:
        """Say what there is now; what was asked for stands in for what is not told."""
        row = self._row(data)
        told = read_word(self._id(row))
        upstream_id = told or known_id
        if upstream_id is None or known_id not in (None, upstream_id):
            return Unknown(f"{prepared} was answered without the id of this upstream")
        try:
            return Done(self._read(row))
        except ProviderError:
            name, fields = asked
            return Done(Upstream(id=upstream_id, name=name, attributes=fields))

    def _take(self, row: object) -> tuple[Hashable, Upstream]:
        upstream = self._read(row)
        return upstream.id, upstream

    def _read(self, row: object) -> Upstream:
        upstream_id, name = read_word(self._id(row)), read_word(self._name(row))
        if upstream_id is None or name is None:
            raise ProviderError("answered with an upstream that has no usable id and name")
        attributes = Attributes(tuple(self._fields.read(row).items()))
        return Upstream(id=upstream_id, name=name, attributes=attributes)
