"""What a key API can do, as far as planning must know. Derived from its dialect, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import (
    ENABLED,
    EXPIRES_AT,
    NAME,
    OPTION_PREFIX,
    RATE_LIMIT,
    SCOPES,
    After,
    At,
    Attributes,
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
    AMOUNT = "a number, with quotes around one that has a fraction, such as '12.5'"
    FLAG = "true or false"
    SET = "a list of texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """What a dialect demands of one declared field.

    `required` is the reason why it must be declared, None where it need not be. `allowed`: the only
    words that it takes; empty for any. `never_empty` is the reason why an empty set is refused.
    `has_none`: the API has a word for no value at all, such as no expiry or no limit.
    """

    field: str
    kind: Kind | None = None
    required: str | None = None
    allowed: tuple[str, ...] = ()
    never_empty: str | None = None
    has_none: bool = True


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
    sets of names that `auth` may have. `used_elsewhere`: keys may be used at another address than
    they are managed at. `gateway_fields` say how an upstream is made; none where it cannot be.
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
    used_elsewhere: bool = False
    gateway_fields: tuple[FieldRule, ...] = ()

    def rule_of(self, field: str) -> FieldRule | None:
        """Give the rule of one field of a key."""
        return next((rule for rule in self.rules if rule.field == field), None)

    @property
    def has_names(self) -> bool:
        """Whether keys have names at all."""
        return self.marker is not Marker.NONE and NAME in self.fields


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one declared field, by its name in keys.yaml.

    `predicate` ends a sentence that begins with the field's name; `missing` is a field that should
    have been declared.
    """

    field: str
    predicate: str
    missing: bool = False


_BETWEEN = re.compile(r"[/\\]")
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)
_MANIFEST_NAMES = {
    EXPIRES_AT: "expires",
    ENABLED: "enabled",
    RATE_LIMIT: "rate_limit",
    SCOPES: "scopes",
}
_NOUNS = {EXPIRES_AT: "expiry", ENABLED: "switch of their own", RATE_LIMIT: "rate limit"}


def manifest_name(field: str) -> str:
    """Give the name that a field has in keys.yaml."""
    return _MANIFEST_NAMES.get(field, field)


def climbs(text: str) -> bool:
    """Whether some server on the way could read a text, encoded in a path, as a way elsewhere."""
    return any(part in (".", "..") for part in _BETWEEN.split(text))


def plain_amount(text: str) -> str | None:
    """Give the one plain text of a number, as JSON's numbers keep it; None where it is none."""
    if not _AMOUNT.fullmatch(text):
        return None
    return format(Decimal(repr(float(text))).normalize(), "f")


def complaints(key: DesiredKey, able: Capabilities) -> tuple[Complaint, ...]:
    """List what the dialect cannot honour of a declared key. Its name is `name_complaint`'s."""
    return (*_unsupported(key, able), *_against_rules(key, able), *_lifetime(key, able))


def name_complaint(name: str, able: Capabilities) -> str | None:
    """Say why a declared name cannot be honoured; None where it can."""
    if not able.has_names:
        own = dict(able.refusals).get(NAME)
        return f"cannot be honoured: {able.dialect} keys have no name{f': {own}' if own else ''}"
    limit = able.name_limit
    if limit is not None and able.marker is Marker.FIELD and len(name) > limit:
        return f"must have at most {limit} characters: {able.dialect} takes no more"
    return None


def upstream_complaints(fields: Attributes, able: Capabilities) -> tuple[Complaint, ...]:
    """List what the gateway cannot honour of how an upstream is to be made."""
    rules = {rule.field: rule for rule in able.gateway_fields}
    known = ", ".join(sorted(rules)) or "none"
    found: list[Complaint] = []
    for field, value in fields.pairs:
        rule = rules.get(field)
        if rule is None:
            said = f"cannot be honoured: {able.dialect} knows no such option (it has: {known})"
            found.append(Complaint(field, said))
        else:
            found += _of_value(value, rule)
    return tuple(found)


def _declared(key: DesiredKey) -> list[str]:
    lifetime = [EXPIRES_AT] if key.lifetime is not None else []
    return [*(field for field, _ in key.attributes.pairs), *lifetime]


def _unsupported(key: DesiredKey, able: Capabilities) -> Iterator[Complaint]:
    for field in _declared(key):
        if field not in able.fields:
            name = manifest_name(field)
            yield Complaint(name, f"cannot be honoured: {_explain(field, name, able)}")


def _explain(field: str, name: str, able: Capabilities) -> str:
    if own := dict(able.refusals).get(field):
        return f"{able.dialect} keys have no {_NOUNS.get(field, name)}: {own}"
    if field.startswith(OPTION_PREFIX):
        known = sorted(
            f.removeprefix(OPTION_PREFIX) for f in able.fields if f.startswith(OPTION_PREFIX)
        )
        return f"{able.dialect} knows no such option (it has: {', '.join(known) or 'none'})"
    return f"{able.dialect} keys have no {_NOUNS.get(field, name)}; remove `{name}`"


def _against_rules(key: DesiredKey, able: Capabilities) -> Iterator[Complaint]:
    declared = key.attributes.mapping()
    for rule in able.rules:
        if rule.field in declared:
            yield from _of_value(declared[rule.field], rule)
            if declared[rule.field] is None and not rule.has_none:
                said = f"cannot be `unlimited`: {able.dialect} has no word for that"
                yield Complaint(manifest_name(rule.field), said)
        elif rule.required is not None and (rule.field != EXPIRES_AT or key.lifetime is None):
            said = f"must be declared: {rule.required}"
            yield Complaint(manifest_name(rule.field), said, missing=True)


def _of_value(value: Value, rule: FieldRule) -> Iterator[Complaint]:
    name = manifest_name(rule.field)
    if rule.kind is not None and not _fits(value, rule.kind):
        yield Complaint(name, f"must be {rule.kind}")
        return
    if value == () and rule.never_empty is not None:
        yield Complaint(name, f"must not be empty: {rule.never_empty}")
    words = value if isinstance(value, tuple) else (str(value),)
    unknown = sorted(set(words) - set(rule.allowed)) if rule.allowed else []
    if unknown:
        said = f"cannot be {', '.join(map(repr, unknown))}; it takes {', '.join(rule.allowed)}"
        yield Complaint(name, said)


def _fits(value: Value, kind: Kind) -> bool:
    match kind:
        case Kind.TEXT:
            return isinstance(value, str)
        case Kind.NUMBER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.FLAG:
            return isinstance(value, bool)
        case Kind.AMOUNT:
            return isinstance(value, str) and value == plain_amount(value)
        case Kind.SET:
            return isinstance(value, tuple)
        case _:
            assert_never(kind)


def _lifetime(key: DesiredKey, able: Capabilities) -> Iterator[Complaint]:
    match key.lifetime:
        case After(span):
            if able.longest is not None and span > able.longest:
                yield _expiry(f"cannot be later than {_days(able.longest)} after creation")
            if able.shortest is not None and span < able.shortest:
                yield _expiry(f"cannot be sooner than {_days(able.shortest)} after creation")
        case Never():
            rule = able.rule_of(EXPIRES_AT)
            if rule is not None and rule.required is not None:
                yield _expiry(f"cannot be `never`: {rule.required}")
            elif rule is not None and not rule.has_none:
                yield _expiry(f"cannot be `never`: {able.dialect} has no word for that")
        case At() | None:
            pass
        case _:
            assert_never(key.lifetime)


def _expiry(predicate: str) -> Complaint:
    return Complaint(manifest_name(EXPIRES_AT), predicate)


def _days(span: timedelta) -> str:
    return f"{span.days}d" if span.seconds == 0 else f"{span / timedelta(hours=1):g}h"
