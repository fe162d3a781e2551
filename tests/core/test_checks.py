"""The table of checks, at its edges: what is decided here, and what its neighbour decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.core import checks
from reconciler.core.checks import UNDECLARED, decide
from reconciler.core.desired import DesiredKey
from reconciler.core.keys import After, At, Cause, Stage
from reconciler.core.observed import LiveStatus
from reconciler.core.rotation import Due
from reconciler.core.situation import Situation
from reconciler.core.steps import Action, Difference, Reason
from tests.core.builders import ABLE, DAY, NOW, head, key, live, row, target, version

TICK = timedelta(microseconds=1)
ON, OFF = key("crm-a", enabled=True), key("crm-a", enabled=False)
EXPIRY = Difference("expires_at", NOW, NOW + DAY, Cause.CONFIG)
RATE = Difference("rate_limit", 1, 2, Cause.CONFIG)


def well(declared: DesiredKey | None = ON) -> Situation:
    """A key about which there is nothing to say."""
    return Situation(
        now=NOW,
        row=row("crm-a"),
        key=declared,
        version=version("crm-a"),
        live=live("crm-a"),
        absent=False,
        unread=None,
        head=head("crm-a"),
        store_unread=None,
        can_read_secrets=True,
        able=ABLE,
    )


def decision(situation: Situation) -> tuple[Action, Reason] | None:
    found = decide(situation)
    return (found[0].action, found[0].reason) if found else None


def removed(stage: Stage = Stage.DISABLED, delete_at: datetime | None = None) -> Situation:
    gone = version("crm-a", stage=stage, delete_at=delete_at)
    off = live("crm-a", status=LiveStatus.DISABLED)
    return replace(well(None), row=row("crm-a", gone), version=gone, live=off)


def test_a_key_that_is_well_needs_nothing() -> None:
    assert decision(well()) is None
    assert decision(replace(well(OFF), live=live("crm-a", status=LiveStatus.DISABLED))) is None


@pytest.mark.parametrize(
    "check",
    [*checks.LIFE, *checks.OFF, *checks.STUCK, *checks.RENEWAL, *checks.STORED, *UNDECLARED],
    ids=lambda check: check.__name__,
)
def test_every_check_says_what_situation_it_finds(check: object) -> None:
    assert check.__doc__


@pytest.mark.parametrize(
    ("delete_at", "expected"),
    [
        (NOW + TICK, None),
        (NOW, (Action.DELETE, Reason.DELETE_DUE)),
        (NOW - TICK, (Action.DELETE, Reason.DELETE_DUE)),
        (None, None),
    ],
)
def test_a_deletion_is_due_from_its_instant_on(
    delete_at: datetime | None, expected: object
) -> None:
    assert decision(removed(delete_at=delete_at)) == expected


@pytest.mark.parametrize(("expiry", "held"), [(NOW + TICK, False), (NOW, True), (NOW - TICK, True)])
def test_an_expiry_is_past_from_its_instant_on(expiry: datetime, *, held: bool) -> None:
    fresh = replace(
        well(key("crm-a", lifetime=At(expiry))), row=None, version=None, live=None, head=None
    )
    expected = (Action.HOLD, Reason.EXPIRY_PAST) if held else (Action.CREATE, Reason.MISSING)
    assert decision(fresh) == expected
    moved = replace(well(key("crm-a", lifetime=At(expiry))), expiry=expiry, differences=(EXPIRY,))
    expected = (Action.HOLD, Reason.EXPIRY_PAST) if held else (Action.UPDATE, Reason.CHANGED)
    assert decision(moved) == expected


def test_a_relative_lifetime_of_a_new_key_is_never_past() -> None:
    fresh = replace(well(key("crm-a", lifetime=After(DAY))), row=None, version=None, live=None)
    assert decision(fresh) == (Action.CREATE, Reason.MISSING)


@pytest.mark.parametrize(
    ("status", "declared", "by_us", "expected"),
    [
        (LiveStatus.DISABLED, ON, False, (Action.HOLD, Reason.DISABLED_OUTSIDE)),
        (LiveStatus.DISABLED, ON, True, (Action.ENABLE, Reason.SWITCHED)),
        (LiveStatus.DISABLED, OFF, False, None),
        (LiveStatus.DISABLED, OFF, True, None),
        (LiveStatus.DISABLED, key("crm-a"), False, (Action.HOLD, Reason.DISABLED_OUTSIDE)),
        (LiveStatus.DISABLED, key("crm-a"), True, None),
        (LiveStatus.ACTIVE, OFF, False, (Action.DISABLE, Reason.SWITCHED)),
        (LiveStatus.ACTIVE, OFF, True, (Action.DISABLE, Reason.SWITCHED)),
        (LiveStatus.ACTIVE, ON, True, None),
        (LiveStatus.EXPIRED, ON, False, (Action.HOLD, Reason.EXPIRED)),
        (LiveStatus.EXPIRED, OFF, False, (Action.HOLD, Reason.EXPIRED)),
    ],
)
def test_being_on_or_off(
    status: LiveStatus, declared: DesiredKey, expected: object, *, by_us: bool
) -> None:
    here = replace(
        well(declared), live=live("crm-a", status=status), row=row("crm-a", disabled_by_us=by_us)
    )
    assert decision(here) == expected


def test_an_outside_disable_comes_before_any_change() -> None:
    here = replace(well(), live=live("crm-a", status=LiveStatus.DISABLED), differences=(RATE,))
    assert decision(here) == (Action.HOLD, Reason.DISABLED_OUTSIDE)


def test_a_field_that_cannot_be_changed_takes_a_new_version_and_the_others_do_not_wait() -> None:
    able = replace(ABLE, mutable=frozenset({"rate_limit"}))
    assert decision(replace(well(), able=able, differences=(RATE,))) == (
        Action.UPDATE,
        Reason.CHANGED,
    )
    assert decision(replace(well(), able=able, differences=(EXPIRY, RATE))) == (
        Action.ROTATE,
        Reason.IMMUTABLE,
    )


@pytest.mark.parametrize("declared", [ON, None])
def test_nothing_is_concluded_without_a_read(declared: DesiredKey | None) -> None:
    blind = replace(well(declared), live=None, unread="page 3 could not be read")
    assert decision(blind) == (Action.HOLD, Reason.UNREADABLE)
    seen = replace(blind, unread=None)
    assert decision(seen) == (Action.HOLD, Reason.UNCONFIRMED)


def test_an_absent_key_is_made_anew_or_forgotten() -> None:
    assert decision(replace(well(), live=None, absent=True)) == (Action.CREATE, Reason.VANISHED)
    assert decision(replace(well(None), live=None, absent=True)) == (
        Action.FORGET,
        Reason.ALREADY_GONE,
    )


@pytest.mark.parametrize(
    ("able", "after", "expected"),
    [
        (ABLE, 30 * DAY, Action.RETIRE),
        (ABLE, timedelta(0), Action.DELETE),
        (replace(ABLE, can_disable=False), 30 * DAY, Action.DELETE),
    ],
)
def test_a_key_is_retired_where_that_can_be_undone(
    able: object, after: timedelta, expected: Action
) -> None:
    here = replace(well(None), able=able, row=row("crm-a", delete_after=after))  # type: ignore[arg-type]  # parametrised
    assert decision(here) == (expected, Reason.UNDECLARED)


def test_protection_and_a_lost_provider_hold_before_anything_is_removed() -> None:
    assert decision(replace(well(None), row=row("crm-a", protect=True))) == (
        Action.HOLD,
        Reason.PROTECTED,
    )
    assert decision(replace(removed(delete_at=NOW), able=None)) == (
        Action.HOLD,
        Reason.PROVIDER_GONE,
    )


def test_a_removed_key_that_expired_still_waits_for_its_day() -> None:
    waiting = replace(removed(delete_at=NOW + DAY), live=live("crm-a", status=LiveStatus.EXPIRED))
    assert decision(waiting) is None


def test_the_store_is_looked_at_last() -> None:
    here = well()
    assert decision(replace(here, store_unread="sealed")) == (Action.HOLD, Reason.STORE_UNREADABLE)
    assert decision(replace(here, head=head("crm-a", None))) == (
        Action.ROTATE,
        Reason.SECRET_MISSING,
    )
    assert decision(replace(here, head=head("crm-a", 2, (1,)))) == (
        Action.ROTATE,
        Reason.STORE_CHANGED,
    )
    elsewhere = replace(ON, target=target("elsewhere"))
    assert decision(replace(here, key=elsewhere)) == (Action.ROTATE, Reason.SECRET_MOVED)


def test_a_lost_version_is_replaced_and_a_dead_one_is_as_if_it_never_was() -> None:
    lost = row("crm-a", version("crm-a", condemned=True, stage=Stage.RETIRING))
    here = replace(well(), row=lost, version=None, live=None)
    assert decision(here) == (Action.CREATE, Reason.CONDEMNED)
    dead = row("crm-a", version("crm-a", stage=Stage.GONE))
    assert decision(replace(here, row=dead)) == (Action.CREATE, Reason.MISSING)


def waiting_for_its_predecessor() -> Situation:
    """A key that is due, while the version before it still works."""
    elder = replace(version("crm-a", 1, stage=Stage.RETIRING), overlap=DAY)
    current = version("crm-a", 2)
    return replace(
        well(replace(ON, on_promoted="a webhook")),
        row=row("crm-a", elder, current),
        version=current,
        live=live("crm-a", 2),
        head=head("crm-a", 2, (1,)),
        due=Due(NOW, Reason.TOO_OLD),
    )


def test_a_rotation_that_waits_its_turn_hides_nothing_that_cannot_wait() -> None:
    here = waiting_for_its_predecessor()
    held = [(Action.HOLD, Reason.PREDECESSOR)]
    assert all_decisions(here) == held
    lost = replace(here, head=head("crm-a", None, (1,)))
    assert all_decisions(lost) == [(Action.ROTATE, Reason.SECRET_MISSING)]
    assert here.version is not None
    untold = replace(here, version=replace(here.version, promoted_at=NOW))
    assert all_decisions(untold) == [*held, (Action.NOTIFY, Reason.NOT_ANNOUNCED)]
    untried = replace(here, version=replace(here.version, verified_at=None))
    assert all_decisions(untried) == [*held, (Action.VERIFY, Reason.UNPROVEN)]


def all_decisions(situation: Situation) -> list[tuple[Action, Reason]]:
    return [(found.action, found.reason) for found in decide(situation)]
