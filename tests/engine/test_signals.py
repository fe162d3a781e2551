"""Being stopped: by one signal, by two, by another run that took the lock, or by a person."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from reconciler.core.desired import Desired
from reconciler.core.steps import Outcome, Plan
from reconciler.engine.run import Report, apply
from reconciler.engine.transaction import Stop
from reconciler.errors import LockLostError, StateLockedError
from tests.core.builders import desired, key
from tests.engine.wires import Call, Wire
from tests.engine.worlds import (
    EVERYTHING,
    Place,
    apply_to,
    complaints,
    crash_at,
    new_place,
    run,
)

KEYS = desired(*(key(f"crm-{letter}") for letter in "abcdef"))


def stop_at(method: str, stop: Stop) -> Wire:
    def listen(call: Call) -> None:
        if call.name == method:
            stop.ask()

    return Wire(listener=listen)


def test_after_the_first_signal_what_is_in_flight_is_finished_and_nothing_new_begins() -> None:
    place, stop = new_place(), Stop()
    report = apply_to(place, KEYS, stop=stop, wire=stop_at("driver.create", stop))
    assert report.stopped
    outcomes = sorted(result.outcome for result in report.results)
    assert set(outcomes) == {Outcome.DONE, Outcome.SKIPPED}
    assert len(report.results) == len(KEYS.keys)
    assert not place.recorded().intents
    apply_to(place, KEYS)
    assert complaints(place, KEYS) == []


def cancel_at(place: Place, wanted: Desired, method: str) -> tuple[Report, Wire]:
    """Cancel a run, as a second signal does, while the first call of a method is on its way."""
    report, wire, reached = Report(), Wire(), asyncio.Event()

    def notice(call: Call) -> None:
        if call.name == method:
            reached.set()

    async def both() -> None:
        wire.on_begin = notice
        world = place.world(wanted, wire)
        task = asyncio.ensure_future(apply(world, EVERYTHING, lambda _: True, Stop(), report))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(both())
    return report, wire


@pytest.mark.parametrize("lasting", [True, False])
def test_a_create_that_has_begun_is_shielded_until_its_id_is_durable(*, lasting: bool) -> None:
    place, one = new_place(lasting=lasting), desired(key("crm-a"))
    _, wire = cancel_at(place, one, "driver.create")
    (intent,) = place.recorded().intents
    assert intent.key_id == place.api.live()[0].id
    assert intent.fingerprint is not None
    assert wire.names[-1] == "backend.unlock"
    if not lasting:
        place.bury_process()
    apply_to(place, one)
    assert complaints(place, one) == []


@pytest.mark.parametrize(
    "method", ["backend.lock", "backend.read", "driver.survey", "store.preflight", "store.stage"]
)
def test_wherever_a_run_is_cancelled_the_next_one_goes_on(method: str) -> None:
    place = new_place(lasting=True)
    cancel_at(place, KEYS, method)
    place.bury_process()
    apply_to(place, KEYS)
    assert complaints(place, KEYS) == []


def test_every_step_has_a_result_even_when_the_run_is_cancelled() -> None:
    place = new_place(lasting=True)
    report, _ = cancel_at(place, KEYS, "store.stage")
    assert report.plan is not None
    told = {result.step.address for result in report.results}
    assert told == {step.address for step in report.plan.steps}


def test_a_lost_lock_stops_the_run() -> None:
    place = new_place(lasting=True)

    def steal(call: Call) -> None:
        meta = place.state.meta
        if call.name == "driver.create" and meta is not None and meta.epoch == 1:
            place.state.break_lock()
            place.state.meta = replace(meta, epoch=2)

    report = apply_to(place, KEYS, wire=Wire(listener=steal))
    assert report.stopped
    assert Outcome.DONE not in {result.outcome for result in report.results}
    apply_to(place, KEYS)
    assert complaints(place, KEYS) == []


def test_a_lock_that_is_lost_before_the_walk_ends_the_run() -> None:
    place = new_place()
    apply_to(place, KEYS)

    def steal(call: Call) -> None:
        meta = place.state.meta
        if call.name == "spool.view" and meta is not None:
            place.state.meta = replace(meta, epoch=meta.epoch + 1)

    changed = desired(*(replace(declared, protect=True) for declared in KEYS.keys))
    with pytest.raises(LockLostError):
        apply_to(place, changed, wire=Wire(listener=steal))


def test_two_runs_cannot_hold_one_stack() -> None:
    place = new_place()

    async def both() -> list[BaseException | None]:
        runs = (
            apply(place.world(KEYS), EVERYTHING, lambda _: True, Stop(), Report()) for _ in range(2)
        )
        return await asyncio.gather(*runs, return_exceptions=True)

    answers = run(both())
    assert sorted(str(type(answer).__name__) for answer in answers) == [
        "NoneType",
        StateLockedError.__name__,
    ]
    assert complaints(place, KEYS) == []


def test_a_plan_that_is_declined_changes_nothing() -> None:
    place, wire = new_place(), Wire()
    report = apply_to(place, KEYS, confirm=lambda _: False, wire=wire)
    assert report.declined
    assert report.results == []
    assert {"driver.create", "backend.write_row", "store.stage"}.isdisjoint(wire.names)
    assert place.state.held_by is None


def test_nobody_is_asked_about_a_plan_that_does_nothing() -> None:
    place = new_place()
    apply_to(place, KEYS)

    def ask(plan: Plan) -> bool:
        raise AssertionError(f"asked about {plan}")

    assert apply_to(place, KEYS, confirm=ask).results == []


def test_a_signal_during_recovery_ends_the_run_without_touching_rows_it_no_longer_knows() -> None:
    place, stop = new_place(lasting=True), Stop()
    crash_at(place, desired(key("crm-a")), "store.stage")
    renamed = desired(key("crm-a", owner="another team"), key("crm-b"))
    report = apply_to(place, renamed, stop=stop, wire=stop_at("store.promote", stop))
    assert report.stopped
    assert [result.outcome for result in report.results] == [Outcome.DONE, Outcome.SKIPPED]
    apply_to(place, renamed)
    assert complaints(place, renamed) == []
