"""One provider as a whole: its switch for all keys, and what its projects were deployed with.

Three states are told apart: what is declared, what the API has stored, and what containers run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from reconciler.core.capabilities import Capabilities, Marker
from reconciler.core.desired import Desired, DesiredProvider
from reconciler.core.keys import KeyId
from reconciler.core.observed import Deployment, Observed, ProviderView
from reconciler.core.recorded import ProviderRow, Recorded


class Effect(StrEnum):
    """When a change of keys counts."""

    NOW = "now"
    """At once, or it counts already, or nothing counts while all keys are switched off."""
    OUR_DEPLOY = "our deploy"
    THEIR_DEPLOY = "their deploy"
    """After a deploy that the manifest leaves to somebody else."""


@dataclass(frozen=True, slots=True)
class Toggle:
    """The switch for all keys of a tenant: as it is wanted, as it is, and as we last set it.

    `there` is None where there is no such switch.
    """

    wanted: bool | None
    there: bool | None
    recorded: bool | None

    @property
    def turns_on(self) -> bool:
        """Whether this run switches it on."""
        return self.wanted is True and self.there is False and self.recorded is not True

    @property
    def turns_off(self) -> bool:
        """Whether this run switches it off."""
        return self.wanted is False and self.there is True

    @property
    def turned_outside(self) -> bool:
        """Whether somebody else switched it off, though it is wanted on and we had it on."""
        return self.wanted is True and self.there is False and self.recorded is True

    @property
    def off(self) -> bool:
        """Whether no key works by the end of this run, so that none can be tried out."""
        if self.there is None:
            return False
        return self.wanted is False or (not self.there and not self.turns_on)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a container must hold, must not hold, and how its switch must be; None is either way."""

    holds: frozenset[KeyId] = frozenset()
    drops: frozenset[KeyId] = frozenset()
    enabled: bool | None = None

    def fits(self, seen: Deployment) -> bool:
        """Whether a project runs what it should; one that never ran has nothing to drop."""
        if not self.holds <= seen.key_ids or self.drops & seen.key_ids:
            return False
        return self.enabled is None or not ran(seen) or seen.enabled is not (not self.enabled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A provider as it is declared, as it can be, as it was seen, and as we recorded it."""

    provider: DesiredProvider
    able: Capabilities
    view: ProviderView
    row: ProviderRow | None = None

    @property
    def toggle(self) -> Toggle:
        """The switch for all its keys."""
        there = self.view.enabled if self.able.has_toggle else None
        recorded = self.row.keys_enabled if self.row else None
        return Toggle(self.provider.keys_enabled, there, recorded)

    @property
    def dead(self) -> tuple[KeyId, ...]:
        """The ids of ours that we deleted without a record of a version."""
        return self.row.dead if self.row else ()

    @property
    def markless(self) -> bool:
        """Whether its keys carry no mark, so that a lost one can only be guessed at."""
        return self.able.marker is Marker.NONE

    @property
    def managed(self) -> bool:
        """Whether we deploy its projects."""
        return self.provider.deploy is not None

    @property
    def scope(self) -> tuple[Deployment, ...]:
        """The projects in which a key has to count: those that we deploy, the canary first.

        Where somebody else deploys, these are all that ever ran.
        """
        there = {seen.project: seen for seen in self.view.deployments}
        match self.provider.deploy:
            case None:
                return tuple(seen for seen in self.view.deployments if ran(seen))
            case ():
                return self.view.deployments
            case named:
                return tuple(there[name] for name in named if name in there)

    @property
    def unknown_projects(self) -> tuple[str, ...]:
        """The projects that the manifest names, and that are not there."""
        there = {seen.project for seen in self.view.deployments}
        return tuple(name for name in self.provider.deploy or () if name not in there)

    @property
    def deployable(self) -> bool:
        """Whether every project that should be deployed is there, and there is one at all."""
        return bool(self.scope) and not self.unknown_projects

    def effective(self, key_id: KeyId) -> bool:
        """Whether a key counts in every project, as far as containers go."""
        holding = Aim(holds=frozenset({key_id}), enabled=True)
        return self.deployable and all(map(holding.fits, self.scope))

    def effect(self, key_id: KeyId | None) -> Effect:
        """Say when a key counts that the API has; None for one whose id is not known yet."""
        if not self.able.on_deploy or self.toggle.off:
            return Effect.NOW
        if key_id is not None and self.effective(key_id):
            return Effect.NOW
        return Effect.OUR_DEPLOY if self.managed else Effect.THEIR_DEPLOY

    def holders(self, key_id: KeyId) -> tuple[str, ...]:
        """Name the projects whose containers hold a key, gone at the API or not."""
        return tuple(seen.project for seen in self.view.deployments if key_id in seen.key_ids)

    def may_hold(self, key_id: KeyId) -> frozenset[str]:
        """Name the projects that hold a key, or where a deploy is under way that may bring it."""
        found = (d for d in self.view.deployments if key_id in d.key_ids or not settled(d))
        return frozenset(seen.project for seen in found)

    def dying(self, key_id: KeyId) -> Effect:
        """Say when a key stops to count that is gone at the API."""
        holders = self.may_hold(key_id)
        if not holders:
            return Effect.NOW
        ours = {seen.project for seen in self.scope} if self.managed else set()
        return Effect.OUR_DEPLOY if holders & ours else Effect.THEIR_DEPLOY

    def lagging(self, since: datetime, now: datetime) -> bool:
        """Whether the list may not show yet what was made at that moment."""
        return now < since + self.able.list_lag

    def seeing(self, seen: Deployment) -> Tenant:
        """Give the same tenant after another look at one project."""
        others = (seen if d.project == seen.project else d for d in self.view.deployments)
        return replace(self, view=replace(self.view, deployments=tuple(others)))


def tenants_of(
    desired: Desired,
    able: Mapping[str, Capabilities],
    observed: Observed,
    recorded: Recorded,
) -> dict[str, Tenant]:
    """Put together what is known of every provider whose abilities are known."""
    views = {view.provider: view for view in observed.providers}
    rows = {row.name: row for row in recorded.providers}
    return {
        p.name: Tenant(
            provider=p,
            able=able[p.name],
            view=views.get(p.name) or _unread(p),
            row=rows.get(p.name),
        )
        for p in sorted(desired.providers, key=lambda p: p.name)
        if p.name in able
    }


def markless_of(able: Mapping[str, Capabilities]) -> frozenset[str]:
    """Name the providers whose keys carry no mark."""
    return frozenset(name for name, each in able.items() if each.marker is Marker.NONE)


def _unread(provider: DesiredProvider) -> ProviderView:
    return ProviderView(provider=provider.name, origin=provider.origin, problem="it was not read")


def ran(seen: Deployment) -> bool:
    """Whether a project was ever deployed to the end."""
    return seen.running or seen.deployed_at is not None or bool(seen.key_ids)


def settled(seen: Deployment) -> bool:
    """Whether nothing is under way in a project, as far as its API tells."""
    idle = not ran(seen) if seen.idle is None else seen.idle
    return seen.running or seen.failed or idle
