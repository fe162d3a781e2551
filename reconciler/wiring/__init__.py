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
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from reconciler.core.keys import Address, OpId
from reconciler.core.recorded import Recorded, StackMeta
from reconciler.core.secret import Secret
from reconciler.engine.world import Outlook, World
from reconciler.errors import KeywrightError, StateError
from reconciler.interfaces.backend import Backend, Holder
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.driver import KeyDriver
from reconciler.interfaces.reporter import Reporter
from reconciler.interfaces.spool import Spool
from reconciler.interfaces.store import Store
from reconciler.manifest import FileReference, Manifest, StoreSettings, load_manifest, resolve
from reconciler.providers import dialect_names
from reconciler.wiring.reaching import abilities, find_abilities, open_drivers
from reconciler.wiring.read_only import (
    ReadOnlyDriver,
    ReadOnlySpool,
    ReadOnlyState,
    ReadOnlyStore,
)

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
    """Read a manifest and check it against the dialects that this version has, and its own ones."""
    return load_manifest(path, partial(find_abilities, path.parent), dialect_names)


def load_for_emergency(path: Path) -> Manifest:
    """Read as much of a manifest as can be read; `problems` says what could not."""
    return load_manifest(path, partial(find_abilities, path.parent), dialect_names, tolerant=True)


def only_for(
    manifest: Manifest,
    providers: Collection[str],
    stores: Collection[str],
    keys: Collection[Address] = (),
) -> Manifest:
    """Give a manifest that reaches no further than it must, so that nothing else can fail.

    `keys` are those whose consumers may have to be told something.
    """
    return replace(
        manifest,
        providers=tuple(each for each in manifest.providers if each.name in providers),
        stores=tuple(each for each in manifest.stores if each.name in stores),
        hooks=tuple(each for each in manifest.hooks if each.address in keys),
    )


def only_about(manifest: Manifest, recorded: Recorded, keys: Collection[Address]) -> Manifest:
    """Give a manifest that reaches whatever a run about these keys has to reach, and no more."""
    meant = [key for key in manifest.desired.keys if key.address in keys]
    fed = [key for key in manifest.desired.provider_keys if key.of_key in keys]
    versions = [v for row in recorded.keys if row.address in keys for v in row.living]
    intents = [intent for intent in recorded.intents if intent.address in keys]
    providers = {key.provider for key in meant} | {key.provider for key in fed}
    stores = {key.target.store for key in meant} | {key.source.store for key in fed}
    providers |= {version.provider for version in versions}
    providers |= {intent.provider for intent in intents}
    stores |= {version.target.store for version in versions}
    stores |= {intent.target.store for intent in intents}
    return only_for(manifest, providers, stores, keys)


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
    manifest: Manifest,
    environ: Mapping[str, str],
    reporter: Reporter,
    *,
    clock: Clock | None = None,
) -> AsyncIterator[Outlook]:
    """Build all that planning needs, and close it afterwards; the machine's clock by default."""
    async with _open_parts(manifest, environ, clock or SystemClock()) as parts:
        yield Outlook(
            desired=manifest.desired,
            able=abilities(manifest),
            drivers={name: ReadOnlyDriver(driver) for name, driver in parts.drivers.items()},
            stores={name: ReadOnlyStore(store) for name, store in parts.stores.items()},
            backend=ReadOnlyState(parts.backend),
            spool=ReadOnlySpool(parts.spool),
            clock=parts.clock,
            reporter=reporter,
        )


@asynccontextmanager
async def open_world(
    manifest: Manifest,
    environ: Mapping[str, str],
    reporter: Reporter,
    command: str,
    *,
    clock: Clock | None = None,
) -> AsyncIterator[World]:
    """Build all that applying needs, and close it afterwards; the machine's clock by default."""
    from reconciler.wiring.telling import open_notifier  # noqa: PLC0415 - never to plan

    async with _open_parts(manifest, environ, clock or SystemClock()) as parts:
        yield World(
            desired=manifest.desired,
            able=abilities(manifest),
            drivers=parts.drivers,
            stores=parts.stores,
            backend=parts.backend,
            spool=parts.spool,
            clock=parts.clock,
            ids=RandomIds(),
            notifier=open_notifier(manifest, environ, parts.clock, frozenset({IDENTITY_VARIABLE})),
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
async def _open_parts(
    manifest: Manifest, environ: Mapping[str, str], clock: Clock
) -> AsyncIterator[_Parts]:
    async with AsyncExitStack() as closing:
        backend = open_state(manifest)
        closing.push_async_callback(backend.close)
        meta = await backend.read_meta()
        identity = stack_identity(manifest, environ)
        drivers = open_drivers(manifest, environ, clock, closing)
        yield _Parts(
            backend=backend,
            spool=_open_spool(manifest, meta, identity),
            stores={
                s.name: _open_store(s, manifest, environ, meta, identity) for s in manifest.stores
            },
            drivers=drivers,
            clock=clock,
        )


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
