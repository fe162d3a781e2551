"""Bringing a secret into a gateway: read where it is stored, handed over, and never shown.

Sending the same value twice is the same as sending it once. So an interrupted hand-over needs no
operation of its own: the record is written after it, and the next run does it again. Only what has
to be made is recorded before, or it would look like somebody else's afterwards.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.desired import DesiredProviderKey
from reconciler.core.observed import Head, Upstream
from reconciler.core.provider_keys import source_state
from reconciler.core.recorded import ProviderKeyRow
from reconciler.core.secret import Fingerprint, Secret, fingerprint
from reconciler.core.steps import Outcome, Result, Step
from reconciler.engine.transaction import Run, done, failed, refused, unknown
from reconciler.errors import StoreError
from reconciler.interfaces.driver import Done, Refused, Unknown

_PENDING = ""
"""The id and the source of an upstream that is about to be made."""


async def provide(run: Run, step: Step) -> Result:
    """Hand the stored secret over to the gateway, where it has not got it already.

    Where that fails, the key that it comes from is not touched any more in this run: its old
    version may be the one that the gateway uses.
    """
    key = run.provider_keys[step.address]
    if key.of_key in run.troubled:
        return Result(step, Outcome.SKIPPED, f"not begun: key '{key.of_key}' went wrong")
    result = await _provide(run, step, key)
    if result.outcome is not Outcome.DONE and key.of_key is not None:
        run.troubled.add(key.of_key)
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
    print_of, row = fingerprint(secret, run.meta.salt), _row(run, key)
    known = _upstream(run, key, row)
    if row is not None and known and row.fingerprint == print_of and row.source_etag != _PENDING:
        await _save(run, replace(row, source_etag=source_state(head)))
        return done(step, "the stored value is the one that the gateway has: nothing was sent")
    if known is None:
        row = await _save(run, row or _begin(run, key, print_of))
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
    row = run.rows.get(key.of_key) if key.of_key else None
    if row is None or (row.current and head.current and head.current.op == row.current.op):
        return None
    return f"{key.source} does not hold the current version of key '{key.of_key}'"


def _row(run: Run, key: DesiredProviderKey) -> ProviderKeyRow | None:
    row = run.provided.get(key.address)
    if row is None or (row.provider, row.upstream) == (key.provider, key.upstream):
        return row
    return replace(row, upstream_id=_PENDING, source_etag=_PENDING, made=False)


def _upstream(run: Run, key: DesiredProviderKey, row: ProviderKeyRow | None) -> Upstream | None:
    named = [u for u in run.upstreams.get(key.provider, ()) if u.name == key.upstream]
    same = (u for u in named if row is not None and u.id == row.upstream_id)
    return next(same, named[0] if len(named) == 1 else None)


def _begin(run: Run, key: DesiredProviderKey, print_of: Fingerprint) -> ProviderKeyRow:
    return ProviderKeyRow(
        address=key.address,
        provider=key.provider,
        upstream=key.upstream,
        upstream_id=_PENDING,
        source=key.source,
        source_etag=_PENDING,
        fingerprint=print_of,
        written_at=run.world.clock.now(),
        made=True,
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
        rev=row.rev if row else 0,
    )


async def _save(run: Run, row: ProviderKeyRow) -> ProviderKeyRow:
    row = replace(row, rev=await run.world.backend.write_row(row))
    run.provided[row.address] = row
    return row
