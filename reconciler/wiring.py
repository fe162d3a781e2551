"""The only place that builds the real world from a manifest and the environment.

Everything heavy is imported in here when it is needed, so that `validate` never loads an HTTP
client. Planning gets objects that have no writing methods at all (promise I4).
"""

from __future__ import annotations

import asyncio
import getpass
import os
import platform
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.capabilities import Capabilities
from reconciler.core.keys import KeyId, OpId, Target
from reconciler.core.observed import (
    Deployment,
    LiveKey,
    ProviderView,
    SpoolView,
    StoreView,
    Upstream,
)
from reconciler.core.recorded import Recorded, StackMeta
from reconciler.core.secret import Secret
from reconciler.engine.world import Outlook, World
from reconciler.errors import KeywrightError, ManifestError, ProviderError, StateError
from reconciler.interfaces.backend import Backend, Holder, StateReader
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import KeyDriver, KeyReader, Outcome
from reconciler.interfaces.reporter import Reporter
from reconciler.interfaces.spool import Spool, SpoolReader
from reconciler.interfaces.store import Store, StoreReader
from reconciler.manifest import (
    FileReference,
    Manifest,
    ProviderSettings,
    StoreSettings,
    load_manifest,
    resolve,
)

if TYPE_CHECKING:
    from reconciler.http.client import Network

IDENTITY_VARIABLE = "KEYWRIGHT_AGE_IDENTITY"
_JOB_VARIABLES = ("CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL")


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Give the time: aware, UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class RandomIds:
    """Operation ids from the system's randomness."""

    def new_op(self) -> OpId:
        """Give 32 random hex digits."""
        return OpId(uuid.uuid4().hex)


def load(path: Path) -> Manifest:
    """Read a manifest and check it against the dialects that this version has."""
    from reconciler.providers import dialect_names  # noqa: PLC0415 - `--help` needs none of it

    return load_manifest(path, _find_dialect, dialect_names)


def _find_dialect(name: str) -> Capabilities | None:
    from reconciler.providers import capabilities_of, dialect_names  # noqa: PLC0415

    return capabilities_of(name) if name in dialect_names() else None


def open_state(manifest: Manifest) -> Backend:
    """Point a backend at the manifest's stack; touches nothing yet."""
    from reconciler.backends import open_backend  # noqa: PLC0415

    return open_backend(manifest.state.backend, manifest.state.path, manifest.stack)


def identity_path(manifest: Manifest) -> Path | None:
    """Say in which file the stack's age identity is; None when it is in the environment.

    By default it is in the user's own configuration folder, outside of every repository.
    """
    match manifest.state.identity:
        case FileReference(path):
            return manifest.folder / path
        case None:
            from platformdirs import user_config_path  # noqa: PLC0415

            return user_config_path("keywright") / "identities" / f"{manifest.stack}.txt"
        case _:
            return None


def stack_identity(manifest: Manifest, environ: Mapping[str, str]) -> Secret | None:
    """Fetch the stack's identity; None where this machine only has the public recipient."""
    reference = manifest.state.identity
    if reference is not None:
        try:
            return resolve(reference, environ, manifest.folder, where="state.identity")
        except KeywrightError:
            return None
    if IDENTITY_VARIABLE in environ:
        return Secret(environ[IDENTITY_VARIABLE])
    path = identity_path(manifest)
    if path is None or not path.is_file():
        return None
    from reconciler.stores.identity import read_identity  # noqa: PLC0415

    return read_identity(path)


@asynccontextmanager
async def open_outlook(
    manifest: Manifest, environ: Mapping[str, str], reporter: Reporter
) -> AsyncIterator[Outlook]:
    """Build all that planning needs, and close it afterwards."""
    async with _open_parts(manifest, environ) as parts:
        yield Outlook(
            desired=manifest.desired,
            able=_abilities(manifest),
            drivers={name: _ReadOnlyDriver(driver) for name, driver in parts.drivers.items()},
            stores={name: _ReadOnlyStore(store) for name, store in parts.stores.items()},
            backend=_ReadOnlyState(parts.backend),
            spool=_ReadOnlySpool(parts.spool),
            clock=parts.clock,
            reporter=reporter,
        )


@asynccontextmanager
async def open_world(
    manifest: Manifest, environ: Mapping[str, str], reporter: Reporter, command: str
) -> AsyncIterator[World]:
    """Build all that applying needs, and close it afterwards."""
    async with _open_parts(manifest, environ) as parts:
        yield World(
            desired=manifest.desired,
            able=_abilities(manifest),
            drivers=parts.drivers,
            stores=parts.stores,
            backend=parts.backend,
            spool=parts.spool,
            clock=parts.clock,
            ids=RandomIds(),
            reporter=reporter,
            holder=make_holder(environ, command, parts.clock.now()),
            workers={p.name: p.concurrency for p in manifest.providers},
        )


def make_holder(environ: Mapping[str, str], command: str, now: datetime) -> Holder:
    """Say who we are, for whoever finds the lock held."""
    return Holder(
        who=_user(),
        host=platform.node(),
        pid=os.getpid(),
        command=command,
        job_url=_job_url(environ),
        since=now,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user id
        return f"uid {os.getuid()}"


def _job_url(environ: Mapping[str, str]) -> str | None:
    if run := environ.get("GITHUB_RUN_ID"):
        server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
        return f"{server}/{repository}/actions/runs/{run}"
    return next((environ[name] for name in _JOB_VARIABLES if name in environ), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    backend: Backend
    spool: Spool
    stores: Mapping[str, Store]
    drivers: Mapping[str, KeyDriver]
    clock: Clock


@asynccontextmanager
async def _open_parts(manifest: Manifest, environ: Mapping[str, str]) -> AsyncIterator[_Parts]:
    async with AsyncExitStack() as closing:
        backend = open_state(manifest)
        closing.push_async_callback(backend.close)
        meta = await backend.read_meta()
        identity = stack_identity(manifest, environ)
        clock = SystemClock()
        drivers = _open_drivers(manifest, environ, clock, closing)
        yield _Parts(
            backend=backend,
            spool=_open_spool(manifest, meta, identity),
            stores={
                s.name: _open_store(s, manifest, environ, meta, identity) for s in manifest.stores
            },
            drivers=drivers,
            clock=clock,
        )


def _abilities(manifest: Manifest) -> Mapping[str, Capabilities]:
    from reconciler.providers import capabilities_of  # noqa: PLC0415

    return {p.name: capabilities_of(p.dialect) for p in manifest.providers}


def _open_spool(manifest: Manifest, meta: StackMeta, identity: Secret | None) -> Spool:
    from reconciler.stores.spool import AgeSpool, NoSpool  # noqa: PLC0415

    if manifest.state.spool == "off":
        return NoSpool()
    if meta.recipient is None:
        raise StateError(
            "the state names no age recipient, so the spool cannot encrypt",
            remedy="Run `keywright init` in a new folder, or write `spool: off` under `state`",
        )
    return AgeSpool(manifest.state.path / "spool", meta.recipient, identity)


def _open_store(
    settings: StoreSettings,
    manifest: Manifest,
    environ: Mapping[str, str],
    meta: StackMeta,
    identity: Secret | None,
) -> Store:
    """Build one store; an age store without recipients of its own uses the stack's."""
    from reconciler.stores.age import AgeStore  # noqa: PLC0415

    own = settings.identity
    where = f"store '{settings.name}'"
    recipients = settings.recipients or ((meta.recipient,) if meta.recipient else ())
    return AgeStore(
        name=settings.name,
        root=settings.path,
        recipients=recipients,
        identity=resolve(own, environ, manifest.folder, where=where) if own else identity,
        salt=meta.salt,
    )


def _open_drivers(
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
    from reconciler.http.client import Network, open_client  # noqa: PLC0415
    from reconciler.http.proxies import proxy_for  # noqa: PLC0415
    from reconciler.providers import load_dialect  # noqa: PLC0415
    from reconciler.providers.http import HttpDriver  # noqa: PLC0415
    from reconciler.providers.throttling import make_limits  # noqa: PLC0415

    where = f"provider '{settings.name}'"
    credentials = {
        name: resolve(reference, environ, manifest.folder, where=where)
        for name, reference in settings.auth
    }
    dialect = load_dialect(settings.dialect)
    limits = make_limits(dialect.throttling, settings.concurrency, settings.requests_per_minute)
    if settings.sandbox is not None:
        base, network, defaults = _enter_sandbox(settings, closing)
        credentials = {**defaults, **credentials}
    else:
        base = settings.origin
        ca = str(settings.ca) if settings.ca else None
        network = Network(ca_file=ca, proxy=proxy_for(base, environ))
    driver = HttpDriver(
        provider=settings.name,
        origin=settings.origin,
        dialect=dialect,
        client=open_client(base, clock, limits, network),
        credentials=credentials,
        clock=clock,
    )
    closing.push_async_callback(driver.close)
    return driver


def _enter_sandbox(
    settings: ProviderSettings, closing: AsyncExitStack
) -> tuple[str, Network, dict[str, Secret]]:
    """Open the embedded key API in this process; it brings its own superuser's credentials."""
    from reconciler.http.client import Network  # noqa: PLC0415
    from reconciler.sandbox import PREFIXES, SandboxError, open_sandbox  # noqa: PLC0415

    prefix = PREFIXES.get(settings.dialect)
    if prefix is None:
        raise ProviderError(f"the sandbox does not speak {settings.dialect}")
    try:
        sandbox = open_sandbox(str(settings.sandbox))
    except SandboxError as error:
        raise ProviderError(str(error)) from None
    closing.callback(sandbox.close)
    given = {name: Secret(text) for name, text in sandbox.credentials(settings.dialect).items()}
    return f"http://127.0.0.1{prefix}", Network(app=sandbox.app), given


class _ReadOnlyDriver:
    """The looking half of a driver, and nothing else."""

    __slots__ = ("_deployment", "_get", "_survey", "_upstreams")

    def __init__(self, driver: KeyReader) -> None:
        self._survey, self._get = driver.survey, driver.get
        self._upstreams, self._deployment = driver.upstreams, driver.deployment

    async def survey(self, progress: Callable[[int, int], None]) -> ProviderView:
        return await self._survey(progress)

    async def get(self, key_id: KeyId) -> Outcome[LiveKey | None]:
        return await self._get(key_id)

    async def upstreams(self) -> Outcome[tuple[Upstream, ...]]:
        return await self._upstreams()

    async def deployment(self, project: str) -> Outcome[Deployment]:
        return await self._deployment(project)


class _ReadOnlyStore:
    """The looking half of a store."""

    __slots__ = ("_heads",)

    def __init__(self, store: StoreReader) -> None:
        self._heads = store.heads

    async def heads(self, targets: tuple[Target, ...]) -> StoreView:
        return await self._heads(targets)


class _ReadOnlyState:
    """The looking half of a backend."""

    __slots__ = ("_read", "_read_meta")

    def __init__(self, backend: StateReader) -> None:
        self._read, self._read_meta = backend.read, backend.read_meta

    async def read(self) -> Recorded:
        return await self._read()

    async def read_meta(self) -> StackMeta:
        return await self._read_meta()


class _ReadOnlySpool:
    """The looking half of the spool."""

    __slots__ = ("_view",)

    def __init__(self, spool: SpoolReader) -> None:
        self._view = spool.view

    async def view(self) -> SpoolView:
        return await self._view()
