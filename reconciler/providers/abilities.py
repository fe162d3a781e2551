"""What a dialect makes possible, as planning must know it: derived, never declared twice."""

from __future__ import annotations

from datetime import timedelta

from reconciler.core.capabilities import Capabilities
from reconciler.core.keys import ENABLED, EXPIRES_AT
from reconciler.providers.dialect import Dialect, InstantField


def capabilities(dialect: Dialect) -> Capabilities:
    """Derive a dialect's abilities from the operations and fields that it has."""
    operations = dialect.operations
    switches = operations.enable is not None and operations.disable is not None
    switched = frozenset({ENABLED}) if switches and ENABLED in dialect.fields else frozenset()
    creatable = {name for name, field in dialect.fields.items() if field.create}
    updatable = {name for name, field in dialect.fields.items() if field.update}
    return Capabilities(
        dialect=dialect.dialect,
        fields=switched | creatable,
        mutable=switched | (updatable if operations.update else frozenset()),
        name_limit=dialect.name_limit,
        can_get=operations.get is not None,
        can_disable=operations.disable is not None,
        can_verify=operations.verify is not None,
        tells_last_use=dialect.identity.last_used_at is not None,
        expiry_step=_expiry_step(dialect),
    )


def _expiry_step(dialect: Dialect) -> timedelta:
    field = dialect.fields.get(EXPIRES_AT)
    return field.step if isinstance(field, InstantField) else timedelta(microseconds=1)
