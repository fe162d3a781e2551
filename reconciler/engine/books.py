"""Bringing the record up to date with what needs no step, before the steps of a run begin."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from reconciler.core.keys import ENABLED, Address, KeyId, Stage
from reconciler.core.observed import LiveKey, LiveStatus, Observed
from reconciler.core.ownership import op_tag
from reconciler.core.recorded import KeyRow, ProviderRow
from reconciler.core.strays import LATE_LANDING
from reconciler.core.tenant import Tenant
from reconciler.engine.incidents import settle_incidents
from reconciler.engine.transaction import Run, with_version


async def keep_books(run: Run, observed: Observed) -> None:
    """Bring the record up to date with what needs no step.

    Copies of the manifest, providers, operations that can land no more, incidents for which nothing
    is owed, and spooled secrets of versions that were recorded just before a crash.
    """
    incidents = await run.world.backend.incidents()
    revoked = frozenset((incident.provider, incident.key_id) for incident in incidents)
    recorded_ops = {v.op for row in run.rows.values() for v in row.living}
    whole = {view.provider for view in observed.providers if view.complete}
    await asyncio.gather(
        *(run.world.spool.drop(op) for op in sorted(observed.spool.ops & recorded_ops)),
        *(run.save(row) for row in _stale_copies(run, revoked)),
        *(run.save_provider(row) for row in _provider_rows(run)),
        *(
            run.world.backend.drop_row(op)
            for op in run.retired.values()
            if run.world.clock.now() - op.retired_at > LATE_LANDING
            and op.provider in whole
            and not op.released
            and not any(op_tag(op.op) in key.mark_text for key in run.live.values())
        ),
    )
    await settle_incidents(run, incidents)


def _stale_copies(run: Run, revoked: frozenset[tuple[str, KeyId]]) -> list[KeyRow]:
    """Give the rows whose copy of the manifest, or of who switched a key off, is out of date."""
    fresh = (_fresh_copy(run, address, revoked) for address in run.keys.keys() & run.rows.keys())
    return [row for row in fresh if row != run.rows[row.address]]


def _fresh_copy(run: Run, address: Address, revoked: frozenset[tuple[str, KeyId]]) -> KeyRow:
    key, row = run.keys[address], run.rows[address]
    row = replace(
        row,
        owner=key.owner,
        environment=key.environment,
        labels=key.labels,
        delete_after=key.delete_after,
        protect=key.protect,
    )
    off = key.attributes.get(ENABLED) is False
    if off:
        row = _kept(row, revoked)
    version = row.current
    live = run.live.get((version.provider, version.key_id)) if version else None
    return replace(row, disabled_by_us=_off_by_us(row, live, off=off))


def _kept(row: KeyRow, revoked: frozenset[tuple[str, KeyId]]) -> KeyRow:
    """Take a version back that was on its way out, and is declared again as switched off.

    Only the last one, where there is no other, and never one that a person revoked.
    """
    if row.current is not None or not row.living:
        return row
    last = max(row.living, key=lambda version: version.number)
    if last.stage is not Stage.DISABLED or (last.provider, last.key_id) in revoked:
        return row
    kept = replace(last, stage=Stage.CURRENT, disabled_at=None, delete_at=None)
    return with_version(row, kept)


def _off_by_us(row: KeyRow, live: LiveKey | None, *, off: bool) -> bool:
    """Whether a disabled key is as the manifest wants it; a key that works is not off at all."""
    if live is None:
        return row.disabled_by_us
    if live.status is LiveStatus.ACTIVE:
        return row.disabled_by_us and off
    return row.disabled_by_us or off


def _provider_rows(run: Run) -> list[ProviderRow]:
    """Give the rows of providers that were read whole, where something of them is out of date."""
    whole = (tenant for tenant in run.tenants.values() if tenant.view.complete)
    rows = ((tenant, run.providers.get(tenant.provider.name)) for tenant in whole)
    fresh = ((row, _provider_row(tenant, row)) for tenant, row in rows)
    return [now for before, now in fresh if now != before]


def _provider_row(tenant: Tenant, row: ProviderRow | None) -> ProviderRow:
    """Give a provider's row as it should be.

    A switch that is as the manifest says counts as set by us: turned later, it was turned by
    somebody else. A dead key that no container can hold any more is forgotten.
    """
    provider, toggle = tenant.provider, tenant.toggle
    if row is None:
        row = ProviderRow(
            name=provider.name, origin=provider.origin, dialect=provider.dialect, tenant=None
        )
    agreed = toggle.there is not None and toggle.there is toggle.wanted
    return replace(
        row,
        tenant=row.tenant or tenant.view.tenant,
        keys_enabled=toggle.wanted if agreed else row.keys_enabled,
        dead=tuple(key_id for key_id in row.dead if _may_be_held(tenant, key_id)),
    )


def _may_be_held(tenant: Tenant, key_id: KeyId) -> bool:
    """Whether some container holds a key, or one that is being built may."""
    alive = any(live.id == key_id for live in tenant.view.keys)
    return alive or bool(tenant.may_hold(key_id))
