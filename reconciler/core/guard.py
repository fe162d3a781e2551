"""The brakes between plan and apply: compute everything, check everything, only then write.

Every guard is evaluated and every refusal is told, so that a person sees all of them at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.desired import Desired, Unmanaged
from reconciler.core.keys import Cause, KeyId, Stage
from reconciler.core.matching import Matches, match_live
from reconciler.core.observed import Observed
from reconciler.core.recorded import IntentKind, ProviderRow, Recorded
from reconciler.core.steps import REMOVALS, Action, Plan, Reason, Step
from reconciler.core.toggle import ours_at, tell_hit, working

REMOVAL_SHARE = 0.3
VANISHED_SHARE = 0.3
RECENT_USE = timedelta(days=7)
_FEW = 2
_LOST = frozenset({Reason.SECRET_MISSING, Reason.STORE_CHANGED})


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person agreed to beforehand. `attended`: somebody reads the plan and says yes."""

    allow_revoke: int = 0
    attended: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """All that guards look at."""

    plan: Plan
    desired: Desired
    observed: Observed
    recorded: Recorded
    matches: Matches
    approval: Approval
    now: datetime

    @property
    def removals(self) -> tuple[Step, ...]:
        """The steps that take a living key away from its users."""
        return tuple(
            s
            for s in self.plan.steps
            if s.action in REMOVALS and s.reason in {Reason.UNDECLARED, Reason.DELETE_DUE}
        )


def refuse(
    plan: Plan,
    desired: Desired,
    observed: Observed,
    recorded: Recorded,
    approval: Approval,
    now: datetime,
    markless: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Give every reason why this plan must not be applied; none when it may.

    `markless` are the providers whose keys carry no mark.
    """
    matches = match_live(observed, recorded, {}, markless)
    case = Case(plan, desired, observed, recorded, matches, approval, now)
    return tuple(sentence for guard in GUARDS for sentence in guard(case))


def changed_provider(case: Case) -> Iterator[str]:
    """A provider now points to another API or tenant than the recorded keys live on."""
    known = {row.name: row for row in case.recorded.providers}
    for state in case.plan.providers:
        row = known.get(state.name)
        if row is not None:
            now = ProviderRow(
                name=row.name,
                origin=state.origin,
                dialect=state.dialect,
                tenant=state.tenant or row.tenant,
            )
            for what in ("origin", "dialect", "tenant"):
                before, after = getattr(row, what), getattr(now, what)
                if before is not None and before != after:
                    yield (
                        f"provider '{state.name}' changed its {what} from {before} to {after}, so "
                        "its recorded keys may not be there: correct the manifest or the "
                        f"credentials, or run `keywright state move-provider {state.name}`"
                    )


def stale_state(case: Case) -> Iterator[str]:
    """Live keys carry our mark, and the state does not know them: it is an old copy."""
    suspects = sorted(case.matches.suspects, key=lambda s: (s.live.name, s.live.id))
    if suspects:
        shown = ", ".join(f"{s.live.name} ({s.live.id})" for s in suspects[:3])
        more = f" and {len(suspects) - 3} more" if len(suspects) > 3 else ""  # noqa: PLR2004
        yield (
            f"the state is stale: live keys carry the mark of stack '{case.desired.stack}' and are "
            f"not recorded: {shown}{more}. Restore the newest copy of the state; if these keys are "
            "really left over, delete them at the API"
        )


def vanished_share(case: Case) -> Iterator[str]:
    """Many keys gone at once looks exactly like a wrong token or role."""
    dying = {(i.address, i.number) for i in case.recorded.intents if i.kind is IntentKind.DELETE}
    revoked = {(i.provider, i.key_id) for i in case.recorded.incidents}
    for provider in case.desired.providers:
        view = case.matches.views.get(provider.name)
        ids = {
            v.key_id
            for row in case.recorded.keys
            for v in row.living
            if v.provider == provider.name
            and v.stage is not Stage.DISABLED
            and (row.address, v.number) not in dying
            and (v.provider, v.key_id) not in revoked
            and (v.expires_at is None or v.expires_at > case.now)
        }
        gone = len(ids & view.absent) if view else 0
        everything = gone == len(ids) and gone >= _FEW
        if gone >= _FEW and (everything or gone / len(ids) > VANISHED_SHARE):
            yield (
                f"{gone} of {len(ids)} recorded keys of provider '{provider.name}' are gone at "
                "once, which is what a wrong token or role looks like: check the credentials; if "
                "they really were deleted, take them out of the record with `keywright state rm`"
            )


def lost_secrets(case: Case) -> Iterator[str]:
    """Many stored secrets gone or changed at once looks exactly like a wrong path or mount."""
    where = {r.address: r.current.target.store for r in case.recorded.keys if r.current}
    stored = Counter(where.values())
    lost = Counter(
        where[step.address]
        for step in case.plan.steps
        if step.action is Action.ROTATE and step.reason in _LOST
    )
    for store, count in sorted(lost.items()):
        if count >= _FEW and count / stored[store] > VANISHED_SHARE:
            yield (
                f"{count} of {stored[store]} secrets are missing from store '{store}', or not as "
                "we left them, at once, which is what a wrong path looks like: restore them; if "
                "they really are lost, `keywright rotate` gives the keys named to it new ones"
            )


def removal_share(case: Case) -> Iterator[str]:
    """A large share of all keys would be removed."""
    alive = {row.address for row in case.recorded.keys if row.current is not None}
    removed = {s.address for s in case.removals if s.reason is Reason.UNDECLARED}
    count = len(removed)
    if count <= case.approval.allow_revoke or len(alive) < _FEW:
        return
    if not case.desired.keys:
        yield (
            f"the manifest declares no key at all, and all {count} would be removed: if that is "
            f"meant, allow it with `--allow-revoke {count}`"
        )
    elif count / len(alive) > REMOVAL_SHARE:
        yield (
            f"{count} of {len(alive)} keys would be removed, which is more than "
            f"{REMOVAL_SHARE:.0%}: if that is meant, allow it with `--allow-revoke {count}`"
        )


def mass_switch_off(case: Case) -> Iterator[str]:
    """Several keys, and a large share of all, would be switched off: the same outage."""
    alive = sum(row.current is not None for row in case.recorded.keys)
    count = sum(
        s.action is Action.DISABLE and (s.cause is Cause.CONFIG or s.reason is Reason.UNUSED)
        for s in case.plan.steps
    )
    if count < _FEW or count <= case.approval.allow_revoke or count / alive <= REMOVAL_SHARE:
        return
    yield (
        f"{count} of {alive} keys would be switched off, which is more than {REMOVAL_SHARE:.0%}: "
        f"if that is meant, allow it with `--allow-revoke {count}`"
    )


def tenant_off(case: Case) -> Iterator[str]:
    """The switch for all keys of a tenant stops every one of them, also those of other people."""
    for step in case.plan.steps:
        view = case.matches.views.get(step.provider)
        if step.action is not Action.SWITCH_OFF or view is None:
            continue
        count = len(working(view))
        if count > case.approval.allow_revoke:
            hit = tell_hit(view, ours_at(step.provider, case.recorded))
            yield (
                f"switching off all keys of '{step.provider}': {hit}; if that is meant, allow it "
                f"with `--allow-revoke {count}`"
            )


def unattended_loss(case: Case) -> Iterator[str]:
    """Nobody is watching, it cannot be undone, and the key was used a moment ago."""
    if case.approval.attended:
        return
    hasty = [s for s in case.removals if s.action is Action.DELETE and _recently_used(case, s)]
    if len(hasty) > case.approval.allow_revoke:
        names = ", ".join(s.address for s in hasty[:5])
        which = "1 key that was" if len(hasty) == 1 else f"{len(hasty)} keys that were"
        yield (
            f"{which} used in the last {RECENT_USE.days} days would be deleted "
            f"for good ({names}): run `keywright apply` on a terminal, or allow it with "
            f"`--allow-revoke {len(hasty)}`"
        )


def _recently_used(case: Case, step: Step) -> bool:
    live = case.matches.live.get((step.provider, step.key_id or KeyId("")))
    used = live.last_used_at if live else None
    return used is not None and case.now - used < RECENT_USE


def foreign_keys(case: Case) -> Iterator[str]:
    """No step may ever name a key that neither the state nor our mark says is ours."""
    foreign = {(f.provider, f.key_id) for f in case.matches.foreign}
    for step in case.plan.actions:
        if step.key_id is not None and (step.provider, step.key_id) in foreign:
            yield f"{step.address}: key {step.key_id} is not ours; this is a defect, please report"


def unmanaged_forbidden(case: Case) -> Iterator[str]:
    """The manifest says that nobody else may have keys here."""
    strict = {p.name for p in case.desired.providers if p.unmanaged is Unmanaged.FAIL}
    for name in sorted(strict):
        count = sum(f.provider == name for f in case.matches.foreign)
        if count:
            yield (
                f"provider '{name}' has {count} unmanaged key{'s' if count > 1 else ''}, and "
                "`unmanaged: fail` forbids that: declare them, delete them, or write `warn`"
            )


GUARDS: tuple[Callable[[Case], Iterator[str]], ...] = (
    changed_provider,
    stale_state,
    vanished_share,
    lost_secrets,
    removal_share,
    mass_switch_off,
    tenant_off,
    unattended_loss,
    foreign_keys,
    unmanaged_forbidden,
)
