"""What a dialect makes possible, as planning must know it: derived, never declared twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import assert_never

from reconciler.core.capabilities import (
    Capabilities,
    FieldRule,
    Kind,
    Marker,
    TenantVariable,
)
from reconciler.core.keys import ENABLED, EXPIRES_AT, NAME
from reconciler.providers.dialect.fields import (
    AnyField,
    BoolField,
    EnumField,
    InstantField,
    IntField,
    RateField,
    SetField,
    StringField,
)
from reconciler.providers.dialect.model import Dialect


def capabilities(dialect: Dialect) -> Capabilities:
    """Derive a dialect's abilities from the operations and fields that it has."""
    operations = dialect.operations
    off, on = operations.disable, operations.enable
    switches = off is not None and on is not None and not off.final
    switched = frozenset({ENABLED}) if switches and ENABLED in dialect.fields else frozenset()
    expiry = dialect.fields.get(EXPIRES_AT)
    return Capabilities(
        dialect=dialect.dialect,
        fields=switched | frozenset(n for n, f in dialect.fields.items() if f.create),
        mutable=switched | _mutable(dialect),
        write_only=frozenset(n for n, f in dialect.fields.items() if f.read is None),
        rules=tuple(_rules(dialect)),
        refusals=tuple(sorted(dialect.refuses.items())),
        name_limit=dialect.name_limit,
        marker=_marker(dialect),
        can_get=operations.get is not None or operations.list.complete,
        can_disable=off is not None,
        can_enable=switches,
        can_verify=operations.verify is not None,
        tells_last_use=dialect.identity.last_used_at is not None,
        expiry_step=_step(expiry),
        shortest=_seconds(expiry.shortest) if isinstance(expiry, InstantField) else None,
        longest=_seconds(expiry.longest) if isinstance(expiry, InstantField) else None,
        list_lag=timedelta(seconds=dialect.consistency.list_lag),
        capacity=dialect.capacity.max_keys,
        on_deploy=dialect.effective == "on_deploy",
        has_toggle=dialect.toggle is not None,
        takes_provider_keys=dialect.gateway is not None,
        tenant=_tenant(dialect),
        credentials=tuple(tuple(sorted(set(scheme.credentials))) for scheme in dialect.auth),
        used_elsewhere=operations.verify is not None and operations.verify.at == "key_url",
        gateway_fields=tuple(_gateway_rules(dialect)),
    )


def _mutable(dialect: Dialect) -> frozenset[str]:
    together = dialect.operations.update is not None
    return frozenset(
        name
        for name, field in dialect.fields.items()
        if field.update_by is not None or (together and field.update)
    )


def _marker(dialect: Dialect) -> Marker:
    if dialect.marker is None:
        return Marker.NONE
    return Marker.NAME if dialect.marker.kind == "name" else Marker.FIELD


def _rules(dialect: Dialect) -> Iterator[FieldRule]:
    for name, field in sorted(dialect.fields.items()):
        if name != NAME:
            yield _rule(name, field)


def _gateway_rules(dialect: Dialect) -> Iterator[FieldRule]:
    """Give the rules of what says how an upstream is made; where none can be made, nothing does."""
    gateway = dialect.gateway
    if gateway is None or gateway.create is None:
        return
    for name, field in sorted(gateway.fields.items()):
        if field.create is not None:
            yield _rule(name, field)


def _rule(name: str, field: AnyField) -> FieldRule:
    allowed = field.allowed if isinstance(field, StringField | SetField) else ()
    return FieldRule(
        field=name,
        kind=_kind(field),
        required=field.required,
        allowed=tuple(field.values) if isinstance(field, EnumField) else allowed,
        never_empty=field.never_empty if isinstance(field, SetField) else None,
        has_none=_has_none(field),
    )


def _has_none(field: AnyField) -> bool:
    """Whether `never` or `unlimited` can be said; no other field takes such a word."""
    match field:
        case InstantField():
            return field.clear is not None
        case RateField():
            told = field.unlimited is not None or field.unlimited_is_null
            return told or field.clear is not None
        case _:
            return True


def _kind(field: AnyField) -> Kind | None:
    match field:
        case StringField(as_number=True):
            return Kind.AMOUNT
        case StringField() | EnumField():
            return Kind.TEXT
        case BoolField():
            return Kind.FLAG
        case IntField():
            return Kind.NUMBER
        case SetField():
            return Kind.SET
        case RateField() | InstantField():
            return None
        case _:
            assert_never(field)


def _step(field: AnyField | None) -> timedelta:
    return field.step if isinstance(field, InstantField) else timedelta(microseconds=1)


def _seconds(count: int | None) -> timedelta | None:
    return None if count is None else timedelta(seconds=count)


def _tenant(dialect: Dialect) -> tuple[TenantVariable, ...]:
    return tuple(
        TenantVariable(name=name, say=each.say, required=not each.optional and each.default is None)
        for name, each in sorted(dialect.tenant.variables.items())
    )
