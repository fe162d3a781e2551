"""What has to happen to secrets that go INTO a gateway: the provider keys of the manifest.

The gateway never shows a value, so that a change is told by the slot that it comes from. An
upstream that holds a value of somebody else's is only taken over where the manifest says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from reconciler.core.desired import Desired, DesiredProviderKey
from reconciler.core.keys import Address, Cause, OpId
from reconciler.core.matching import Matches
from reconciler.core.observed import Head, Upstream
from reconciler.core.recorded import ProviderKeyRow, Recorded
from reconciler.core.steps import REMOVALS, Action, Reason, Step

PENDING = ""
"""The id and the source of an upstream that is about to be made."""


@dataclass(frozen=True, slots=True)
class _Case:
    """All that is known of one provider key."""

    key: DesiredProviderKey
    row: ProviderKeyRow | None
    upstreams: tuple[Upstream, ...]
    head: Head | None
    unread: str | None
    renewed: bool
    current: OpId | None
    renamed: str | None


def provider_key_steps(
    desired: Desired, recorded: Recorded, matches: Matches, renewed: frozenset[Address]
) -> Iterator[Step]:
    """Give the steps of every provider key; `renewed` are the keys that this plan makes anew."""
    rows = {row.address: row for row in recorded.provider_keys}
    ops = {row.address: row.current.op for row in recorded.keys if row.current}
    for key in desired.provider_keys:
        current = ops.get(key.of_key) if key.of_key else None
        step = _decide(_case(key, rows.get(key.address), matches, renewed, current))
        if step is not None:
            yield step
    declared = {key.address for key in desired.provider_keys}
    yield from (_forget(row) for row in recorded.provider_keys if row.address not in declared)


def source_state(head: Head) -> str:
    """Name what a slot holds now: the version of ours that is current, or its exact state."""
    return head.current.op if head.current else head.etag


def own_row(
    row: ProviderKeyRow | None, key: DesiredProviderKey, named: Collection[Upstream]
) -> ProviderKeyRow | None:
    """Give the record of what this very upstream was given; None where it is about another one.

    One that was deleted and made anew by somebody has the same name, and another id.
    """
    if row is None or row.provider != key.provider:
        return None
    if row.upstream_id == PENDING or not named:
        return row if row.upstream == key.upstream else None
    return row if any(upstream.id == row.upstream_id for upstream in named) else None


def feeders(
    desired: Desired, recorded: Recorded, waiting: Collection[Address]
) -> frozenset[Address]:
    """Give the keys whose secret is in a gateway that still waits, or is to get there."""
    rows = {row.address: row for row in recorded.provider_keys}
    late = [key for key in desired.provider_keys if key.address in waiting]
    had = {rows[key.address].source for key in late if key.address in rows}
    sources = had | {key.source for key in late}
    stored = {row.address for row in recorded.keys if row.target in sources}
    return frozenset(stored | {key.of_key for key in late if key.of_key})


def spare_feeders(
    desired: Desired, recorded: Recorded, planned: tuple[Step, ...], agreed: tuple[Step, ...]
) -> tuple[Step, ...]:
    """Drop the removals of what a gateway uses that is planned to get another, and will not now."""
    given = {step.address for step in agreed if step.action is Action.PROVIDE}
    waiting = {step.address for step in planned if step.action is Action.PROVIDE} - given
    spared = feeders(desired, recorded, waiting)
    return tuple(s for s in agreed if s.action not in REMOVALS or s.address not in spared)


def wait_for_gateway(step: Step, waiting: frozenset[Address]) -> Step:
    """Hold the end of an old version whose secret may still be the one that a gateway uses."""
    if step.address not in waiting or step.action not in REMOVALS:
        return step
    return replace(
        step,
        action=Action.HOLD,
        sentence=f"{step.sentence}; waits, since a gateway was not given its replacement yet",
        impact=None,
    )


def _case(
    key: DesiredProviderKey,
    row: ProviderKeyRow | None,
    matches: Matches,
    renewed: frozenset[Address],
    current: OpId | None,
) -> _Case:
    view = matches.views.get(key.provider)
    unread = matches.unread(key.provider) or (view.upstreams_problem if view else None)
    upstreams = view.upstreams if view else ()
    named = tuple(u for u in upstreams if u.name == key.upstream)
    own = own_row(row, key, named)
    other = (u.name for u in upstreams if own and not named and u.id == own.upstream_id)
    return _Case(
        key,
        own,
        named,
        matches.heads.get(key.source),
        unread or matches.store_unread(key.source.store),
        key.of_key in renewed,
        current,
        next(other, None),
    )


def _decide(case: _Case) -> Step | None:
    if stuck := _stuck(case):
        return stuck
    key, row = case.key, case.row
    if not case.upstreams:
        sentence = "the gateway has no such upstream yet: it is made, with these `options`"
        return _provide(case, Reason.NEVER_PROVIDED, sentence)
    if row is None:
        return _provide(case, Reason.NEVER_PROVIDED, "its secret is replaced: `adopt` is true")
    if case.renewed:
        return _provide(case, Reason.SOURCE_CHANGED, f"key '{key.of_key}' gets a new secret")
    if row.source != key.source:
        return _provide(case, Reason.SOURCE_CHANGED, f"it comes from {key.source} now")
    if case.head is None or source_state(case.head) != row.source_etag:
        return _provide(case, Reason.SOURCE_CHANGED, f"{key.source} has changed since it was read")
    return None


def _stuck(case: _Case) -> Step | None:
    """Say what a person has to mend first."""
    key = case.key
    if case.unread is not None:
        return _hold(case, Reason.UNREADABLE, f"not decided: {case.unread}")
    if len(case.upstreams) > 1:
        what = f"the gateway has {len(case.upstreams)} upstreams named '{key.upstream}'"
        return _hold(case, Reason.ASK, f"{what}: rename all but one")
    if case.renamed is not None:
        what = f"upstream '{key.upstream}' is named '{case.renamed}' at the gateway now"
        return _hold(case, Reason.ASK, f"{what}: rename it there, or write that name here")
    if missing := _missing(case):
        return _hold(case, Reason.SECRET_MISSING, missing)
    if not case.upstreams and not key.fields.pairs:
        return _hold(
            case,
            Reason.NO_UPSTREAM,
            f"the gateway has no upstream named '{key.upstream}': make it there, or declare "
            "`options` that say how to",
        )
    if case.upstreams and case.row is None and not key.adopt:
        return _hold(
            case,
            Reason.NOT_OURS,
            f"upstream '{key.upstream}' holds a secret that Keywright did not write, and that "
            "nobody can read back: declare `adopt: true` to replace it",
        )
    return None


def _missing(case: _Case) -> str | None:
    """Say so where the slot has not got what the gateway is to have."""
    key, head = case.key, case.head
    if case.renewed:
        return None
    if head is None or head.owner is None:
        how = f"make key '{key.of_key}' first" if key.of_key else "put the secret there first"
        return f"there is nothing in {key.source} yet: {how}"
    stored = head.current.op if head.current else None
    if key.of_key and (stored is None or stored != case.current):
        return f"{key.source} does not hold the current version of key '{key.of_key}'"
    return None


def _provide(case: _Case, reason: Reason, sentence: str) -> Step:
    return _step(case, Action.PROVIDE, reason, sentence)


def _hold(case: _Case, reason: Reason, sentence: str) -> Step:
    return _step(case, Action.HOLD, reason, sentence)


def _step(case: _Case, action: Action, reason: Reason, sentence: str) -> Step:
    return Step(
        address=case.key.address,
        provider=case.key.provider,
        action=action,
        cause=Cause.CONFIG,
        reason=reason,
        sentence=sentence,
        place=case.key.place,
        precondition=_precondition(case),
        upstream=case.key.upstream,
        source=case.key.source,
    )


def _precondition(case: _Case) -> str:
    """Name what was seen, so that a change of it since is noticed.

    What a key of ours leaves in its slot may be new by then: whose it is, is checked later.
    """
    source = "" if case.key.of_key or case.head is None else source_state(case.head)
    return "/".join([source, *(upstream.id for upstream in case.upstreams)])


def _forget(row: ProviderKeyRow) -> Step:
    return Step(
        address=row.address,
        provider=row.provider,
        action=Action.FORGET,
        cause=Cause.CONFIG,
        reason=Reason.UNDECLARED,
        sentence=f"it left the manifest: upstream '{row.upstream}' keeps the secret that it has, "
        "and only our record of it goes",
        upstream=row.upstream,
        source=row.source,
    )
