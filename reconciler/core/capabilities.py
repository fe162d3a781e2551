"""What a key API can do, as far as planning must know. Derived from its dialect, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import ENABLED, EXPIRES_AT, OPTION_PREFIX, RATE_LIMIT, SCOPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """One dialect's abilities.

    `fields` can be declared at all; `mutable` can be changed in place. `expiry_step` is the
    granularity to which the API rounds an expiry.
    """

    dialect: str
    fields: frozenset[str]
    mutable: frozenset[str]
    name_limit: int | None = None
    can_get: bool = True
    can_disable: bool = True
    can_verify: bool = True
    tells_last_use: bool = True
    expiry_step: timedelta = timedelta(microseconds=1)


_MANIFEST_NAMES = {
    EXPIRES_AT: "expires",
    ENABLED: "enabled",
    RATE_LIMIT: "rate_limit",
    SCOPES: "scopes",
}


def unsupported(key: DesiredKey, able: Capabilities) -> tuple[tuple[str, str], ...]:
    """List the declared fields that the dialect cannot honour, each with a sentence."""
    declared = [field for field, _ in key.attributes.pairs]
    if key.lifetime is not None:
        declared.append(EXPIRES_AT)
    return tuple(
        (manifest_name(field), _explain(field, able))
        for field in declared
        if field not in able.fields
    )


def manifest_name(field: str) -> str:
    """Give the name that a field has in keys.yaml."""
    return _MANIFEST_NAMES.get(field, field)


def _explain(field: str, able: Capabilities) -> str:
    if field.startswith(OPTION_PREFIX):
        known = sorted(
            f.removeprefix(OPTION_PREFIX) for f in able.fields if f.startswith(OPTION_PREFIX)
        )
        return f"{able.dialect} knows no such option (it has: {', '.join(known) or 'none'})"
    return f"{able.dialect} keys have no {manifest_name(field)}; remove it"
