"""Desired, observed and recorded, at a given now, become a plan. Pure and total.

For each address: an open operation is settled first; else the table of checks decides. Everything
noticed and left alone (foreign keys, removals under way) is part of the plan too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass, replace
from datetime import datetime, timedelta

from reconciler.core.agenda import announce, remark, schedule
from reconciler.core.capabilities import Capabilities
from reconciler.core.checks import decide, left_as_it_ends
from reconciler.core.deploys import Rollout, current_of, deploy_steps
from reconciler.core.desired import Desired, DesiredKey, Unmanaged
from reconciler.core.keys import NAME, Address, KeyId, OpId
from reconciler.core.knowledge import (
    Knowledge,
    elders,
    fingerprint_of,
    next_number,
    situation_provider,
)
from reconciler.core.leftovers import (
    condemned_step,
    late_step,
    recovery_step,
    waiting_for_others,
    waiting_for_proof,
)
from reconciler.core.matching import Late
from reconciler.core.observed import LiveStatus, Observed
from reconciler.core.orders import NONE, Orders
from reconciler.core.pace import keep_pace
from reconciler.core.provider_keys import feeders, provider_key_steps, wait_for_gateway
from reconciler.core.recorded import IntentKind, KeyRow, Recorded
from reconciler.core.recover import Recovery, settle
from reconciler.core.renewal import AT_ONCE
from reconciler.core.restoring import restore_step
from reconciler.core.retirement import retire
from reconciler.core.situation import Finding, Situation
from reconciler.core.steps import (
    MINTS,
    ORDER,
    Action,
    Foreign,
    Plan,
    ProviderState,
    Reason,
    Settlement,
    Step,
)
from reconciler.core.tenant import Effect
from reconciler.core.toggle import ours_at, toggle_step
from reconciler.core.waiting import hold_back

LEAVE_THE_REST = frozenset(
    {Settlement.CLOSE, Settlement.GIVE_UP, Settlement.UNDO, Settlement.CONDEMN}
)
"""Settlements after which the key is planned as if the operation had never been begun."""


def make_plan(
    desired: Desired,
    observed: Observed,
    recorded: Recorded,
    able: Mapping[str, Capabilities],
    now: datetime,
    orders: Orders = NONE,
) -> Plan:
    """Compare the three inputs and give every step, in the order in which they would run.

    `able` maps provider names to what their APIs can do. `orders` is what a person asks besides.
    """
    known = Knowledge(desired, observed, recorded, able, now, orders)
    planner = Planner(known)
    waiting = hold_back(planner.steps(), known.matches, known.tenants)
    told = tuple(announce(keep_pace(waiting, known), known))
    found = planner.with_gateways(told)
    steps = sorted((*found, *planner.provider_steps(found)), key=_order)
    plan = Plan(
        stack=desired.stack,
        lineage=recorded.meta.lineage,
        serial=recorded.meta.serial,
        made_at=now,
        providers=planner.provider_states(),
        steps=tuple(steps),
        foreign=planner.foreign(),
        scheduled=tuple(schedule(known, found)),
        remarks=tuple(remark(known, found)),
        managed=len(desired.keys),
    )
    return replace(plan, digest=digest(plan))


def _brings_a_secret(step: Step) -> bool:
    finished = {Settlement.FINISH, Settlement.PUBLISH}
    return step.action in {*MINTS, Action.RESTORE} or step.settlement in finished


def _order(step: Step) -> tuple[int, Address, int]:
    return ORDER.index(step.action), step.address, step.number or 0


def digest(plan: Plan) -> str:
    """Name the whole plan in one hash: two plans that differ anywhere differ here."""
    text = json.dumps(replace(plan, digest=""), default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """Give a value of a plan as JSON has it; `asdict` would copy every value on its way."""
    if is_dataclass(value):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    return str(value)


class Planner:
    """Makes the steps of one plan out of what is known."""

    def __init__(self, known: Knowledge) -> None:
        self.known = known

    def with_gateways(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """Add the steps of the gateways that keys go into, and let old versions wait for them."""
        known = self.known
        renewed = frozenset(step.address for step in steps if _brings_a_secret(step))
        given = tuple(
            step
            for step in provider_key_steps(known.desired, known.recorded, known.matches, renewed)
            if known.orders.only is None or self.feeds(step.address) & known.orders.only
        )
        held = {step.address for step in given if step.action is Action.HOLD}
        waiting = feeders(known.desired, known.recorded, held)
        return (*(wait_for_gateway(step, waiting) for step in steps), *given)

    def feeds(self, provided: Address) -> frozenset[Address]:
        """Give the keys whose secret goes into a gateway by one of the manifest's provider keys."""
        keys = (key for key in self.known.desired.provider_keys if key.address == provided)
        return frozenset(key.of_key for key in keys if key.of_key)

    def steps(self) -> Iterator[Step]:
        """Give every step of keys, unordered."""
        known = self.known
        if known.orders.only is None:
            yield from self.late_steps()
        for address in known.keys.keys() | known.rows.keys() | known.intents.keys():
            if not known.orders.concerns(address):
                continue
            recoveries = self.recoveries(address)
            yield from map(recovery_step, recoveries)
            yield from (
                self.soon_condemned(recovery)
                for recovery in recoveries
                if recovery.settlement is Settlement.CONDEMN
            )
            if all(map(leaves_the_rest, recoveries)):
                taken = {recovery.key_id for recovery in recoveries if ends_with_deploy(recovery)}
                yield from (s for s in self.steps_of(address) if not takes_away(s, taken))

    def soon_condemned(self, recovery: Recovery) -> Step:
        """Delete the version that a recovery is about to condemn, once its replacement works."""
        intent = recovery.intent
        step = condemned_step(intent.number, intent.provider, recovery.key_id, intent.address)
        proven = self.known.proves_new_keys(intent.provider)
        return step if proven else waiting_for_proof(step)

    def steps_of(self, address: Address) -> Iterator[Step]:
        """Give the steps of one address, open operations aside."""
        key, row = self.known.keys.get(address), self.known.rows.get(address)
        if key is None and row is None:
            return
        if address in self.known.orders.restore:
            yield restore_step(address, self.known)
            return
        steps = (*self.main_steps(address, key, row), *self.elder_steps(key, row))
        yield from steps
        if row is not None and row.provider in self.known.able:
            minting = [step for step in steps if step.action in MINTS]
            proven = bool(minting) and self.known.proves_new_keys(minting[0].provider)
            yield from self.condemned_steps(key, row, replaced=proven)

    def main_steps(
        self, address: Address, key: DesiredKey | None, row: KeyRow | None
    ) -> Iterator[Step]:
        """Decide on the version that consumers use."""
        situation = self.known.situation(key, row)
        if self.only_condemned(situation):
            return
        findings = decide(situation)
        for finding in findings:
            if finding.action is Action.FORGET and elders(row):
                finding = replace(finding, action=Action.DELETE)  # noqa: PLW2901
            replaced = any(each.action is Action.ROTATE for each in findings)
            looked = replaced and finding.action is Action.UPDATE
            seen = left_as_it_ends(situation) if looked else situation
            yield narrow(self.step(address, finding, situation), seen)

    def elder_steps(self, key: DesiredKey | None, row: KeyRow | None) -> Iterator[Step]:
        """Decide on the versions that had a successor, and are still there."""
        older = elders(row)
        if row is None or not older:
            return
        successor = self.known.successor(row)
        for version in older:
            situation = self.known.situation_of(key, row, version)
            finding = retire(situation, successor) if situation.able else None
            if finding is not None:
                yield self.step(row.address, finding, situation)

    def step(self, address: Address, finding: Finding, s: Situation) -> Step:
        """Make a step of a decision on one version."""
        key, row, version = s.key, s.row, s.version
        minting = finding.action in MINTS
        there = version.provider if version else situation_provider(key, row)
        return Step(
            address=address,
            provider=key.provider if key and minting else there,
            action=finding.action,
            cause=finding.cause,
            reason=finding.reason,
            sentence=finding.sentence + (self.known.aside(key) if key and minting else ""),
            number=next_number(row) if minting else version.number if version else None,
            key_id=version.key_id if version else None,
            impact=finding.impact,
            due_at=self.due_at(finding, s),
            place=key.place if key else None,
            precondition=fingerprint_of(s.live),
            replaces=version.number if version and finding.action is Action.ROTATE else None,
            overlap=self.overlap(finding, s),
        )

    def overlap(self, finding: Finding, s: Situation) -> timedelta | None:
        """How long the version that a rotation replaces works on: as ordered, or as declared."""
        if finding.action is not Action.ROTATE:
            return None
        if s.live is not None and s.live.status is not LiveStatus.ACTIVE:
            return AT_ONCE
        ordered = self.known.orders.overlap if finding.reason is Reason.ASKED else None
        return finding.overlap if ordered is None else ordered

    def only_condemned(self, s: Situation) -> bool:
        """Whether nothing is left of an undeclared key but versions that are condemned anyway."""
        return (
            s.key is None
            and s.version is None
            and s.able is not None
            and bool(s.row and s.row.living)
        )

    def due_at(self, finding: Finding, s: Situation) -> datetime | None:
        """When what a step begins comes to its end: a deletion, or that of the old version.

        None where that hangs on consumers being told.
        """
        if finding.action is Action.RETIRE and s.row is not None:
            return self.known.now + s.row.delete_after
        overlap = self.overlap(finding, s)
        if overlap is None or (overlap and s.key and s.key.on_promoted):
            return None
        ends = self.known.now + overlap
        return min(ends, s.ends_at) if overlap and s.ends_at else ends

    def condemned_steps(
        self, key: DesiredKey | None, row: KeyRow, *, replaced: bool
    ) -> Iterator[Step]:
        """Delete versions whose secret was lost, as soon as nobody can need them.

        `replaced`: this very plan makes a replacement, which is proven before they go.
        """
        lost = [version for version in row.living if version.condemned]
        go = bool(lost) and (key is None or replaced or self.known.is_proven(row))
        for version in lost:
            step = condemned_step(version.number, version.provider, version.key_id, row.address)
            gone = self.known.absent(version)
            if gone and self.known.dying(version) is Effect.THEIR_DEPLOY:
                yield waiting_for_others(step)
            else:
                yield step if go or gone else waiting_for_proof(step)

    def late_steps(self) -> Iterator[Step]:
        """Delete what given-up creates brought after all, where nobody can be using it."""
        found: dict[OpId, list[Late]] = {}
        for late in self.known.matches.late:
            found.setdefault(late.retired.op, []).append(late)
        for several in found.values():
            used = any(late.live.last_used_at is not None for late in several)
            tenant = self.known.tenants.get(several[0].retired.provider)
            marked = tenant is None or not tenant.markless
            sure = marked or (tenant is not None and tenant.provider.exclusive)
            certain = sure and len(several) == 1 and not used
            yield from (late_step(late, certain=certain, marked=marked) for late in several)

    def recoveries(self, address: Address) -> tuple[Recovery, ...]:
        """Settle the open operations of one address."""
        known = self.known
        settled = (settle(i, known.evidence(i)) for i in known.intents.get(address, ()))
        return tuple(replace(r, key_id=r.key_id or known.key_of(r.intent)) for r in settled)

    def provider_steps(self, found: tuple[Step, ...]) -> Iterator[Step]:
        """Give the steps on whole providers that follow from those on their keys."""
        known, recorded = self.known, self.known.recorded
        for name, tenant in known.tenants.items():
            mine = tuple(step for step in found if step.provider == name)
            if not tenant.view.complete or (known.orders.only is not None and not mine):
                continue
            if not tenant.able.has_toggle and not tenant.able.on_deploy:
                continue
            whole = known.orders.only is None
            turn = toggle_step(tenant, ours_at(name, recorded)) if whole else None
            yield from (turn,) if turn else ()
            current = current_of(name, known.keys.keys(), recorded.keys, known.matches.live)
            revoked = frozenset(i.key_id for i in recorded.incidents if i.provider == name)
            rollout = Rollout(tenant=tenant, steps=mine, current=current, revoked=revoked)
            yield from deploy_steps(rollout)

    def provider_states(self) -> tuple[ProviderState, ...]:
        """Say which API each provider is that the plan is about, and whether it could be read."""
        meant = self.providers_meant()
        return tuple(
            ProviderState(
                p.name,
                p.origin,
                p.dialect,
                view.tenant if (view := self.known.matches.views.get(p.name)) else None,
                self.known.matches.unread(p.name),
                nameless=(able := self.known.able.get(p.name)) is not None
                and NAME not in able.fields,
            )
            for p in self.known.desired.providers
            if meant is None or p.name in meant
        )

    def providers_meant(self) -> frozenset[str] | None:
        """Name the providers where the ordered keys are, or will be; None for every one."""
        known, only = self.known, self.known.orders.only
        if only is None:
            return None
        there = {v.provider for a in only & known.rows.keys() for v in known.rows[a].living}
        going = {known.keys[address].provider for address in only & known.keys.keys()}
        fed = {k.provider for k in known.desired.provider_keys if k.of_key in only}
        return frozenset(there | going | fed)

    def foreign(self) -> tuple[Foreign, ...]:
        """List the keys that are not ours, where the manifest wants them listed."""
        silent = {p.name for p in self.known.desired.providers if p.unmanaged is Unmanaged.IGNORE}
        shown = (f for f in self.known.matches.foreign if f.provider not in silent)
        return tuple(sorted(shown, key=lambda f: (f.provider, f.name, f.key_id)))


def leaves_the_rest(recovery: Recovery) -> bool:
    """Whether a key is planned on as if an open operation had never been begun."""
    if ends_with_deploy(recovery):
        return True
    return recovery.settlement in LEAVE_THE_REST and recovery.effect is Effect.NOW


def ends_with_deploy(recovery: Recovery) -> bool:
    """Whether a version is gone already, and only a deploy of this run is wanting."""
    deleted = recovery.intent.kind is IntentKind.DELETE
    return deleted and recovery.effect is Effect.OUR_DEPLOY


def takes_away(step: Step, gone: set[KeyId | None]) -> bool:
    """Whether a step takes a version away that a recovery of this plan takes away already."""
    return step.action in {Action.DELETE, Action.FORGET} and step.key_id in gone


def narrow(step: Step, s: Situation) -> Step:
    """Show each difference where it is mended: in place, or by the new version alone."""
    match step.action:
        case Action.UPDATE:
            return replace(step, differences=s.mendable)
        case Action.ROTATE if step.reason is Reason.IMMUTABLE:
            return replace(step, differences=s.stuck)
        case _:
            return step
