"""Whether a former version may come back: never against somebody's switching off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import Address, Stage
from reconciler.core.observed import LiveStatus
from reconciler.core.orders import Orders
from reconciler.core.plan import make_plan
from reconciler.core.recorded import Version
from reconciler.core.steps import Action, Step
from tests.core.builders import (
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

UNDO = Orders(only=frozenset({Address("crm-a")}), restore=frozenset({Address("crm-a")}))
RETIRING = replace(version("crm-a", 1, stage=Stage.RETIRING), overlap=2 * DAY, retire_at=NOW + DAY)
DISABLED = replace(RETIRING, stage=Stage.DISABLED, disabled_at=NOW - DAY, delete_at=NOW + DAY)


def undo(former: Version, status: LiveStatus, declared: DesiredKey) -> Step:
    plan = make_plan(
        desired(declared),
        observed(
            view(live("crm-a", 1, status=status), live("crm-a", 2)),
            heads=[head("crm-a", 2, (1,))],
        ),
        recorded(row("crm-a", former, version("crm-a", 2))),
        ABLE_ALL,
        NOW,
        UNDO,
    )
    (step,) = plan.steps
    return step


@pytest.mark.parametrize(
    ("former", "status"),
    [(RETIRING, LiveStatus.ACTIVE), (DISABLED, LiveStatus.DISABLED)],
)
def test_what_works_and_what_we_switched_off_comes_back(
    former: Version, status: LiveStatus
) -> None:
    assert undo(former, status, key("crm-a")).action is Action.RESTORE


def test_what_somebody_else_switched_off_stays_off() -> None:
    step = undo(RETIRING, LiveStatus.DISABLED, key("crm-a"))
    assert step.action is Action.HOLD
    assert "was disabled outside Keywright, which may be an incident" in step.sentence


def test_a_key_that_is_declared_as_off_has_nothing_to_come_back() -> None:
    step = undo(RETIRING, LiveStatus.ACTIVE, key("crm-a", enabled=False))
    assert step.action is Action.HOLD
    assert "it is declared as switched off" in step.sentence
