"""Every brake, at the edge where it begins to hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.desired import Desired, Unmanaged
from reconciler.core.guard import Approval, Case, foreign_keys, refuse
from reconciler.core.matching import match_live
from reconciler.core.observed import Observed
from reconciler.core.plan import make_plan
from reconciler.core.recorded import ProviderRow, Recorded
from reconciler.core.steps import Plan
from tests.core.builders import (
    ABLE_ALL,
    DAY,
    NOW,
    PROVIDER,
    desired,
    foreign,
    key,
    live,
    observed,
    provider,
    recorded,
    settle_key,
    view,
)

ALONE = Approval()
KNOWN = ProviderRow(name=PROVIDER, origin="memory:", dialect="memory", tenant="memory")


def stack(count: int) -> list[str]:
    return [f"crm-{number}" for number in range(count)]


def world(
    names: list[str], *, gone: int = 0, used: timedelta | None = None, after: timedelta = 30 * DAY
) -> tuple[Observed, Recorded]:
    """Settle keys, of which the first ones vanished."""
    settled = [settle_key(key(name, delete_after=after)) for name in names]
    alive = [shown for _, shown, _ in settled[gone:]]
    if used is not None:
        alive = [replace(shown, last_used_at=NOW - used) for shown in alive]
    absent = [shown.id for _, shown, _ in settled[:gone]]
    seen = view(*alive, absent=absent)
    return (
        observed(seen, heads=[head for _, _, head in settled]),
        recorded(*(kept for kept, _, _ in settled)),
    )


def plan_of(wanted: Desired, seen: Observed, known: Recorded) -> Plan:
    return make_plan(wanted, seen, known, ABLE_ALL, NOW)


def refusals(
    wanted: Desired, seen: Observed, known: Recorded, approval: Approval = ALONE
) -> tuple[str, ...]:
    return refuse(plan_of(wanted, seen, known), wanted, seen, known, approval, NOW)


@pytest.mark.parametrize(
    ("total", "gone", "held"),
    [
        (1, 1, False),
        (2, 1, False),
        (2, 2, True),
        (6, 2, True),
        (7, 2, False),
        (10, 3, False),
        (10, 4, True),
    ],
)
def test_many_keys_gone_at_once_are_not_believed(total: int, gone: int, *, held: bool) -> None:
    seen, known = world(stack(total), gone=gone)
    told = refusals(desired(*(key(name) for name in stack(total))), seen, known)
    assert bool(told) is held
    assert all("are gone at once" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("total", "removed", "allowed", "held"),
    [
        (1, 1, 0, False),
        (2, 1, 0, True),
        (2, 1, 1, False),
        (10, 3, 0, False),
        (10, 4, 0, True),
        (10, 4, 3, True),
        (10, 4, 4, False),
    ],
)
def test_a_large_share_of_removals_needs_approval(
    total: int, removed: int, allowed: int, *, held: bool
) -> None:
    seen, known = world(stack(total))
    wanted = desired(*(key(name) for name in stack(total)[removed:]))
    told = refusals(wanted, seen, known, Approval(allow_revoke=allowed))
    assert bool(told) is held
    assert all(f"--allow-revoke {removed}" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("used", "approval", "held"),
    [
        (timedelta(days=6, hours=23), ALONE, True),
        (timedelta(days=7), ALONE, False),
        (None, ALONE, False),
        (timedelta(0), Approval(attended=True), False),
        (timedelta(0), Approval(allow_revoke=1), False),
    ],
)
def test_nobody_loses_a_key_in_use_unwatched(
    used: timedelta | None, approval: Approval, *, held: bool
) -> None:
    seen, known = world(stack(10), used=used, after=timedelta(0))
    told = refusals(desired(*(key(name) for name in stack(10)[1:])), seen, known, approval)
    assert bool(told) is held


def test_a_removal_that_can_be_undone_needs_no_watch() -> None:
    seen, known = world(stack(10), used=timedelta(0))
    assert refusals(desired(*(key(name) for name in stack(10)[1:])), seen, known) == ()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (replace(KNOWN, origin="https://elsewhere"), "origin"),
        (replace(KNOWN, dialect="another"), "dialect"),
        (replace(KNOWN, tenant="another"), "tenant"),
    ],
)
def test_a_provider_that_changed_is_refused(change: ProviderRow, word: str) -> None:
    seen, known = world(stack(1))
    known = replace(known, providers=(change,))
    (told,) = refusals(desired(key("crm-0")), seen, known)
    assert f"changed its {word} from" in told
    assert "keywright state move-provider agents" in told


def test_a_tenant_that_was_or_is_not_told_is_no_change() -> None:
    seen, known = world(stack(1))
    row = ProviderRow(name=PROVIDER, origin="memory:", dialect="memory", tenant=None)
    assert refusals(desired(key("crm-0")), seen, replace(known, providers=(row,))) == ()
    silent = replace(seen, providers=(replace(seen.providers[0], tenant=None),))
    told = replace(known, providers=(replace(row, tenant="memory"),))
    assert refusals(desired(key("crm-0")), silent, told) == ()


def test_a_stale_state_names_three_keys_and_counts_the_rest() -> None:
    strays = [live("crm-x", number) for number in range(5)]
    (told,) = refusals(desired(), observed(view(*strays)), recorded())
    assert "the state is stale" in told
    assert "and 2 more" in told


@pytest.mark.parametrize("policy", Unmanaged)
def test_foreign_keys_are_forbidden_only_where_that_is_written(policy: Unmanaged) -> None:
    seen = observed(view(foreign("a", "f1"), foreign("b", "f2")))
    told = refusals(desired(providers=[provider(unmanaged=policy)]), seen, recorded())
    assert bool(told) is (policy is Unmanaged.FAIL)
    assert all("has 2 unmanaged keys" in sentence for sentence in told)


def test_a_step_that_names_a_foreign_key_is_a_defect_and_refused() -> None:
    seen, known = world(stack(10))
    wanted = desired(*(key(name) for name in stack(10)[1:]))
    theirs = foreign("billing")
    seen = replace(seen, providers=(replace(seen.providers[0], keys=(theirs,)),))
    plan = plan_of(wanted, *world(stack(10)))
    forged = replace(plan, steps=(replace(plan.steps[0], key_id=theirs.id),))
    case = Case(forged, wanted, seen, known, match_live(seen, known, {}), ALONE, NOW)
    (told,) = foreign_keys(case)
    assert "is not ours" in told


def test_every_refusal_is_told_not_only_the_first() -> None:
    seen, known = world(stack(4), gone=3)
    strays = (live("crm-x"), foreign("billing"))
    seen = replace(
        seen, providers=(replace(seen.providers[0], keys=(*seen.providers[0].keys, *strays)),)
    )
    wanted = desired(providers=[provider(unmanaged=Unmanaged.FAIL)])
    assert len(refusals(wanted, seen, known)) == 4
