"""Whose use of a key was that? On a doubt nobody is cut off."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.desired import Rotation
from reconciler.core.keys import Stage
from reconciler.core.plan import make_plan
from reconciler.core.recorded import Proof, Version
from reconciler.core.retirement import Successor, retire
from reconciler.core.situation import Situation
from reconciler.core.steps import Action, Reason, Topic
from reconciler.core.tenant import Effect
from reconciler.core.usage import never_used, used_by_others
from tests.core.builders import (
    ABLE,
    ABLE_ALL,
    DAY,
    NOW,
    desired,
    head,
    key,
    live,
    observed,
    recorded,
    row,
    version,
    view,
)

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
MADE = NOW - 10 * DAY
NEW = replace(version("crm-a", 2), promoted_at=NOW - 3 * DAY, announced_at=NOW - 3 * DAY)
NEW = replace(NEW, created_at=NOW - 3 * DAY, verified_at=NOW - 3 * DAY)
OLD = replace(
    version("crm-a", 1, stage=Stage.RETIRING),
    overlap=2 * DAY,
    retire_at=NOW - DAY,
    promoted_at=MADE,
)


@pytest.mark.parametrize(
    ("ahead", "after", "certain"),
    [
        (timedelta(0), 5 * SECOND, False),
        (timedelta(0), 6 * SECOND, True),
        (MINUTE, MINUTE + 5 * SECOND, False),
        (MINUTE, MINUTE + 6 * SECOND, True),
        (-MINUTE, 6 * SECOND, True),
        (None, 5 * MINUTE, False),
        (None, 6 * MINUTE, True),
    ],
)
def test_a_use_that_may_be_our_own_probe_by_another_clock_proves_nothing(
    ahead: timedelta | None, after: timedelta, *, certain: bool
) -> None:
    used = live("crm-a", 2, used=NOW - 3 * DAY + after)
    assert used_by_others(used, NEW, ahead) is certain


def test_a_try_that_went_wrong_is_a_use_of_ours_too() -> None:
    failed = Proof(call="GET /admin", answer="allowed", at=NOW - HOUR)
    tried = replace(NEW, verified_at=None, proofs=(failed,))
    assert not used_by_others(live("crm-a", 2, used=NOW - HOUR), tried, timedelta(0))
    assert used_by_others(live("crm-a", 2, used=NOW), tried, timedelta(0))


def test_a_later_probe_does_not_make_a_key_one_that_nobody_used() -> None:
    assert never_used(live("crm-a", used=None), OLD)
    assert never_used(live("crm-a", used=MADE + SECOND), OLD)
    probed_again = replace(OLD, verified_at=NOW - HOUR)
    assert not never_used(live("crm-a", used=NOW - HOUR), probed_again)


def elder(used_days_ago: int) -> Situation:
    declared = replace(key("crm-a"), rotation=Rotation(overlap=2 * DAY, idle=DAY))
    return Situation(
        now=NOW,
        row=row("crm-a", OLD, NEW),
        key=declared,
        version=OLD,
        live=live("crm-a", used=NOW - used_days_ago * DAY),
        absent=False,
        unread=None,
        head=head("crm-a", 2, (1,)),
        store_unread=None,
        can_read_secrets=True,
        able=ABLE,
    )


def successor(of: Version = NEW, *, tells_use: bool = True) -> Successor:
    return Successor(
        version=of,
        live=live("crm-a", 2),
        stored=True,
        effect=Effect.NOW,
        proven=True,
        tells_use=tells_use,
    )


def test_where_the_new_key_can_show_no_use_none_is_waited_for() -> None:
    held = retire(elder(4), successor())
    assert held is not None
    assert (held.action, held.reason) == (Action.HOLD, Reason.NOT_USED_YET)
    moved = retire(elder(4), successor(tells_use=False))
    assert moved is not None
    assert moved.action is Action.RETIRE
    used = retire(elder(0), successor(tells_use=False))
    assert used is not None
    assert used.reason is Reason.STILL_USED


def test_nothing_goes_before_consumers_were_told_of_what_follows_it() -> None:
    here = elder(4)
    assert here.key is not None
    told = replace(here, key=replace(here.key, on_promoted="a webhook"))
    held = retire(told, successor(replace(NEW, announced_at=None), tells_use=False))
    assert held is not None
    assert (held.action, held.reason) == (Action.HOLD, Reason.NOT_ANNOUNCED)


def test_a_key_that_only_our_own_probe_has_used_is_told_as_never_used() -> None:
    declared = replace(key("crm-a"), unused_after=5 * DAY)
    probed = replace(version("crm-a"), promoted_at=MADE)
    plan = make_plan(
        desired(declared),
        observed(view(live("crm-a", used=MADE)), heads=[head("crm-a")]),
        recorded(row("crm-a", probed)),
        ABLE_ALL,
        NOW,
    )
    assert [(each.topic, each.sentence) for each in plan.remarks] == [
        (Topic.NEVER_USED, "nobody ever used it in 5d")
    ]
