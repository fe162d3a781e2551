"""Which deploys a plan needs: at most one after creates, and one after deletes.

Looks at the steps that are planned for the keys of one provider, and at what its containers run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.keys import Address, Cause, KeyId
from reconciler.core.observed import Deployment, LiveKey, LiveStatus
from reconciler.core.recorded import KeyRow
from reconciler.core.steps import MINTS, Action, Reason, Settlement, Step, provider_address
from reconciler.core.tenant import Aim, Effect, Tenant, ran, settled
from reconciler.core.toggle import toggle_precondition

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """All that decides on the deploys of one provider.

    `steps` are those of its keys and of its switch. `current` has the ids that every project has to
    hold, with the addresses of their keys. `revoked` has those that a person took out of service.
    """

    tenant: Tenant
    steps: tuple[Step, ...]
    current: Mapping[KeyId, Address]
    revoked: frozenset[KeyId] = frozenset()

    def planned(self, action: Action) -> tuple[Step, ...]:
        """Give the steps with this action."""
        return tuple(step for step in self.steps if step.action is action)

    @property
    def mints(self) -> tuple[Step, ...]:
        """Give the steps that make a new version."""
        return tuple(step for step in self.steps if step.action in MINTS)

    @property
    def removals(self) -> tuple[Step, ...]:
        """Give the steps that delete: also what is revoked, where it cannot be switched off."""
        revoked = () if self.tenant.able.can_disable else self.planned(Action.REVOKE)
        return (*self.planned(Action.DELETE), *revoked)

    @property
    def doomed(self) -> frozenset[KeyId]:
        """The ids that this run takes away, and those that are gone without a record."""
        undone = (
            step.key_id
            for step in self.planned(Action.RECOVER)
            if step.settlement is Settlement.UNDO or step.reason is Reason.LATE_LANDING
        )
        deleted = (step.key_id for step in self.removals)
        return frozenset(key_id for key_id in (*deleted, *undone, *self.dead) if key_id)

    @property
    def dead(self) -> tuple[KeyId, ...]:
        """The ids of ours that are gone, and that no step of a key would take out of projects."""
        alive = {live.id for live in self.tenant.view.keys}
        revoked = (key_id for key_id in sorted(self.revoked) if self.tenant.holders(key_id))
        found = dict.fromkeys((*self.tenant.dead, *revoked))
        return tuple(key_id for key_id in found if key_id not in alive)

    @property
    def idle(self) -> tuple[Address, ...]:
        """The keys that do not count yet, as far as projects go."""
        found = (a for key_id, a in self.current.items() if self.tenant.effect(key_id) in _LATER)
        return tuple(sorted(found))

    def frozen(self, *, on: bool) -> tuple[str, ...]:
        """The projects that were deployed while the switch was so, and it is wanted otherwise."""
        toggle = self.tenant.toggle
        if toggle.wanted is not (not on) or toggle.off is not on:
            return ()
        return tuple(d.project for d in self.tenant.scope if ran(d) and d.enabled is on)


_LATER = frozenset({Effect.OUR_DEPLOY, Effect.THEIR_DEPLOY})


def deploy_steps(rollout: Rollout) -> Iterator[Step]:
    """Give the deploys of one provider, and what waits for somebody else's."""
    tenant = rollout.tenant
    if not tenant.able.on_deploy or not tenant.view.complete:
        return
    if waits := tuple(_waiting(rollout)):
        yield _step(tenant, Action.HOLD, waits, ())
    if tenant.managed:
        yield from _ours(rollout)


def _ours(rollout: Rollout) -> Iterator[Step]:
    tenant = rollout.tenant
    before = _projects_before(rollout)
    after = _projects_after(rollout, before)
    if before and after and not _needed_first(rollout):
        before, after = (), tuple(d.project for d in tenant.scope if d.project in before + after)
    if before:
        yield _step(tenant, Action.DEPLOY, tuple(_why_before(rollout)), before)
    if after:
        why = tuple(_why_after(rollout)) + (() if before else tuple(_why_idle(rollout)))
        yield _step(tenant, Action.REDEPLOY, why, after)


def _needed_first(rollout: Rollout) -> bool:
    """Whether something of this run waits for a deploy before anything is taken away."""
    proofs = rollout.mints or rollout.planned(Action.VERIFY)
    return bool(proofs or rollout.frozen(on=False))


def _projects_before(rollout: Rollout) -> tuple[str, ...]:
    tenant = rollout.tenant
    if tenant.toggle.off or not tenant.deployable:
        return ()
    aim = aim_before(tenant, frozenset(rollout.current))
    everywhere = bool(rollout.mints)
    return tuple(d.project for d in tenant.scope if everywhere or not aim.fits(d))


def _projects_after(rollout: Rollout, before: tuple[str, ...]) -> tuple[str, ...]:
    """Where something is to go: where it is now, and where the deploy before takes it."""
    deletes = any(map(_takes_away, rollout.removals))
    off = rollout.tenant.toggle.off and rollout.tenant.toggle.wanted is False
    aim = Aim(drops=rollout.doomed, enabled=False if off else None)

    def needs(seen: Deployment) -> bool:
        if seen.project in before:
            return deletes
        return not aim.fits(seen) or (bool(rollout.doomed) and not settled(seen))

    return tuple(seen.project for seen in rollout.tenant.scope if needs(seen))


def _takes_away(step: Step) -> bool:
    """Whether a deletion is of a key that the API still has."""
    return step.settlement is None and step.reason is not Reason.ALREADY_GONE


def _why_before(rollout: Rollout) -> Iterator[str]:
    if creates := rollout.mints:
        yield f"new keys count only after a deploy: {_list(step.address for step in creates)}"
    yield from _why_idle(rollout)
    if off := rollout.frozen(on=False):
        yield f"deployed while all keys were off: {_list(off)}"


def _why_idle(rollout: Rollout) -> Iterator[str]:
    if idle := rollout.idle:
        yield f"not in every project yet: {_list(idle)}"


def _why_after(rollout: Rollout) -> Iterator[str]:
    if deletes := rollout.removals:
        yield f"deleted keys work until a deploy: {_list(step.address for step in deletes)}"
    others = rollout.doomed - {step.key_id for step in rollout.removals}
    if gone := [key_id for key_id in others if rollout.tenant.may_hold(key_id)]:
        yield f"keys that are gone work until a deploy: {_list(gone)}"
    if on := rollout.frozen(on=True):
        yield f"deployed while all keys were on: {_list(on)}"


def _waiting(rollout: Rollout) -> Iterator[str]:
    """What counts, or stops to, only after a deploy that is not ours to make."""
    tenant = rollout.tenant
    if not tenant.managed:
        yield from _why_idle(rollout)
        if off := rollout.frozen(on=False):
            yield f"deployed while all keys were off: {_list(off)}"
    elif unknown := tenant.unknown_projects:
        there = _list(seen.project for seen in tenant.view.deployments)
        yield f"`deploy` names {_list(unknown)}, and the projects are: {there or 'none'}"
    elif rollout.idle and not tenant.deployable:
        yield "there is no project to deploy"
    theirs = [
        key_id
        for key_id in rollout.dead
        if tenant.holders(key_id) and tenant.dying(key_id) is Effect.THEIR_DEPLOY
    ]
    if theirs:
        where = _list(name for key_id in theirs for name in tenant.holders(key_id))
        yield f"gone, and still accepted by {where}, which we do not deploy: {_list(theirs)}"


def _step(
    tenant: Tenant, action: Action, because: tuple[str, ...], projects: tuple[str, ...]
) -> Step:
    theirs = action is Action.HOLD and not tenant.managed
    wait = "; it waits for a deploy, which the manifest leaves to somebody else" if theirs else ""
    return Step(
        address=provider_address(tenant.provider.name),
        provider=tenant.provider.name,
        action=action,
        cause=Cause.CONFIG,
        reason=Reason.NOT_DEPLOYED,
        sentence=f"{'; '.join(because)}{wait}",
        precondition=toggle_precondition(tenant),
        projects=projects,
    )


def current_of(
    provider: str,
    declared: Collection[Address],
    rows: Iterable[KeyRow],
    live: Mapping[tuple[str, KeyId], LiveKey],
) -> dict[KeyId, Address]:
    """Give the keys that every project of a provider has to hold: declared, current and working."""
    found: dict[KeyId, Address] = {}
    for row in rows:
        version = row.current
        if version is None or version.provider != provider or row.address not in declared:
            continue
        shown = live.get((provider, version.key_id))
        if shown is not None and shown.status is LiveStatus.ACTIVE:
            found[version.key_id] = row.address
    return found


def aim_before(
    tenant: Tenant, holds: frozenset[KeyId], gone: frozenset[KeyId] = frozenset()
) -> Aim:
    """Say what every project must run before anything may be taken away.

    What is `gone` already goes out with it.
    """
    return Aim(holds=holds, drops=gone, enabled=_on(tenant, holds))


def aim_after(tenant: Tenant, holds: frozenset[KeyId], drops: frozenset[KeyId]) -> Aim:
    """Say what every project must run in the end."""
    if tenant.toggle.off:
        return Aim(drops=drops, enabled=False if tenant.toggle.wanted is False else None)
    return Aim(holds=holds, drops=drops, enabled=_on(tenant, holds))


def _on(tenant: Tenant, holds: frozenset[KeyId]) -> bool | None:
    """Whether containers must have the switch on: where that is wanted, or a key needs it."""
    needed = tenant.toggle.there is not None and (tenant.toggle.wanted is True or holds)
    return True if needed else None


def _list(names: Iterable[str]) -> str:
    told = sorted(set(names))
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return f"{', '.join(told[:_SHOWN])}{more}"
