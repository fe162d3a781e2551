"""From the settings of hooks to whoever tells consumers: loaded to apply, never to plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from reconciler.core.keys import Address
from reconciler.core.secret import Secret
from reconciler.errors import KeywrightError, ManifestError
from reconciler.hooks import HOOKS, Hooks
from reconciler.http.client import Network
from reconciler.http.proxies import proxy_for
from reconciler.interfaces.clock import Clock
from reconciler.interfaces.notifier import Notifier
from reconciler.manifest import EnvReference, Manifest, resolve
from reconciler.manifest.settings import HookSettings

_TELLING = 8
"""From this many characters on, a value that a credential also has is no coincidence."""


def open_notifier(
    manifest: Manifest, environ: Mapping[str, str], clock: Clock, also: frozenset[str]
) -> Notifier:
    """Build every hook; all that are wrong are told at once, as a ManifestError.

    Commands get the environment without the variables that the manifest or `also` name, and without
    any other that has the same value.
    """
    problems: list[str] = []
    ways: dict[Address, Notifier] = {}
    settings = (manifest.state, manifest.stores, manifest.providers, manifest.hooks)
    bare = without_credentials(environ, frozenset(named_variables(settings)) | also)
    for hook in manifest.hooks:
        try:
            ways[hook.address] = _open_hook(hook, manifest, environ, bare, clock)
        except KeywrightError as error:
            problems.append(f"{hook.place}: {error}")
    if problems:
        raise ManifestError(tuple(problems))
    return Hooks(ways)


def named_variables(node: object) -> Iterator[str]:
    """Find every environment variable that settings name for a credential, wherever it stands."""
    if isinstance(node, EnvReference):
        yield node.variable
    elif is_dataclass(node):
        for each in fields(node):
            yield from named_variables(getattr(node, each.name))
    elif isinstance(node, tuple):
        for part in node:
            yield from named_variables(part)


def without_credentials(environ: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    """Give an environment without these variables, and without what has the value of one."""
    values = {environ[name] for name in names if len(environ.get(name, "")) >= _TELLING}
    return {
        name: value for name, value in environ.items() if name not in names and value not in values
    }


def _open_hook(
    hook: HookSettings,
    manifest: Manifest,
    environ: Mapping[str, str],
    bare: Mapping[str, str],
    clock: Clock,
) -> Notifier:
    if hook.webhook is None:
        command: Notifier = HOOKS["command"]()(hook.command, manifest.folder, bare)
        return command
    where = f"on_promoted of {hook.address}"
    url = (
        Secret(hook.webhook)
        if isinstance(hook.webhook, str)
        else resolve(hook.webhook, environ, manifest.folder, where=where)
    )
    webhook: Notifier = HOOKS["webhook"]()(
        url, clock, lambda origin: Network(proxy=proxy_for(origin, environ))
    )
    return webhook
