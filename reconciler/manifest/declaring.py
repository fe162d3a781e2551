"""From the validated shape to what the rest of Keywright gets: desired keys and settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from reconciler.core.capabilities import Capabilities
from reconciler.core.desired import Desired, DesiredKey, DesiredProvider, Unmanaged
from reconciler.manifest.checking import KeyChecker, warn_about_shared_dates
from reconciler.manifest.document import Document
from reconciler.manifest.models import ManifestModel, ProviderModel, StateModel, StoreModel
from reconciler.manifest.problems import Problems
from reconciler.manifest.settings import (
    AgeSettings,
    Manifest,
    ProviderSettings,
    StateSettings,
    StoreSettings,
)
from reconciler.manifest.shape import read_keys
from reconciler.manifest.suggestions import quote, suggest
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
    able = _abilities(model, problems, find_dialect, dialect_names)
    checker = KeyChecker(
        model,
        problems,
        _declared(document, "providers"),
        _declared(document, "stores"),
        able,
    )
    keys = tuple(_keys(document, problems, checker))
    folder = file.parent
    return Manifest(
        file=file,
        folder=folder,
        stack=model.stack,
        desired=Desired(
            stack=model.stack,
            providers=tuple(_desire(*entry) for entry in sorted(model.providers.items())),
            keys=tuple(sorted(keys, key=lambda key: key.address)),
        ),
        state=_state(model.state, folder),
        stores=tuple(
            _store(name, store, folder, problems.place(("stores", name), key=True))
            for name, store in sorted(model.stores.items())
        ),
        providers=tuple(
            _provider(name, provider, folder, problems.place(("providers", name), key=True))
            for name, provider in sorted(model.providers.items())
        ),
        warnings=(*warn_about_shared_dates(model, problems), *checker.warnings),
    )


def _declared(document: Document, section: str) -> tuple[str, ...]:
    """Name everything that a section declares, what is invalid in it included."""
    top = document.data
    entries = top.get(section) if isinstance(top, dict) else None
    return tuple(entries) if isinstance(entries, dict) else ()


def _abilities(
    model: ManifestModel,
    problems: Problems,
    find_dialect: Callable[[str], Capabilities | None],
    dialect_names: Callable[[], tuple[str, ...]],
) -> dict[str, Capabilities]:
    able: dict[str, Capabilities] = {}
    for name, provider in model.providers.items():
        found = find_dialect(provider.dialect)
        if found is not None:
            able[name] = found
        else:
            near = suggest(provider.dialect, dialect_names())
            problems.say(
                ("providers", name, "dialect"), f"unknown dialect {quote(provider.dialect)}{near}"
            )
    return able


def _keys(document: Document, problems: Problems, checker: KeyChecker) -> Iterable[DesiredKey]:
    for address, mark, own in read_keys(document, problems):
        key = checker.check(address, own, problems.locate(mark))
        if key is not None:
            yield key


def _desire(name: str, provider: ProviderModel) -> DesiredProvider:
    return DesiredProvider(
        name=name,
        dialect=provider.dialect,
        origin=provider.url,
        unmanaged=Unmanaged(provider.unmanaged),
        name_template=provider.name_template,
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


def _provider(name: str, provider: ProviderModel, folder: Path, place: str) -> ProviderSettings:
    is_sandbox = provider.url.startswith(SANDBOX)
    return ProviderSettings(
        name=name,
        dialect=provider.dialect,
        origin=provider.url,
        sandbox=folder / provider.url.removeprefix(SANDBOX) if is_sandbox else None,
        auth=tuple(sorted(provider.auth.items())),
        concurrency=provider.limits.concurrency,
        requests_per_minute=provider.limits.rate,
        ca=folder / provider.tls.ca if provider.tls else None,
        place=place,
    )
