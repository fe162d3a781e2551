"""Telling consumers, from which on an overlap counts, and waiting for its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.keys import Stage
from reconciler.core.steps import Outcome
from reconciler.engine.run import Report
from reconciler.engine.transaction import Stop
from reconciler.engine.wait import settle_overlaps
from reconciler.interfaces.driver import Refused, Unknown
from reconciler.interfaces.notifier import News
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from tests.core.builders import STACK, desired, key, target
from tests.engine.gateways import GATEWAY, has, place_with, provider_key
from tests.engine.gateways import stack as gateway_stack
from tests.engine.rotations import (
    HOUR,
    OVERLAP,
    ROTATE,
    UNDO,
    numbered,
    rotated,
    rotating,
    stack,
    stages,
)
from tests.engine.wires import Call, When, Wire
from tests.engine.worlds import (
    EVERYTHING,
    Place,
    all_done,
    apply_to,
    crash,
    new_place,
    outcomes,
    run,
)

TOLD = stack(rotating(on_promoted="a command"))


def wait(place: Place, report: Report, limit: timedelta, stop: Stop | None = None) -> Report:
    """Wait for overlaps after an apply, in the same process as it were."""
    assert report.plan is not None
    waited = Report()
    world = place.world(stack())
    work = settle_overlaps(world, report.plan, EVERYTHING, stop or Stop(), waited, limit)
    run(work)
    return waited


def test_consumers_are_told_where_the_secret_is_once_it_is_there() -> None:
    place, wire = new_place(), Wire()
    row = rotated(place, TOLD, wire)
    assert wire.names.index("store.promote") < wire.names.index("notifier.announce")
    first, second = place.notifier.told
    assert (first.number, first.replaces, first.overlap_seconds) == (1, None, 0)
    assert (second.number, second.replaces) == (2, 1)
    assert second.overlap_seconds == OVERLAP.total_seconds()
    assert (second.stack, second.target) == (STACK, target("crm-a"))
    assert second.op == numbered(row, 2).op
    assert second.key_id == numbered(row, 2).key_id


def test_an_overlap_begins_when_consumers_were_told_in_one_write() -> None:
    place, wire = new_place(), Wire()
    row = rotated(place, TOLD, wire)
    after = wire.names[wire.names.index("notifier.announce") :]
    assert after == ["notifier.announce", "backend.write_row", "backend.unlock"]
    now = place.clock.now()
    assert numbered(row, 2).announced_at == now
    assert numbered(row, 1).retire_at == now + OVERLAP


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(Refused("nobody there"), Outcome.REFUSED), (Unknown("cut off"), Outcome.UNKNOWN)],
)
def test_until_consumers_were_told_no_overlap_runs(
    answer: Refused | Unknown, outcome: Outcome
) -> None:
    place = new_place()
    apply_to(place, TOLD)
    place.notifier.fail_next(answer)
    report = apply_to(place, TOLD, orders=ROTATE)
    assert outcomes(report)[("crm-a", "notify")] is outcome
    assert numbered(place.row(), 1).retire_at is None
    place.clock.advance(OVERLAP + HOUR)
    assert outcomes(apply_to(place, TOLD)) == {("crm-a", "notify"): Outcome.DONE}
    told = place.notifier.told
    assert told[-1].number == 2
    assert numbered(place.row(), 1).retire_at == place.clock.now() + OVERLAP
    assert stages(place.row()) == {1: Stage.RETIRING, 2: Stage.CURRENT}


def test_every_attempt_at_telling_of_one_version_has_the_same_operation() -> None:
    place, seen = new_place(), list[object]()

    def watch(call: Call) -> None:
        seen.extend(news.op for news in call.arguments if isinstance(news, News))

    place.notifier.fail_next(Unknown("cut off"))
    apply_to(place, TOLD, wire=Wire(on_begin=watch))
    apply_to(place, TOLD, wire=Wire(on_begin=watch))
    assert len(seen) == 2
    assert len(set(seen)) == 1


def test_an_apply_can_wait_for_the_overlap_and_retire_what_was_replaced() -> None:
    place = new_place()
    apply_to(place, stack())
    place.clock.advance(HOUR)
    report = apply_to(place, stack(), orders=ROTATE)
    ends = numbered(place.row(), 1).retire_at
    waited = wait(place, report, OVERLAP + HOUR)
    assert outcomes(waited) == {("crm-a", "retire"): Outcome.DONE}
    assert numbered(place.row(), 1).disabled_at == ends


def test_nobody_waits_beyond_the_limit() -> None:
    place = new_place()
    apply_to(place, stack())
    report, began = apply_to(place, stack(), orders=ROTATE), place.clock.now()
    assert wait(place, report, OVERLAP - HOUR).results == []
    assert place.clock.now() == began


def test_a_signal_ends_the_wait() -> None:
    place, stop = new_place(), Stop()
    apply_to(place, stack())
    report = apply_to(place, stack(), orders=ROTATE)
    stop.ask()
    waited = wait(place, report, OVERLAP + HOUR, stop)
    assert waited.stopped
    assert waited.results == []


def test_while_it_waits_nothing_is_done_that_was_not_shown() -> None:
    place = new_place()
    apply_to(place, stack())
    report = apply_to(place, stack(), orders=ROTATE)
    assert report.plan is not None
    waited = Report()
    more = desired(rotating(), key("crm-new"))
    work = settle_overlaps(
        place.world(more), report.plan, EVERYTHING, Stop(), waited, OVERLAP + HOUR
    )
    run(work)
    assert outcomes(waited) == {("crm-a", "retire"): Outcome.DONE}
    assert [row.address for row in place.recorded().keys] == ["crm-a"]


def test_the_lock_is_free_while_it_waits() -> None:
    place = new_place()
    apply_to(place, stack())
    report = apply_to(place, stack(), orders=ROTATE)
    assert report.plan is not None
    held: list[bool] = []
    wire = Wire()

    def watch(call: Call) -> None:
        if call.name == "clock.sleep":
            held.append(place.state.held_by is not None)

    wire.on_begin = watch
    world = place.world(stack(), wire)
    run(settle_overlaps(world, report.plan, EVERYTHING, Stop(), Report(), OVERLAP + HOUR))
    assert held
    assert not any(held)
    assert all_done(apply_to(place, stack()))


def test_the_run_that_finishes_an_interrupted_rotation_tells_consumers_too() -> None:
    place = new_place(lasting=True)
    apply_to(place, TOLD)
    wire = Wire(crash_at="store.promote", when=When.AFTER)
    assert crash(place, TOLD, wire, ROTATE)
    apply_to(place, TOLD)
    assert place.notifier.told[-1].number == 2
    assert numbered(place.row(), 1).retire_at == place.clock.now() + OVERLAP


def test_consumers_are_told_of_an_undo_in_the_same_run() -> None:
    place = new_place()
    rotated(place, TOLD)
    assert all_done(apply_to(place, TOLD, orders=UNDO))
    assert place.notifier.told[-1].number == 1


def test_a_wait_spares_the_version_that_a_gateway_still_uses() -> None:
    place, wanted = place_with("openai"), gateway_stack(provider_key(adopt=True))
    assert all_done(apply_to(place, wanted))
    place.apis[GATEWAY].fail_next(Action.PUT_UPSTREAM, Fault.REFUSED)
    at_once = replace(ROTATE, overlap=timedelta(0))
    report = apply_to(place, wanted, orders=at_once)
    assert report.plan is not None
    waited = Report()
    work = settle_overlaps(
        place.world(wanted), report.plan, EVERYTHING, Stop(), waited, timedelta(seconds=5)
    )
    run(work)
    assert waited.results == []
    assert len(place.api.live()) == 2
    assert has(place) is False
    assert all_done(apply_to(place, wanted))
    assert has(place) is True


def test_after_an_undo_the_overlap_begins_when_consumers_were_told_of_it() -> None:
    place = new_place()
    rotated(place, TOLD)
    place.notifier.fail_next(Unknown("no answer"))
    apply_to(place, TOLD, orders=UNDO)
    assert numbered(place.row(), 2).retire_at is None
    place.clock.advance(OVERLAP + HOUR)
    told_at = place.clock.now()
    assert all_done(apply_to(place, TOLD))
    gone = numbered(place.row(), 2)
    assert gone.stage is Stage.RETIRING
    assert gone.retire_at == told_at + OVERLAP
