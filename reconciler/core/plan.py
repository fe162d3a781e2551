"""Desired, observed and recorded, at a given now, become a plan. Pure and total.

For each address: an open operation is settled first; else the table of checks decides. Everything
noticed and left alone (foreign keys, removals under way) is part of the plan too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from reconciler.core.capabilities import Capabilities
from reconciler.core.checks import decide
from reconciler.core.desired import Desired, DesiredKey, Unmanaged
from reconciler.core.diff import differ, wanted
from reconciler.core.keys import EXPIRES_AT, Address, Attributes, Cause, OpId, Stage
from reconciler.core.leftovers import (
    condemned_step,
    late_step,
    recovery_step,
    waiting_for_proof,
)
from reconciler.core.matching import Late, match_live
from reconciler.core.observed import LiveKey, Observed
from reconciler.core.ownership import mark_name, mark_of
from reconciler.core.provider_keys import feeders, provider_key_steps, wait_for_gateway
from reconciler.core.recorded import Intent, KeyRow, Recorded, Version
from reconciler.core.recover import Evidence, Recovery, settle
from reconciler.core.situation import Situation
from reconciler.core.steps import (
    ORDER,
    Action,
    Foreign,
    Plan,
    ProviderState,
    Reason,
    Scheduled,
    Settlement,
    Step,
)

LEAVE_THE_REST = frozenset(
    {Settlement.CLOSE, Settlement.GIVE_UP, Settlement.UNDO, Settlement.CONDEMN}
)
"""Settlements after which the key is planned as if the operation had never been begun."""
NEEDS_COMPLETE_LIST = frozenset({Action.CREATE, Action.RETIRE, Action.DELETE, Action.FORGET})
MOST_SKEW = timedelta(minutes=5)
"""A provider's clock further off than this makes every step whose cause is the clock wait."""


def make_plan(
    desired: Desired,
    observed: Observed,
    recorded: Recorded,
    able: Mapping[str, Capabilities],
    now: datetime,
) -> Plan:
    """Compare the three inputs and give every step, in the order in which they would run.

    `able` maps provider names to what their APIs can do.
    """
    planner = Planner(desired, observed, recorded, able, now)
    steps = sorted(planner.all_steps(), key=_order)
    plan = Plan(
        stack=desired.stack,
        lineage=recorded.meta.lineage,
        serial=recorded.meta.serial,
        made_at=now,
        providers=planner.provider_states(),
        steps=tuple(planner.respect_clock(planner.respect_reading(step)) for step in steps),
        foreign=planner.foreign(),
        scheduled=planner.scheduled(),
        managed=len(desired.keys),
    )
    return replace(plan, digest=digest(plan))


def _brings_a_secret(step: Step) -> bool:
    finished = {Settlement.FINISH, Settlement.PUBLISH}
    return step.action is Action.CREATE or step.settlement in finished


def _order(step: Step) -> tuple[int, Address, int]:
    return ORDER.index(step.action), step.address, step.number or 0


def digest(plan: Plan) -> str:
    """Name the whole plan in one hash: two plans that differ anywhere differ here."""
    text = json.dumps(asdict(replace(plan, digest="")), default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Planner:
    """The inputs of one plan, indexed once; every method is a question about them."""

    def __init__(
        self,
        desired: Desired,
        observed: Observed,
        recorded: Recorded,
        able: Mapping[str, Capabilities],
        now: datetime,
    ) -> None:
        self.desired = desired
        self.observed = observed
        self.recorded = recorded
        self.able = able
        self.now = now
        self.keys = {key.address: key for key in desired.keys}
        self.rows = {row.address: row for row in recorded.keys}
        self.templates = {p.name: p.name_template for p in desired.providers}
        self.intents: dict[Address, list[Intent]] = {}
        for intent in recorded.intents:
            self.intents.setdefault(intent.address, []).append(intent)
        twins = {(key.provider, key.name): key.address for key in desired.keys}
        self.matches = match_live(observed, recorded, twins)

    def all_steps(self) -> Iterator[Step]:
        """Give every step, unordered: those of keys, and of the gateways that keys go into."""
        steps = tuple(self.steps())
        renewed = frozenset(step.address for step in steps if _brings_a_secret(step))
        given = tuple(provider_key_steps(self.desired, self.recorded, self.matches, renewed))
        waiting = feeders(self.desired, given)
        yield from (wait_for_gateway(step, waiting) for step in steps)
        yield from given

    def steps(self) -> Iterator[Step]:
        """Give every step of keys, unordered."""
        yield from self.late_steps()
        for address in self.keys.keys() | self.rows.keys() | self.intents.keys():
            recoveries = self.recoveries(address)
            yield from map(recovery_step, recoveries)
            yield from (
                condemned_step(r.intent.number, r.intent.provider, r.key_id, r.intent.address)
                for r in recoveries
                if r.settlement is Settlement.CONDEMN
            )
            if {r.settlement for r in recoveries} <= LEAVE_THE_REST:
                yield from self.steps_of(address)

    def steps_of(self, address: Address) -> Iterator[Step]:
        """Give the steps of one address, open operations aside."""
        key, row = self.keys.get(address), self.rows.get(address)
        if key is None and row is None:
            return
        steps = tuple(self.main_steps(address, key, row))
        yield from steps
        if row is not None and row.provider in self.able:
            replaced = any(step.action is Action.CREATE for step in steps)
            yield from self.condemned_steps(key, row, replaced=replaced)

    def main_steps(
        self, address: Address, key: DesiredKey | None, row: KeyRow | None
    ) -> Iterator[Step]:
        """Decide on the version that consumers use."""
        situation = self.situation(key, row)
        if self.only_condemned(situation):
            return
        version = situation.version
        for finding in decide(situation):
            creating = finding.action is Action.CREATE
            yield Step(
                address=address,
                provider=key.provider if key and creating else situation_provider(key, row),
                action=finding.action,
                cause=finding.cause,
                reason=finding.reason,
                sentence=finding.sentence,
                number=next_number(row) if creating else version.number if version else None,
                key_id=version.key_id if version else None,
                differences=situation.differences if finding.action is Action.UPDATE else (),
                impact=finding.impact,
                due_at=self.due_at(finding.action, row),
                place=key.place if key else None,
                precondition=fingerprint_of(situation.live),
            )

    def only_condemned(self, s: Situation) -> bool:
        """Whether nothing is left of an undeclared key but versions that are condemned anyway."""
        return (
            s.key is None
            and s.version is None
            and s.able is not None
            and bool(s.row and s.row.living)
        )

    def due_at(self, action: Action, row: KeyRow | None) -> datetime | None:
        """When a key that is retired now would be deleted."""
        return self.now + row.delete_after if row and action is Action.RETIRE else None

    def situation(self, key: DesiredKey | None, row: KeyRow | None) -> Situation:
        """Gather all that is known of one key."""
        provider = situation_provider(key, row)
        able = self.able.get(provider)
        version = consumed(row)
        live = self.matches.live.get((version.provider, version.key_id)) if version else None
        target = row.target if row else key.target if key else None
        aim = self.aim(key, version, able) if key and able else Attributes()
        expiry = aim.get(EXPIRES_AT)
        compared = key and live and able
        return Situation(
            now=self.now,
            row=row,
            key=key,
            version=version,
            live=live,
            absent=version is not None and self.matches.absent(version.provider, version.key_id),
            unread=self.matches.unread(provider),
            head=self.matches.heads.get(target) if target else None,
            store_unread=self.matches.store_unread(target.store) if target else None,
            can_read_secrets=self.matches.readback(target.store) if target else False,
            able=able,
            differences=differ(aim, live, version, able) if compared and live and able else (),
            expiry=expiry if isinstance(expiry, datetime) else None,
        )

    def aim(self, key: DesiredKey, version: Version | None, able: Capabilities) -> Attributes:
        """Give what this version of this key should look like."""
        name = key.name
        if version is not None:
            mark = mark_of(self.desired.stack, version.op)
            template = self.templates.get(key.provider, "{name}.{mark}")
            name = mark_name(template, key.name, mark, able.name_limit)
        return wanted(key, name, version.created_at if version else self.now, version)

    def condemned_steps(
        self, key: DesiredKey | None, row: KeyRow, *, replaced: bool
    ) -> Iterator[Step]:
        """Delete versions whose secret was lost, as soon as nobody can need them.

        `replaced`: this very plan makes a replacement, which is proven before they go.
        """
        go = key is None or replaced or self.is_proven(row)
        for version in row.living:
            if version.condemned:
                step = condemned_step(version.number, version.provider, version.key_id, row.address)
                yield step if go else waiting_for_proof(step)

    def is_proven(self, row: KeyRow) -> bool:
        """Whether the current version works: tried out by us, or used by somebody since."""
        current = row.current
        if current is None:
            return False
        live = self.matches.live.get((current.provider, current.key_id))
        used = live is not None and live.last_used_at is not None
        able = self.able[row.provider]
        return current.verified_at is not None or used or not able.can_verify

    def late_steps(self) -> Iterator[Step]:
        """Delete what given-up creates brought after all, where nobody can be using it."""
        found: dict[OpId, list[Late]] = {}
        for late in self.matches.late:
            found.setdefault(late.retired.op, []).append(late)
        for several in found.values():
            used = any(late.live.last_used_at is not None for late in several)
            yield from (late_step(late, certain=len(several) == 1 and not used) for late in several)

    def recoveries(self, address: Address) -> tuple[Recovery, ...]:
        """Settle the open operations of one address."""
        return tuple(map(self.recovery, self.intents.get(address, ())))

    def recovery(self, intent: Intent) -> Recovery:
        """Settle one open operation on what is left of it."""
        provider, key_id = intent.provider, intent.key_id
        return settle(
            intent,
            Evidence(
                live=self.matches.live.get((provider, key_id)) if key_id else None,
                gone=key_id is not None and self.matches.absent(provider, key_id),
                candidates=self.matches.candidates.get(intent.op, ()),
                head=self.matches.heads.get(intent.target),
                store_unread=self.matches.store_unread(intent.target.store),
                spool=self.observed.spool,
                unread=self.matches.unread(provider),
                declared=intent.address in self.keys,
            ),
        )

    def respect_reading(self, step: Step) -> Step:
        """Make a step wait that needs a complete list, where the list is not (promise I7)."""
        unread = self.matches.unread(step.provider)
        if unread is None or step.action not in NEEDS_COMPLETE_LIST:
            return step
        return replace(
            step,
            action=Action.HOLD,
            reason=Reason.UNREADABLE,
            sentence=f"{step.sentence}; waits: {unread}",
        )

    def respect_clock(self, step: Step) -> Step:
        """Make a step wait whose cause is the clock, where the clocks do not agree."""
        view = self.matches.views.get(step.provider)
        ahead = view.clock_ahead if view else None
        if step.cause is not Cause.CLOCK or ahead is None or abs(ahead) <= MOST_SKEW:
            return step
        minutes = round(abs(ahead) / timedelta(minutes=1))
        return replace(
            step,
            action=Action.HOLD,
            reason=Reason.CLOCK_SKEWED,
            sentence=f"{step.sentence}; waits, since the provider's clock is {minutes} minutes "
            f"{'ahead of' if ahead > timedelta(0) else 'behind'} ours",
        )

    def provider_states(self) -> tuple[ProviderState, ...]:
        """Say which API each provider is, and whether it could be read."""
        return tuple(
            ProviderState(
                p.name,
                p.origin,
                p.dialect,
                view.tenant if (view := self.matches.views.get(p.name)) else None,
                self.matches.unread(p.name),
            )
            for p in self.desired.providers
        )

    def foreign(self) -> tuple[Foreign, ...]:
        """List the keys that are not ours, where the manifest wants them listed."""
        silent = {p.name for p in self.desired.providers if p.unmanaged is Unmanaged.IGNORE}
        shown = (f for f in self.matches.foreign if f.provider not in silent)
        return tuple(sorted(shown, key=lambda f: (f.provider, f.name, f.key_id)))

    def scheduled(self) -> tuple[Scheduled, ...]:
        """List the removals that have begun and are not due yet."""
        return tuple(
            Scheduled(row.address, version.number, version.delete_at)
            for row in self.recorded.keys
            for version in row.living
            if row.address not in self.keys
            and version.stage is Stage.DISABLED
            and version.delete_at is not None
            and version.delete_at > self.now
        )


def consumed(row: KeyRow | None) -> Version | None:
    """Give the version that consumers use, or used last; never a condemned one."""
    usable = [v for v in row.living if not v.condemned] if row else []
    return (row.current if row else None) or (usable[-1] if usable else None)


def next_number(row: KeyRow | None) -> int:
    """Give the number of a key's next version."""
    return max((v.number for v in row.versions), default=0) + 1 if row else 1


def situation_provider(key: DesiredKey | None, row: KeyRow | None) -> str:
    """Give the provider where a key's versions are; where it will be, if it has none."""
    if row is not None and row.living:
        return row.provider
    return key.provider if key else row.provider if row else ""


def fingerprint_of(live: LiveKey | None) -> str:
    """Name the observed state of one key, so that a change of it since is noticed."""
    if live is None:
        return "absent"
    text = json.dumps([live.id, live.status, live.attributes.pairs], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
