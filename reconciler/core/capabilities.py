"""What a key API can do, as far as planning must know. Derived from its dialect, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import assert_never

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import (
    ENABLED,
    EXPIRES_AT,
    OPTION_PREFIX,
    RATE_LIMIT,
    SCOPES,
    After,
    At,
    Never,
    Value,
)


class Marker(StrEnum):
    """Where an API carries our ownership mark: in the name, in another field, or nowhere."""

    NAME = "name"
    FIELD = "field"
    NONE = "none"


class Kind(StrEnum):
    """What kind of value a field takes in the manifest."""

    TEXT = "text"
    NUMBER = "a whole number"
    FLAG = "true or false"
    SET = "a list of texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """What a dialect demands of one declared field.

    `required` is the reason why it must be declared, None where it need not be. `allowed`: the only
    words that it takes; empty for any. `never_empty` is the reason why an empty set is refused.
    """

    field: str
    kind: Kind | None = None
    required: str | None = None
    allowed: tuple[str, ...] = ()
    never_empty: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantVariable:
    """One thing that a dialect must be told of the tenant, such as a workspace's id."""

    name: str
    say: str
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """One dialect's abilities.

    `fields` can be declared at all; `mutable` can be changed in place; `write_only` can be set, and
    are told by no answer. `expiry_step` is the granularity to which the API rounds an expiry;
    `shortest` and `longest` bound a lifetime. `can_disable` without `can_enable`: switching off
    cannot be undone. `list_lag` is how long a new key may be missing from the list. `capacity` is
    how many keys a tenant may have. `on_deploy`: changes count only after a deploy. `refusals` has
    the dialect's own sentence for fields that it cannot honour. `credentials` lists the alternative
    sets of names that `auth` may have.
    """

    dialect: str
    fields: frozenset[str]
    mutable: frozenset[str]
    write_only: frozenset[str] = frozenset()
    rules: tuple[FieldRule, ...] = ()
    refusals: tuple[tuple[str, str], ...] = ()
    name_limit: int | None = None
    marker: Marker = Marker.NAME
    can_get: bool = True
    can_disable: bool = True
    can_enable: bool = True
    can_verify: bool = True
    tells_last_use: bool = True
    expiry_step: timedelta = timedelta(microseconds=1)
    shortest: timedelta | None = None
    longest: timedelta | None = None
    list_lag: timedelta = timedelta(0)
    capacity: int | None = None
    on_deploy: bool = False
    has_toggle: bool = False
    takes_provider_keys: bool = False
    tenant: tuple[TenantVariable, ...] = ()
    credentials: tuple[tuple[str, ...], ...] = ()


_MANIFEST_NAMES = {
    EXPIRES_AT: "expires",
    ENABLED: "enabled",
    RATE_LIMIT: "rate_limit",
    SCOPES: "scopes",
}


def manifest_name(field: str) -> str:
    """Give the name that a field has in keys.yaml."""
    return _MANIFEST_NAMES.get(field, field)


def complaints(key: DesiredKey, able: Capabilities) -> tuple[tuple[str, str], ...]:
    """List what the dialect cannot honour of a declared key: the field, and a sentence."""
    found = (*_unsupported(key, able), *_against_rules(key, able), *_lifetime(key, able))
    return tuple((manifest_name(field), sentence) for field, sentence in found)


def _declared(key: DesiredKey) -> list[str]:
    lifetime = [EXPIRES_AT] if key.lifetime is not None else []
    return [*(field for field, _ in key.attributes.pairs), *lifetime]


def _unsupported(key: DesiredKey, able: Capabilities) -> Iterator[tuple[str, str]]:
    for field in _declared(key):
        if field not in able.fields:
            yield field, _explain(field, able)


def _explain(field: str, able: Capabilities) -> str:
    name = manifest_name(field)
    if own := dict(able.refusals).get(field):
        return f"{able.dialect} keys have no {name}: {own}"
    if field.startswith(OPTION_PREFIX):
        known = sorted(
            f.removeprefix(OPTION_PREFIX) for f in able.fields if f.startswith(OPTION_PREFIX)
        )
        return f"{able.dialect} knows no such option (it has: {', '.join(known) or 'none'})"
    return f"{able.dialect} keys have no {name}; remove it"


def _against_rules(key: DesiredKey, able: Capabilities) -> Iterator[tuple[str, str]]:
    declared = {**key.attributes.mapping(), **({EXPIRES_AT: ""} if key.lifetime else {})}
    for rule in able.rules:
        if rule.field not in declared:
            if rule.required is not None:
                yield rule.field, f"must be declared: {rule.required}"
        elif rule.field != EXPIRES_AT:
            yield from ((rule.field, said) for said in _of_value(declared[rule.field], rule))


def _of_value(value: Value, rule: FieldRule) -> Iterator[str]:
    if rule.kind is not None and not _fits(value, rule.kind):
        yield f"must be {rule.kind}"
        return
    if value == () and rule.never_empty is not None:
        yield f"must not be empty: {rule.never_empty}"
    words = value if isinstance(value, tuple) else (str(value),)
    unknown = sorted(set(words) - set(rule.allowed)) if rule.allowed else []
    if unknown:
        yield f"cannot be {', '.join(unknown)}; it takes {', '.join(rule.allowed)}"


def _fits(value: Value, kind: Kind) -> bool:
    match kind:
        case Kind.TEXT:
            return isinstance(value, str)
        case Kind.NUMBER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.FLAG:
            return isinstance(value, bool)
        case Kind.SET:
            return isinstance(value, tuple)
        case _:
            assert_never(kind)


def _lifetime(key: DesiredKey, able: Capabilities) -> Iterator[tuple[str, str]]:
    match key.lifetime:
        case After(span):
            if able.longest is not None and span > able.longest:
                yield EXPIRES_AT, f"cannot be later than {_days(able.longest)} after creation"
            if able.shortest is not None and span < able.shortest:
                yield EXPIRES_AT, f"cannot be sooner than {_days(able.shortest)} after creation"
        case Never():
            reason = next((r.required for r in able.rules if r.field == EXPIRES_AT), None)
            if reason is not None:
                yield EXPIRES_AT, f"cannot be `never`: {reason}"
        case At() | None:
            pass
        case _:
            assert_never(key.lifetime)


def _days(span: timedelta) -> str:
    return f"{span.days}d" if span.seconds == 0 else f"{span / timedelta(hours=1):g}h"
