"""Bringing a secret into a gateway: read where it is stored, handed over, and never shown.

Sending the same value twice is the same as sending it once. So an interrupted hand-over needs no
operation of its own: the record is written after it, and the next run does it again. Only what has
to be made is recorded before, or it would look like somebody else's afterwards.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.desired import DesiredProviderKey
from reconciler.core.keys import Address
from reconciler.core.observed import Head, Upstream
from reconciler.core.provider_keys import PENDING, own_row, source_state
from reconciler.core.recorded import ProviderKeyRow
from reconciler.core.secret import Fingerprint, Secret, fingerprint
from reconciler.core.steps import Outcome, Result, Step
from reconciler.engine.transaction import Run, done, failed, refused, unknown
from reconciler.errors import StoreError
from reconciler.interfaces.driver import Done, Refused, Unknown


async def provide(run: Run, step: Step) -> Result:
    """Hand the stored secret over to the gateway, where it has not got it already.

    Unless that is done, the keys that it comes from, or came from until now, are not touched any
    more in this run: an old version of theirs may be the one that the gateway uses.
    """
    key = run.provider_keys[step.address]
    result = Result(step, Outcome.SKIPPED, f"not begun: key '{key.of_key}' went wrong")
    fed_by = _fed_by(run, key)
    try:
        if key.of_key not in run.troubled:
            result = await _provide(run, step, key)
    finally:
        if result.outcome is not Outcome.DONE:
            run.troubled |= fed_by
    return result


async def forget_provided(run: Run, step: Step) -> Result:
    """Forget that a secret was handed over; the gateway keeps it."""
    row = run.provided[step.address]
    await run.world.backend.drop_row(row)
    del run.provided[step.address]
    return done(step, f"its record was removed; upstream '{row.upstream}' keeps its secret")


async def _provide(run: Run, step: Step, key: DesiredProviderKey) -> Result:
    read = await _read(run, key)
    if isinstance(read, str):
        return failed(step, read)
    head, secret = read
    print_of = fingerprint(secret, run.meta.salt)
    named = [u for u in run.upstreams.get(key.provider, ()) if u.name == key.upstream]
    row, known = own_row(run.provided.get(key.address), key, named), next(iter(named), None)
    if row and known and known.id == row.upstream_id and row.fingerprint == print_of:
        await _save(run, replace(row, source=key.source, source_etag=source_state(head)))
        return done(step, "the stored value is the one that the gateway has: nothing was sent")
    if known is None:
        row = await _save(run, _begin(run, key, print_of))
    given = await run.driver(key.provider).put_upstream(
        known.id if known else None, key.upstream, key.fields, secret
    )
    match given:
        case Done(upstream):
            await _save(run, _provided(run, key, row, upstream, head, print_of))
            return done(step, f"upstream '{key.upstream}' has the secret of {key.source}")
        case Refused(reason):
            return refused(step, f"the gateway refused it: {reason}")
        case Unknown(reason):
            return unknown(step, f"{reason}; the next run hands it over again")


async def _read(run: Run, key: DesiredProviderKey) -> tuple[Head, Secret] | str:
    """Read the slot and what is in it; a sentence where that cannot be.

    The head comes first: what changes in between is then a change for the next plan.
    """
    store = run.store(key.source.store)
    try:
        view = await store.heads((key.source,))
        secret = await store.read(key.source)
    except StoreError as error:
        return str(error)
    head = next((head for head in view.heads if head.target == key.source), None)
    if view.problem is not None or head is None:
        return view.problem or f"{key.source} could not be looked at"
    if secret is None:
        return f"{key.source} cannot be read from here"
    if stale := _is_stale(run, key, head):
        return stale
    return head, secret


def _is_stale(run: Run, key: DesiredProviderKey, head: Head) -> str | None:
    """Say so when the slot of a key does not hold that key's current version."""
    if key.of_key is None:
        return None
    row = run.rows.get(key.of_key)
    if row and row.current and head.current and head.current.op == row.current.op:
        return None
    return f"{key.source} does not hold the current version of key '{key.of_key}'"


def _fed_by(run: Run, key: DesiredProviderKey) -> frozenset[Address]:
    """Give the keys whose secrets the gateway has, or is to have."""
    row = run.provided.get(key.address)
    sources = {key.source, row.source} if row else {key.source}
    stored = {
        row.address
        for row in run.rows.values()
        if sources & {row.target, *(version.target for version in row.living)}
    }
    return frozenset(stored | ({key.of_key} if key.of_key else set()))


def _begin(run: Run, key: DesiredProviderKey, print_of: Fingerprint) -> ProviderKeyRow:
    return ProviderKeyRow(
        address=key.address,
        provider=key.provider,
        upstream=key.upstream,
        upstream_id=PENDING,
        source=key.source,
        source_etag=PENDING,
        fingerprint=print_of,
        written_at=run.world.clock.now(),
        made=True,
        rev=_rev(run, key),
    )


def _provided(
    run: Run,
    key: DesiredProviderKey,
    row: ProviderKeyRow | None,
    upstream: Upstream,
    head: Head,
    print_of: Fingerprint,
) -> ProviderKeyRow:
    return ProviderKeyRow(
        address=key.address,
        provider=key.provider,
        upstream=key.upstream,
        upstream_id=upstream.id,
        source=key.source,
        source_etag=source_state(head),
        fingerprint=print_of,
        written_at=run.world.clock.now(),
        made=row is not None and row.made,
        rev=_rev(run, key),
    )


def _rev(run: Run, key: DesiredProviderKey) -> int:
    row = run.provided.get(key.address)
    return row.rev if row else 0


async def _save(run: Run, row: ProviderKeyRow) -> ProviderKeyRow:
    row = replace(row, rev=await run.world.backend.write_row(row))
    run.provided[row.address] = row
    return row
