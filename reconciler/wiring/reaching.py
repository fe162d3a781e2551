"""From the settings of a provider to its dialect and its driver: addresses, credentials, limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from reconciler.core.capabilities import Capabilities
from reconciler.core.secret import Secret
from reconciler.documents.reading import UnreadableTextError, names_file
from reconciler.errors import KeywrightError, ManifestError, ProviderError
from reconciler.http.proxies import proxy_for
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import KeyDriver
from reconciler.manifest import Manifest, ProviderSettings, resolve
from reconciler.providers import (
    abilities_of,
    capabilities_of,
    dialect_names,
    load_dialect,
    load_own_dialect,
)
from reconciler.sandbox import KEY_PREFIXES, PREFIXES, SandboxError, open_sandbox

if TYPE_CHECKING:
    from reconciler.http.client import Network
    from reconciler.providers.dialect.model import Dialect

_INSIDE = "http://127.0.0.1"
"""The address of whatever is in this very process."""


def find_abilities(folder: Path, written: str) -> Capabilities | None:
    """Say what a dialect can do, by its name or by the path of a user's own file."""
    if names_file(written):
        return abilities_of(load_own_dialect(folder / written))
    return capabilities_of(written) if written in dialect_names() else None


def abilities(manifest: Manifest) -> Mapping[str, Capabilities]:
    """Say what each provider can do."""
    return {p.name: abilities_of(dialect_of(p)) for p in manifest.providers}


def dialect_of(settings: ProviderSettings) -> Dialect:
    """Load a provider's dialect: a user's own file was checked with the manifest."""
    if settings.dialect_file is None:
        return load_dialect(settings.dialect)
    try:
        return load_own_dialect(settings.dialect_file)
    except UnreadableTextError as error:
        raise ProviderError(error.problem, where=str(settings.dialect_file)) from None


def open_drivers(
    manifest: Manifest, environ: Mapping[str, str], clock: Clock, closing: AsyncExitStack
) -> Mapping[str, KeyDriver]:
    """Build every driver; all credentials that are missing are told at once."""
    problems: list[str] = []
    drivers: dict[str, KeyDriver] = {}
    for provider in manifest.providers:
        try:
            drivers[provider.name] = _open_driver(provider, manifest, environ, clock, closing)
        except KeywrightError as error:
            problems.append(f"{provider.place}: {error}")
    if problems:
        raise ManifestError(tuple(problems))
    return drivers


def _open_driver(
    settings: ProviderSettings,
    manifest: Manifest,
    environ: Mapping[str, str],
    clock: Clock,
    closing: AsyncExitStack,
) -> KeyDriver:
    make = driver_maker(settings, manifest.folder, environ, clock, closing)
    driver = make(dialect_of(settings))
    closing.push_async_callback(driver.close)
    return driver


def driver_maker(
    settings: ProviderSettings,
    folder: Path,
    environ: Mapping[str, str],
    clock: Clock,
    closing: AsyncExitStack,
) -> Callable[[Dialect], KeyDriver]:
    """Give what makes a driver for this provider, in whatever way its API is described.

    Whoever makes one closes it.
    """
    from reconciler.http.client import open_client  # noqa: PLC0415 - heavy
    from reconciler.providers.http import HttpDriver  # noqa: PLC0415
    from reconciler.providers.throttling import make_limits  # noqa: PLC0415

    where = f"provider '{settings.name}'"
    given = {
        name: resolve(reference, environ, folder, where=where) for name, reference in settings.auth
    }
    reach = _reach(settings, environ, closing)

    def make(dialect: Dialect) -> KeyDriver:
        throttling = dialect.throttling
        limits = make_limits(throttling, settings.concurrency, settings.requests_per_minute)
        return HttpDriver(
            provider=settings.name,
            origin=settings.origin,
            dialect=dialect,
            client=open_client(reach.base, clock, limits, reach.network),
            credentials=given or reach.credentials,
            clock=clock,
            variables=dict(settings.tenant),
            key_client=open_client(reach.key_base, clock, limits, reach.key_network)
            if reach.key_base
            else None,
            token=token_urlsafe,
        )

    return make


@dataclass(frozen=True, slots=True)
class _Reach:
    """How to reach a provider: where it is managed, and where its keys are used if elsewhere.

    `credentials` are those that it brings along, as a sandbox does.
    """

    base: str
    network: Network
    key_base: str | None
    key_network: Network
    credentials: Mapping[str, Secret]


def _reach(
    settings: ProviderSettings, environ: Mapping[str, str], closing: AsyncExitStack
) -> _Reach:
    if settings.sandbox is not None:
        reach = _enter_sandbox(settings, closing)
    else:
        network = _network(settings, settings.origin, environ)
        reach = _Reach(settings.origin, network, None, network, {})
    if settings.key_url is None:
        return reach
    outside = _network(settings, settings.key_url, environ)
    return replace(reach, key_base=settings.key_url, key_network=outside)


def _network(settings: ProviderSettings, url: str, environ: Mapping[str, str]) -> Network:
    from reconciler.http.client import Network  # noqa: PLC0415 - heavy

    ca = str(settings.ca) if settings.ca else None
    return Network(ca_file=ca, proxy=proxy_for(url, environ))


def _enter_sandbox(settings: ProviderSettings, closing: AsyncExitStack) -> _Reach:
    """Open the embedded key API in this process; it brings its own superuser's credentials."""
    from reconciler.http.client import Network  # noqa: PLC0415 - heavy

    prefix = PREFIXES.get(settings.dialect)
    if prefix is None:
        raise ProviderError(f"the sandbox does not speak {settings.dialect}")
    try:
        sandbox = open_sandbox(str(settings.sandbox))
    except SandboxError as error:
        raise ProviderError(str(error)) from None
    closing.callback(sandbox.close)
    key_prefix, network = KEY_PREFIXES.get(settings.dialect), Network(app=sandbox.app)
    return _Reach(
        base=f"{_INSIDE}{prefix}",
        network=network,
        key_base=None if key_prefix is None else f"{_INSIDE}{key_prefix}",
        key_network=network,
        credentials={
            name: Secret(text) for name, text in sandbox.credentials(settings.dialect).items()
        },
    )
