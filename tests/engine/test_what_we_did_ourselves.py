"""What an interrupted run of ours did is never taken for somebody else's doing, nor forgotten."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.desired import Desired
from reconciler.core.keys import Attributes
from reconciler.core.steps import Outcome
from reconciler.engine.run import Report, apply
from reconciler.engine.transaction import Stop
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from reconciler.stores.memory import Mishap
from tests.core.builders import desired, key, target
from tests.engine.stories import vanish
from tests.engine.wires import Call, When, Wire
from tests.engine.worlds import (
    EVERYTHING,
    all_done,
    apply_to,
    complaints,
    crash_at,
    look_at,
    new_place,
    outcomes,
    run,
)

ON = desired(key("crm-a", enabled=True), key("crm-b"))
OFF = desired(key("crm-a", enabled=False), key("crm-b"))
WITHOUT = desired(key("crm-b"))
AT_ONCE = desired(key("crm-a", enabled=True, delete_after=timedelta(0)), key("crm-b"))


@pytest.mark.parametrize(
    ("before", "interrupted", "wanted"),
    [
        (ON, WITHOUT, ON),
        (AT_ONCE, WITHOUT, ON),
        (ON, OFF, ON),
    ],
    ids=["retired", "deleted", "switched-off"],
)
@pytest.mark.parametrize("when", When)
def test_a_key_that_we_switched_off_comes_back_when_it_is_declared_again(
    before: Desired, interrupted: Desired, wanted: Desired, when: When
) -> None:
    place = new_place(lasting=True)
    apply_to(place, before)
    crash_at(place, interrupted, "driver.disable", when)
    apply_to(place, wanted)
    apply_to(place, wanted)
    assert complaints(place, wanted) == []


def test_a_key_that_we_switched_on_and_that_left_the_manifest_still_goes() -> None:
    place = new_place(lasting=True)
    apply_to(place, OFF)
    crash_at(place, AT_ONCE, "driver.enable")
    apply_to(place, AT_ONCE)
    apply_to(place, WITHOUT)
    assert [live.name.split(".")[0] for live in place.ours()] == ["crm-b"]


def test_a_slot_that_another_key_took_over_keeps_its_secret() -> None:
    place = new_place(lasting=True)
    shared = target("shared")
    place.api.fail_next(Action.CREATE, Fault.REFUSED)
    apply_to(place, desired(key("crm-a", slot=shared)))
    renamed = desired(key("crm-c", slot=shared))
    assert all_done(apply_to(place, renamed))
    assert place.works(shared)
    assert complaints(place, renamed) == []


def test_a_vanished_key_with_a_lost_successor_is_replaced_and_cleaned_up() -> None:
    place = new_place()
    one = desired(key("crm-a"))
    apply_to(place, one)
    vanish(place)
    crash_at(place, one, "store.stage", When.BEFORE)
    assert all_done(apply_to(place, one))
    assert complaints(place, one) == []


def test_the_plan_of_a_lost_secret_counts_the_deletion_that_follows() -> None:
    place = new_place()
    one = desired(key("crm-a"))
    crash_at(place, one, "store.stage", When.BEFORE)
    shown = {(step.address, step.action) for step in look_at(place, one).plan.steps}
    report = apply_to(place, one)
    assert {(result.step.address, result.step.action) for result in report.results} == shown
    assert complaints(place, one) == []


def test_no_step_of_a_key_follows_one_that_went_wrong() -> None:
    place = new_place(lasting=True)
    apply_to(place, ON)
    place.api.fail_next(Action.DISABLE, Fault.REFUSED)
    both = desired(
        replace(OFF.keys[0], attributes=Attributes.of({"enabled": False, "rate_limit": 7})),
        key("crm-b"),
    )
    told = outcomes(apply_to(place, both))
    assert told == {("crm-a", "disable"): Outcome.REFUSED, ("crm-a", "update"): Outcome.SKIPPED}
    apply_to(place, both)
    assert complaints(place, both) == []


@pytest.mark.parametrize("lasting", [True, False])
def test_a_cancelled_run_gives_the_lock_back_only_when_every_mint_has_ended(
    *, lasting: bool
) -> None:
    place, report, wire = new_place(lasting=lasting), Report(), Wire()
    many = desired(*(key(f"crm-{letter}") for letter in "abcdef"))
    reached = asyncio.Event()

    def notice(call: Call) -> None:
        if call.name == "driver.create":
            reached.set()

    async def both() -> None:
        wire.on_begin = notice
        world = place.world(many, wire)
        task = asyncio.ensure_future(apply(world, EVERYTHING, lambda _: True, Stop(), report))
        await reached.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(both())
    assert wire.names[-1] == "backend.unlock"
    assert max(Counter(result.step.address for result in report.results).values()) == 1
    assert len(report.results) == len(many.keys)
    durable = {intent.key_id for intent in place.recorded().intents}
    assert {live.id for live in place.api.live()} <= durable
    if not lasting:
        place.bury_process()
    apply_to(place, many)
    assert complaints(place, many) == []


def test_a_secret_that_consumers_read_already_is_never_revoked_for_a_store_that_refuses() -> None:
    place, one = new_place(lasting=True), desired(key("crm-a"))
    crash_at(place, one, "store.promote")
    made = place.api.live()[0].id
    place.store.fail("preflight", Mishap.REFUSED)
    assert not all_done(apply_to(place, one))
    assert place.api.find(made) is not None
    assert place.works(target("crm-a"))
    assert all_done(apply_to(place, one))
    assert complaints(place, one) == []
