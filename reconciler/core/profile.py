"""A dialect as people are told about it: what its file says beside what planning needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.capabilities import Capabilities


@dataclass(frozen=True, slots=True)
class Access:
    """One way in, and the names of the credentials that it takes."""

    kind: str
    credentials: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProfile:
    """One field of a key, by its name in keys.yaml.

    `declared`: whether it can be declared at all. `told`: whether the API shows it. `required` and
    `never_empty` are the reasons for that.
    """

    name: str
    value: str
    declared: bool
    mutable: bool
    told: bool
    required: str | None = None
    allowed: tuple[str, ...] = ()
    never_empty: str | None = None


@dataclass(frozen=True, slots=True)
class CallProfile:
    """One call, by what it is for; `note` says what is special about it."""

    name: str
    call: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class VariableProfile:
    """One thing to be told of the tenant."""

    name: str
    say: str
    default: str | None
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One dialect. `reference` is what it was written from, `file` the user's own file of it."""

    name: str
    title: str
    reference: str | None
    run_live: bool
    file: str | None
    able: Capabilities
    access: tuple[Access, ...]
    tenant: tuple[VariableProfile, ...]
    fields: tuple[FieldProfile, ...]
    upstream_fields: tuple[FieldProfile, ...]
    calls: tuple[CallProfile, ...]
    paging: str
    mark: str
    has_audit: bool
    reach: str | None
