"""The description of one kind of key API, as data: the model that a dialect file is checked by.

It only describes: nothing in here speaks HTTP. The concepts are those of `docs/dialects.md`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from reconciler.providers.dialect.auth import AnyAuth
from reconciler.providers.dialect.calls import ErrorRule, Operations
from reconciler.providers.dialect.effects import Deploy, Effective, Gateway, Reach, Tenant, Toggle
from reconciler.providers.dialect.fields import AnyField, Identity, Marker
from reconciler.providers.dialect.parts import Envelope, HeaderName, Part, Sentence

FieldName = Annotated[
    str,
    StringConstraints(
        pattern=r"^(name|scopes|enabled|rate_limit|expires_at|options\.[A-Za-z0-9_][\w.-]*)$"
    ),
]


class Reset(Part):
    """A header that says when to go on where Retry-After does not."""

    header: HeaderName
    unit: Literal["seconds", "epoch_s", "epoch_ms"]


class Throttling(Part):
    """How the API slows us down.

    `untouched`: a 429 comes before any effect, so that even a create may be repeated. Requests per
    minute and at the same time are upper bounds of ours.
    """

    untouched: bool = False
    reset: Reset | None = None
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    concurrency: Annotated[int, Field(ge=1, le=256)] | None = None


class Capacity(Part):
    """How many keys a tenant may have, and whether names may repeat."""

    max_keys: Annotated[int, Field(ge=1)] | None = None
    counts_disabled: bool = True
    unique_names: bool = False


class Consistency(Part):
    """How far the API's answers lag behind its writes, in seconds."""

    list_lag: Annotated[int, Field(ge=0, le=3600)] = 0


class Source(Part):
    """Where a dialect was written from, and whether it was run against the real thing."""

    reference: Sentence
    run_live: bool = False


class Dialect(Part):
    """One kind of key API."""

    dialect: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    title: Sentence
    source: Source | None = None
    auth: Annotated[tuple[AnyAuth, ...], Field(min_length=1)]
    headers: dict[HeaderName, str] = {}
    tenant: Tenant = Tenant()
    envelope: Envelope = Envelope()
    errors: tuple[ErrorRule, ...] = ()
    operations: Operations
    throttling: Throttling = Throttling()
    consistency: Consistency = Consistency()
    capacity: Capacity = Capacity()
    identity: Identity
    name_limit: Annotated[int, Field(ge=1)] | None = None
    marker: Marker | None = None
    fields: dict[FieldName, AnyField]
    refuses: dict[FieldName, Sentence] = {}
    effective: Effective = "immediately"
    toggle: Toggle | None = None
    deploy: Deploy | None = None
    gateway: Gateway | None = None
    reach: Reach | None = None
