"""Do the parts of a manifest fit each other? Builds each desired key, and reports what does not.

Unknown names, two keys in one slot or with one name, and fields that the dialect cannot honour.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pydantic import BaseModel

from reconciler.core.capabilities import (
    Capabilities,
    FieldRule,
    Kind,
    complaints,
    name_complaint,
    plain_amount,
)
from reconciler.core.desired import DesiredKey, OnExternalDisable, OnUnused
from reconciler.core.keys import (
    ENABLED,
    OPTION_PREFIX,
    RATE_LIMIT,
    SCOPES,
    Address,
    At,
    Attributes,
    Target,
    Value,
)
from reconciler.core.ownership import read_mark
from reconciler.core.rotation_rules import Clash, clashes, rotation_complaints
from reconciler.documents.places import Path
from reconciler.documents.suggestions import quote, suggest
from reconciler.manifest.merging import Backgrounds, overlay
from reconciler.manifest.models import KeyModel, ManifestModel, SecretModel, SharedModel
from reconciler.manifest.problems import Problems
from reconciler.manifest.rotation import (
    read_delete_after,
    read_hook,
    read_rotation,
    read_verify,
    word_promoted,
)
from reconciler.manifest.settings import HookSettings

FIELD: Final = "secret"
_DATE = "is an absolute date, which never triggers a rotation"
_SHARED = "`defaults` or the environment"
OVERLAP_FIELD: Final = "rotate.overlap"


class KeyChecker:
    """Turns the keys of one manifest into desired keys, one after the other.

    `providers` and `stores` are every declared name, those of invalid ones included; `able` has
    the abilities of each provider whose dialect is known.
    """

    def __init__(
        self,
        manifest: ManifestModel,
        problems: Problems,
        providers: Collection[str],
        stores: Collection[str],
        able: dict[str, Capabilities],
    ) -> None:
        self.warnings: list[str] = []
        self.hooks: list[HookSettings] = []
        self._backgrounds = Backgrounds(manifest)
        self._environments = manifest.environments
        self._problems = problems
        self._providers = providers
        self._stores = stores
        self._able = able
        self._slots: dict[Target, str] = {}
        self._names: dict[tuple[str, str], str] = {}

    def check(self, address: str, own: KeyModel, place: str) -> DesiredKey | None:
        """Give the desired key, or None where it cannot be told what it should be."""
        self._check_environment(address, own)
        if isinstance(own.expires, At):
            self.warnings.append(self._problems.word(("keys", address, "expires"), _DATE))
        key = overlay(self._backgrounds.of(own.environment), own)
        provider = self._provider(address, key)
        target = self._target(address, key)
        if provider is None or target is None:
            return None
        able = self._able.get(provider)
        desired = _desire(address, key, provider, target, place, able)
        self._claim_slot(desired, own)
        self._claim_name(desired, own, able)
        if able is not None:
            self._check_abilities(desired, own, able)
        for clash in clashes(desired):
            self._tell_clash(address, clash, own, key)
        if key.on_promoted is not None:
            self.hooks.append(read_hook(desired.address, key.on_promoted, self._hook(own, desired)))
        return desired

    def _hook(self, own: KeyModel, key: DesiredKey) -> str:
        if own.on_promoted is None:
            return key.place
        return self._problems.place(("keys", key.address, "on_promoted"), key=True)

    def _complain(self, address: str, own: SharedModel, path: Path, predicate: str) -> None:
        """Place a complaint at the key's own field, or at the key if it took the field over."""
        whole = ("keys", address, *path)
        if not sets(own, path):
            self._problems.complain(whole, f"{predicate} (it comes from {_SHARED})", key=True)
        else:
            self._problems.complain(whole, predicate)

    def _tell_clash(self, address: str, clash: Clash, own: KeyModel, merged: KeyModel) -> None:
        """Tell it once, at the first field that the key itself sets, and where the others are from.

        A field that is wrong in itself was told, and what stands in for it proves nothing.
        """
        paths: list[Path] = [tuple(field.split(".")) for field in clash.fields]
        if any(self._is_told(address, own.environment, path) for path in paths):
            return
        mine = [path for path in paths if sets(own, path)]
        notes = [
            f"`{field}` {_say_source(path, merged)}"
            for field, path in zip(clash.fields, paths, strict=True)
            if path not in mine and (sets(merged, path) or field == OVERLAP_FIELD)
        ]
        whole = ("keys", address, *(mine or paths)[0])
        note = f" ({', '.join(notes)})" if notes else ""
        self._problems.say(whole, f"{clash.sentence}{note}", key=not mine)

    def _is_told(self, address: str, environment: str | None, path: Path) -> bool:
        above = [("keys", address), ("environments", environment or ""), ("defaults",)]
        return any(self._problems.settled((*entry, *path)) for entry in above)

    def _check_environment(self, address: str, own: KeyModel) -> None:
        known = self._environments
        if own.environment and known and own.environment not in known:
            near = suggest(own.environment, known)
            path = ("keys", address, "environment")
            self._problems.say(path, f"unknown environment {quote(own.environment)}{near}")

    def _provider(self, address: str, key: KeyModel) -> str | None:
        path: Path = ("keys", address, "provider")
        if key.provider is None:
            self._problems.complain(path, "is missing", key=True)
        elif key.provider not in self._providers:
            self._problems.say_unknown(path, "provider", key.provider, self._providers)
        else:
            return key.provider
        return None

    def _target(self, address: str, key: KeyModel) -> Target | None:
        secret = key.secret or SecretModel.model_construct()
        store = secret.store or only(self._stores)
        path: Path = ("keys", address, "secret", "store")
        if store is None:
            self._problems.complain(path, f"is missing: {which(self._stores)}", key=True)
            return None
        if store not in self._stores:
            self._problems.say_unknown(path, "store", store, self._stores)
            return None
        return Target(store, secret.path or address, secret.field or FIELD)

    def _claim_slot(self, key: DesiredKey, own: KeyModel) -> None:
        first = self._slots.setdefault(key.target, key.address)
        if first != key.address:
            self._complain(
                key.address,
                own,
                ("secret",),
                f"is the slot {key.target}, which key {quote(first)} has; give each its own",
            )

    def _claim_name(self, key: DesiredKey, own: KeyModel, able: Capabilities | None) -> None:
        path: Path = ("keys", key.address, "name")
        refused = name_complaint(key.name, able) if able and own.name is not None else None
        if refused is not None:
            self._problems.complain(path, refused)
        first = self._names.setdefault((key.provider, key.name), key.address)
        if first != key.address:
            used = f"is {quote(key.name)}, which key {quote(first)} of the same provider has"
            self._problems.complain(path, used)
        if read_mark(key.name):
            self._problems.complain(path, "holds an ownership mark; leave the mark to Keywright")

    def _check_abilities(self, key: DesiredKey, own: KeyModel, able: Capabilities) -> None:
        entry: Path = ("keys", key.address)
        for complaint in (*complaints(key, able), *rotation_complaints(key, able)):
            path: Path = tuple(complaint.field.split(".", 1))
            if complaint.missing:
                said = f"`{complaint.field}` {complaint.predicate}"
                self._problems.say((*entry, *path), said, key=True, at=entry)
            else:
                self._complain(key.address, own, path, complaint.predicate)


def sets(model: SharedModel, path: Path) -> bool:
    """Whether a model sets a field itself, or with `rotate.every` a field of that part of it."""
    here: object = model
    for step in path:
        if not isinstance(here, BaseModel) or step not in here.model_fields_set:
            return not isinstance(here, (BaseModel, type(None)))
        here = getattr(here, str(step))
    return True


def _say_source(path: Path, merged: KeyModel) -> str:
    return f"comes from {_SHARED}" if sets(merged, path) else "has its default"


def only(stores: Collection[str]) -> str | None:
    """Give the store that need not be named: the only one."""
    return next(iter(stores)) if len(stores) == 1 else None


def which(stores: Collection[str]) -> str:
    """Ask for one of several stores."""
    return f"say which one ({', '.join(map(quote, sorted(stores))) or 'none is declared'})"


def _desire(
    address: str,
    key: KeyModel,
    provider: str,
    target: Target,
    place: str,
    able: Capabilities | None,
) -> DesiredKey:
    return DesiredKey(
        address=Address(address),
        provider=provider,
        name=key.name or address,
        attributes=_attributes(key, able),
        lifetime=key.expires,
        target=target,
        delete_after=read_delete_after(key.rotate),
        place=place,
        owner=key.owner,
        service=key.service,
        environment=key.environment,
        labels=tuple(sorted(key.labels.items())) if key.labels else (),
        protect=bool(key.protect),
        rotation=read_rotation(key.rotate),
        verify=read_verify(key.verify),
        on_promoted=word_promoted(key.on_promoted),
        on_external_disable=OnExternalDisable(key.on_external_disable or "hold"),
        unused_after=key.unused_after,
        on_unused=OnUnused(key.on_unused or "report"),
    )


def _attributes(key: KeyModel, able: Capabilities | None) -> Attributes:
    """Give the managed fields only: an explicit None (unlimited) differs from a field left out."""
    managed = key.model_fields_set
    fields: dict[str, Value] = {}
    if "scopes" in managed:
        fields[SCOPES] = key.scopes
    if "enabled" in managed:
        fields[ENABLED] = key.enabled
    if "rate_limit" in managed:
        fields[RATE_LIMIT] = key.rate_limit
    for name, value in (key.options or {}).items():
        rule = able.rule_of(OPTION_PREFIX + name) if able else None
        fields[OPTION_PREFIX + name] = as_declared(value, rule)
    return Attributes.of(fields)


def as_declared(value: Value, rule: FieldRule | None) -> Value:
    """Give an option as its dialect means it: YAML reads an id such as 7 as a number.

    An amount gets the text that answers have of it, so that 12.50 is no difference from 12.5.
    """
    kind = rule.kind if rule else None
    if type(value) is int and kind in (Kind.TEXT, Kind.AMOUNT):
        value = str(value)
    if isinstance(value, str) and kind is Kind.AMOUNT:
        return plain_amount(value) or value
    return value


def warn_about_shared_dates(manifest: ManifestModel, problems: Problems) -> tuple[str, ...]:
    """Warn where keys take an absolute expiry over: once, however many they are."""
    shared: list[tuple[Path, SharedModel]] = [(("defaults",), manifest.defaults)]
    shared += ((("environments", name), model) for name, model in manifest.environments.items())
    return tuple(
        problems.word((*path, "expires"), _DATE)
        for path, model in shared
        if isinstance(model.expires, At)
    )
