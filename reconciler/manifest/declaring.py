"""From the validated shape to what the rest of Keywright gets: desired keys and settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from reconciler.core.capabilities import Capabilities
from reconciler.core.desired import (
    Desired,
    DesiredKey,
    DesiredProvider,
    DesiredProviderKey,
    Unmanaged,
)
from reconciler.documents.reading import names_file
from reconciler.documents.yaml_text import Document
from reconciler.manifest.abilities import find_abilities
from reconciler.manifest.checking import KeyChecker, warn_about_shared_dates
from reconciler.manifest.models import ManifestModel, ProviderModel, StateModel, StoreModel
from reconciler.manifest.problems import Problems
from reconciler.manifest.provider_keys import ProviderKeyChecker
from reconciler.manifest.settings import (
    AgeSettings,
    Manifest,
    ProviderSettings,
    StateSettings,
    StoreSettings,
)
from reconciler.manifest.shape import read_keys
from reconciler.manifest.urls import SANDBOX


def declare(
    model: ManifestModel,
    document: Document,
    problems: Problems,
    file: Path,
    find_dialect: Callable[[str], Capabilities | None],
    dialect_names: Callable[[], tuple[str, ...]],
) -> Manifest:
    """Check the parts against each other and give the manifest; problems say if it is valid."""
    folder = file.parent
    able = find_abilities(model, problems, folder, find_dialect, dialect_names)
    providers, stores = _declared(document, "providers"), _declared(document, "stores")
    checker = KeyChecker(model, problems, providers, stores, able)
    keys = tuple(_keys(document, problems, checker))
    into_gateways = ProviderKeyChecker(
        problems, providers, stores, able, keys, _declared(document, "keys")
    )
    return Manifest(
        file=file,
        folder=folder,
        stack=model.stack,
        desired=Desired(
            stack=model.stack,
            providers=tuple(
                _desire(name, provider, able.get(name))
                for name, provider in sorted(model.providers.items())
            ),
            keys=tuple(sorted(keys, key=lambda key: key.address)),
            provider_keys=_provider_keys(model, problems, into_gateways),
        ),
        state=_state(model.state, folder),
        stores=tuple(
            _store(name, store, folder, problems.place(("stores", name), key=True))
            for name, store in sorted(model.stores.items())
        ),
        providers=tuple(
            _provider(
                name,
                provider,
                able.get(name),
                folder,
                problems.place(("providers", name), key=True),
            )
            for name, provider in sorted(model.providers.items())
        ),
        warnings=(*warn_about_shared_dates(model, problems), *checker.warnings),
        hooks=tuple(sorted(checker.hooks, key=lambda hook: hook.address)),
    )


def _declared(document: Document, section: str) -> tuple[str, ...]:
    """Name everything that a section declares, what is invalid in it included."""
    top = document.data
    entries = top.get(section) if isinstance(top, dict) else None
    return tuple(entries) if isinstance(entries, dict) else ()


def _keys(document: Document, problems: Problems, checker: KeyChecker) -> Iterable[DesiredKey]:
    for address, mark, own in read_keys(document, problems):
        key = checker.check(address, own, problems.locate(mark))
        if key is not None:
            yield key


def _provider_keys(
    model: ManifestModel, problems: Problems, checker: ProviderKeyChecker
) -> tuple[DesiredProviderKey, ...]:
    found = (
        checker.check(name, own, problems.place(("provider_keys", name), key=True))
        for name, own in model.provider_keys.items()
    )
    return tuple(sorted((key for key in found if key), key=lambda key: key.address))


def _desire(name: str, provider: ProviderModel, able: Capabilities | None) -> DesiredProvider:
    return DesiredProvider(
        name=name,
        dialect=able.dialect if able else provider.dialect,
        origin=provider.url,
        unmanaged=Unmanaged(provider.unmanaged),
        name_template=provider.name_template,
        keys_enabled=provider.keys_enabled,
        deploy=provider.deploy,
        exclusive=provider.exclusive,
        max_rotations=provider.limits.max_rotations,
    )


def _state(state: StateModel, folder: Path) -> StateSettings:
    return StateSettings(
        backend=state.backend,
        path=folder / state.path,
        spool=state.spool,
        identity=state.identity,
    )


def _store(name: str, store: StoreModel, folder: Path, place: str) -> StoreSettings:
    return AgeSettings(
        name=name,
        path=folder / store.path,
        recipients=tuple(dict.fromkeys(store.recipients)),
        identity=store.identity,
        place=place,
    )


def _provider(
    name: str, provider: ProviderModel, able: Capabilities | None, folder: Path, place: str
) -> ProviderSettings:
    is_sandbox = provider.url.startswith(SANDBOX)
    return ProviderSettings(
        name=name,
        dialect=able.dialect if able else provider.dialect,
        dialect_file=folder / provider.dialect if names_file(provider.dialect) else None,
        origin=provider.url,
        key_url=provider.key_url,
        tenant=tuple(sorted(provider.tenant.items())),
        sandbox=folder / provider.url.removeprefix(SANDBOX) if is_sandbox else None,
        auth=tuple(sorted(provider.auth.items())),
        concurrency=provider.limits.concurrency,
        requests_per_minute=provider.limits.rate,
        ca=folder / provider.tls.ca if provider.tls else None,
        place=place,
    )
