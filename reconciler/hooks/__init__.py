"""Family 4: the ways of telling consumers that a key has a new version.

This table is all that importing the room costs: the module of a way, and what it needs in turn, is
imported when a manifest uses it. Nothing here reads a manifest, and no secret value is ever told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Any, TypeAlias

from reconciler.core.keys import Address
from reconciler.interfaces.driver import Done, Outcome
from reconciler.interfaces.notifier import News, Notifier

Loader: TypeAlias = Callable[[], type[Any]]
"""Imports a way's module and gives its class; what the class is built with is its own."""


def _load(module: str, name: str) -> type[Any]:
    way: type[Any] = getattr(import_module(f"{__name__}.{module}"), name)
    return way


HOOKS: Mapping[str, Loader] = MappingProxyType(
    {
        "webhook": partial(_load, "webhook", "Webhook"),
        "command": partial(_load, "command", "Command"),
        "memory": partial(_load, "memory", "MemoryNotifier"),
    }
)
"""Every way that `on_promoted` can name, and the one in memory for simulations."""


class Hooks:
    """A `Notifier` that tells each key's consumers in their own way."""

    def __init__(self, ways: Mapping[Address, Notifier]) -> None:
        self._ways = dict(ways)

    async def announce(self, news: News) -> Outcome[None]:
        """Tell the consumers of a key; where nobody is to be told, that is done."""
        way = self._ways.get(news.address)
        return await way.announce(news) if way else Done(None)
