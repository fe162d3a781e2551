"""What the rest of Keywright gets of a manifest, beside the keys that should exist.

Plain values without any secret: credentials are references. Light to import.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from reconciler.core.desired import Desired
from reconciler.core.keys import Address
from reconciler.manifest.references import Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSettings:
    """Where the state lives, and whether secrets may rest in a local spool.

    `identity` is the age identity that opens the spool; None: one is kept beside the state.
    """

    backend: Literal["file"]
    path: Path
    spool: Literal["local", "off"]
    identity: Reference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeSettings:
    """A store that is a folder of age-encrypted files."""

    name: str
    path: Path
    recipients: tuple[str, ...]
    identity: Reference | None
    place: str


StoreSettings: TypeAlias = AgeSettings
"""One of the kinds of store; a union as soon as there is a second kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """How to reach one provider.

    `dialect` is the name inside the dialect, and `dialect_file` the user's own file that has it.
    `origin` is its canonical address, `key_url` where its keys are used if that is elsewhere, and
    `tenant` what the dialect has to be told of it. `sandbox` is the database of the embedded key
    API where that is meant, else None. `auth` is sorted by name. `concurrency` counts requests at
    the same time, `requests_per_minute` None is no limit of ours. `ca` is a file of certificates to
    trust.
    """

    name: str
    dialect: str
    dialect_file: Path | None
    origin: str
    key_url: str | None
    tenant: tuple[tuple[str, str], ...]
    sandbox: Path | None
    auth: tuple[tuple[str, Reference], ...]
    concurrency: int
    requests_per_minute: int | None
    ca: Path | None
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """How to tell the consumers of one key about a new version; exactly one way.

    `webhook` is an address that gets a POST, or where a secret one is read from. `command` is a
    program and its arguments, for no shell, with the manifest's folder as the current one; else ().
    """

    address: Address
    webhook: str | Reference | None
    command: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One manifest, valid as a whole. Stores, providers and hooks are sorted by name.

    `folder` is where its relative paths start. `warnings` are sentences with their places.
    `problems` are only ever left in one that was read for an emergency: what they are about is
    missing from the rest. `hooks`
    has the keys whose consumers are told about new versions, and no others.
    """

    file: Path
    folder: Path
    stack: str
    desired: Desired
    state: StateSettings
    stores: tuple[StoreSettings, ...]
    providers: tuple[ProviderSettings, ...]
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    hooks: tuple[HookSettings, ...] = ()
