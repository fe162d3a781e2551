"""Looking at the world: one listing per provider, heads of slots, names of spooled secrets.

Nothing raises for a failed read; every view carries its own problem, and planning decides what may
be concluded from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.core.desired import Desired
from reconciler.core.keys import KeyId, Target
from reconciler.core.observed import LiveKey, Observed, ProviderView, StoreView
from reconciler.core.recorded import Recorded
from reconciler.engine.world import Outlook
from reconciler.interfaces.driver import Done, KeyReader

_LOOKUPS = 8


async def observe(outlook: Outlook, recorded: Recorded) -> Observed:
    """Look at everything that this stack is about, all at once."""
    providers, stores, spool = await asyncio.gather(
        asyncio.gather(
            *(_view_provider(outlook, name, recorded) for name in sorted(outlook.drivers))
        ),
        asyncio.gather(*_view_stores(outlook, recorded)),
        outlook.spool.view(),
    )
    return Observed(providers=tuple(providers), stores=tuple(stores), spool=spool)


async def _view_provider(outlook: Outlook, name: str, recorded: Recorded) -> ProviderView:
    driver = outlook.drivers[name]
    view = await driver.survey(_progress(outlook, name))
    if not view.complete:
        return view
    if name in _gateways(outlook.desired, recorded):
        view = await _view_upstreams(driver, view)
    born = _recorded_ids(recorded, name)
    hidden = sorted(born.keys() - {live.id for live in view.keys} - view.absent)
    ripe = outlook.clock.now() - _list_lag(outlook, name)
    young = frozenset(key_id for key_id in hidden if born[key_id] > ripe)
    return await _look_up(driver, view, hidden, young) if hidden else view


def _list_lag(outlook: Outlook, name: str) -> timedelta:
    able = outlook.able.get(name)
    return able.list_lag if able else timedelta(0)


def _gateways(desired: Desired, recorded: Recorded) -> set[str]:
    keys, rows = desired.provider_keys, recorded.provider_keys
    return {key.provider for key in keys} | {row.provider for row in rows}


async def _view_upstreams(driver: KeyReader, view: ProviderView) -> ProviderView:
    match await driver.upstreams():
        case Done(upstreams):
            return replace(view, upstreams=upstreams)
        case other:
            return replace(view, upstreams_problem=other.reason)


def _progress(outlook: Outlook, name: str) -> Callable[[int, int], None]:
    return lambda seen, total: outlook.reporter.reading(name, seen, total)


def _recorded_ids(recorded: Recorded, provider: str) -> dict[KeyId, datetime]:
    """Give every recorded id of a provider, and when its key was made."""
    born = {
        v.key_id: v.created_at
        for row in recorded.keys
        for v in row.living
        if v.provider == provider
    }
    for intent in recorded.intents:
        if intent.key_id and intent.provider == provider:
            born[intent.key_id] = intent.started_at
    return born


async def _look_up(
    driver: KeyReader, view: ProviderView, hidden: list[KeyId], young: frozenset[KeyId]
) -> ProviderView:
    """Ask for recorded ids that a complete list does not show: listing is not existence.

    That a `young` one is not found says nothing: a look-up may lag as the list does.
    """
    gate = asyncio.Semaphore(_LOOKUPS)

    async def ask(key_id: KeyId) -> tuple[KeyId, LiveKey | None, bool]:
        async with gate:
            match await driver.get(key_id):
                case Done(live):
                    return key_id, live, live is None
                case _:
                    return key_id, None, False

    answers = await asyncio.gather(*map(ask, hidden))
    return replace(
        view,
        keys=(*view.keys, *(live for _, live, _ in answers if live)),
        absent=view.absent
        | {key_id for key_id, _, gone in answers if gone and key_id not in young},
    )


def _view_stores(outlook: Outlook, recorded: Recorded) -> list[asyncio.Task[StoreView]]:
    targets: dict[str, set[Target]] = {name: set() for name in outlook.stores}
    for target in _targets(outlook.desired, recorded):
        targets.setdefault(target.store, set()).add(target)
    return [
        asyncio.ensure_future(outlook.stores[name].heads(tuple(sorted(wanted, key=_by_place))))
        for name, wanted in sorted(targets.items())
        if name in outlook.stores
    ]


def _by_place(target: Target) -> tuple[str, str]:
    return target.path, target.field


def _targets(desired: Desired, recorded: Recorded) -> set[Target]:
    return (
        {key.target for key in desired.keys}
        | {row.target for row in recorded.keys}
        | {version.target for row in recorded.keys for version in row.living}
        | {intent.target for intent in recorded.intents}
        | {key.source for key in desired.provider_keys}
    )
