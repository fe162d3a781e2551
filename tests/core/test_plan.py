"""The plan as one value: its order, its digest, its counts and its preconditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from datetime import timedelta

import pytest

from reconciler.core.keys import Stage
from reconciler.core.knowledge import consumed, fingerprint_of, next_number
from reconciler.core.plan import digest, make_plan
from reconciler.core.steps import Action, Counts, Plan, count
from tests.core.builders import (
    ABLE_ALL,
    DAY,
    NOW,
    PROVIDER,
    desired,
    key,
    key_id,
    live,
    observed,
    recorded,
    row,
    settle_key,
    version,
    view,
)

A, B, C, D = (key(f"crm-{letter}", rate_limit=600) for letter in "abcd")


def busy() -> Plan:
    """One create, one update, one disable, one removal."""
    settled = [settle_key(declared) for declared in (A, B, C)]
    return make_plan(
        desired(key("crm-a", rate_limit=700), key("crm-b", rate_limit=600, enabled=False), D),
        observed(view(*(shown for _, shown, _ in settled)), heads=[head for _, _, head in settled]),
        recorded(*(kept for kept, _, _ in settled)),
        ABLE_ALL,
        NOW,
    )


def test_nothing_is_taken_away_before_what_replaces_it_is_there() -> None:
    assert [(step.action, step.address) for step in busy().steps] == [
        (Action.CREATE, "crm-d"),
        (Action.DISABLE, "crm-b"),
        (Action.UPDATE, "crm-a"),
        (Action.RETIRE, "crm-c"),
    ]


def test_counts_are_terraforms_three_numbers() -> None:
    plan = busy()
    assert count(plan.steps) == Counts(add=1, change=3, destroy=0)
    deletion = replace(plan.steps[3], action=Action.DELETE)
    assert count((deletion,)) == Counts(0, 0, 1)
    assert count((replace(deletion, action=Action.HOLD),)) == Counts(0, 0, 0)
    writing = {action for action in Action if action is not Action.HOLD}
    assert all(count((replace(deletion, action=a),)) != Counts(0, 0, 0) for a in writing)


CHANGES: dict[str, Callable[[Plan], Plan]] = {
    "stack": lambda plan: replace(plan, stack="another"),
    "lineage": lambda plan: replace(plan, lineage="another"),
    "serial": lambda plan: replace(plan, serial=9),
    "now": lambda plan: replace(plan, made_at=NOW + DAY),
    "provider url": lambda plan: replace(
        plan, providers=(replace(plan.providers[0], origin="https://elsewhere"),)
    ),
    "order": lambda plan: replace(plan, steps=plan.steps[::-1]),
    "sentence": lambda plan: replace(plan, steps=(replace(plan.steps[0], sentence="x"),)),
    "precondition": lambda plan: replace(plan, steps=(replace(plan.steps[0], precondition="x"),)),
    "difference": lambda plan: replace(
        plan,
        steps=(
            plan.steps[0],
            replace(plan.steps[2], differences=(replace(plan.steps[2].differences[0], after=999),)),
            *plan.steps[2:],
        ),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_two_plans_that_differ_anywhere_differ_in_their_digest(what: str) -> None:
    plan = busy()
    assert plan.digest == digest(plan)
    assert digest(CHANGES[what](plan)) != plan.digest


def test_a_plan_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        busy().stack = "another"  # type: ignore[misc]  # that it is refused is what is tested


def test_a_precondition_notices_any_change_of_the_live_key() -> None:
    shown = live("crm-a", rate_limit=600)
    told = {
        fingerprint_of(None),
        fingerprint_of(shown),
        fingerprint_of(live("crm-a", rate_limit=601)),
        fingerprint_of(live("crm-a", 2, rate_limit=600)),
        fingerprint_of(replace(shown, status=live("crm-a").status.__class__.EXPIRED)),
    }
    assert len(told) == 5
    assert fingerprint_of(replace(shown, last_used_at=NOW)) == fingerprint_of(shown)


def test_every_step_says_where_what_and_when() -> None:
    create, disable, update, retire = busy().steps
    assert (create.number, create.key_id, create.precondition) == (1, None, "absent")
    assert [d.field for d in update.differences] == ["rate_limit"]
    assert update.key_id == key_id("crm-a")
    assert update.place == "keys.yaml:3:3"
    assert disable.impact == "the key stops working at once"
    assert retire.due_at == NOW + 30 * DAY
    assert retire.place is None


def test_the_next_version_has_a_number_that_was_never_used() -> None:
    assert next_number(None) == 1
    assert next_number(row("crm-a", version("crm-a", 3, stage=Stage.GONE))) == 4


def test_the_version_that_is_consumed_is_never_a_lost_one() -> None:
    lost = version("crm-a", 1, condemned=True, stage=Stage.RETIRING)
    off = version("crm-a", 2, stage=Stage.DISABLED)
    assert consumed(None) is None
    assert consumed(row("crm-a", lost)) is None
    assert consumed(row("crm-a", lost, off)) == off
    assert consumed(row("crm-a", lost, version("crm-a", 3))) == version("crm-a", 3)


@pytest.mark.parametrize(
    ("ahead", "held"),
    [
        (timedelta(minutes=5), False),
        (timedelta(minutes=5, seconds=1), True),
        (-timedelta(minutes=6), True),
        (None, False),
    ],
)
def test_more_than_five_minutes_of_skew_hold_what_time_demands(
    ahead: timedelta | None, *, held: bool
) -> None:
    off = version("crm-a", stage=Stage.DISABLED, delete_at=NOW)
    plan = make_plan(
        desired(),
        observed(view(live("crm-a", status=live("x").status.DISABLED), clock_ahead=ahead)),
        recorded(row("crm-a", off)),
        ABLE_ALL,
        NOW,
    )
    assert [step.action for step in plan.steps] == [Action.HOLD if held else Action.DELETE]


def test_a_provider_that_was_not_read_makes_the_plan_incomplete() -> None:
    plan = make_plan(desired(A), observed(), recorded(), ABLE_ALL, NOW)
    assert not plan.complete
    assert plan.providers[0].name == PROVIDER
    assert [step.action for step in plan.steps] == [Action.HOLD]
    assert plan.actions == ()
    assert plan.holds == plan.steps
