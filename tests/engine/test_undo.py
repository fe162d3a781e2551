"""Going back to the version before: on again, seen to work, published, recorded, crash or not."""

from __future__ import annotations

import pytest

from reconciler.core.keys import Cause, Stage
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import IntentKind, Version
from reconciler.core.steps import Action as Do
from reconciler.core.steps import Outcome, Reason, Result, Step
from reconciler.engine.run import begin, look
from reconciler.engine.transaction import Stop
from reconciler.engine.walk import walk
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from reconciler.stores.memory import Mishap
from tests.core.builders import target
from tests.engine.rotations import (
    HOUR,
    OVERLAP,
    UNDO,
    A,
    accuse,
    numbered,
    published,
    rotated,
    rotating,
    stack,
    stages,
)
from tests.engine.wires import Call, Crash, When, Wire
from tests.engine.worlds import (
    EVERYTHING,
    Place,
    all_done,
    apply_to,
    complaints,
    new_place,
    outcomes,
    run,
)

RESTORED = {("crm-a", "restore"): Outcome.DONE}


def retired(place: Place) -> None:
    """Bring a world to where the first version is off, and can be brought back."""
    rotated(place)
    place.clock.advance(OVERLAP + HOUR)
    assert all_done(apply_to(place, stack()))


def restore_by_hand(place: Place, version: Version, wire: Wire | None = None) -> Outcome:
    """Carry out a RESTORE step as if it had been planned before anything else happened."""
    step = Step(
        address=A,
        provider=version.provider,
        action=Do.RESTORE,
        cause=Cause.CONFIG,
        reason=Reason.ASKED,
        sentence="",
        number=version.number,
        key_id=version.key_id,
    )
    world = place.world(stack(), wire)

    async def go() -> Outcome:
        await world.backend.lock(world.holder)
        going = begin(world, await look(world.outlook(), EVERYTHING), Stop())
        results: list[Result] = []
        await walk(going, (step,), results)
        await world.backend.unlock()
        return results[0].outcome

    return run(go())


def test_the_former_version_is_current_again_and_the_other_one_retires() -> None:
    place = new_place()
    row = rotated(place)
    newer = published(place)
    assert outcomes(apply_to(place, stack(), orders=UNDO)) == RESTORED
    back, now = place.row(), place.clock.now()
    assert stages(back) == {1: Stage.CURRENT, 2: Stage.RETIRING}
    assert numbered(back, 1).key_id == numbered(row, 1).key_id
    assert (numbered(back, 1).retire_at, numbered(back, 1).announced_at) == (None, now)
    assert numbered(back, 2).retire_at == now + OVERLAP
    assert place.works(target("crm-a"))
    assert place.api.use(newer)
    assert complaints(place, stack()) == []


def test_a_version_that_was_switched_off_is_on_and_accepted_before_it_is_published() -> None:
    place, wire = new_place(), Wire()
    retired(place)
    assert outcomes(apply_to(place, stack(), orders=UNDO, wire=wire)) == RESTORED
    order = ["driver.enable", "driver.probe", "store.promote", "backend.close_intent"]
    assert [name for name in wire.names if name in order] == order
    back = numbered(place.row(), 1)
    assert (back.stage, back.delete_at, back.disabled_at) == (Stage.CURRENT, None, None)
    assert complaints(place, stack()) == []


def test_an_undo_moves_a_key_back_to_its_former_slot() -> None:
    place = new_place()
    apply_to(place, stack())
    apply_to(place, stack(rotating(path="elsewhere")))
    apply_to(place, stack(), orders=UNDO)
    assert place.row().target == target("crm-a")
    assert place.works(target("crm-a"))
    assert place.works(target("elsewhere"))


def test_a_version_that_is_not_accepted_does_not_come_back_and_is_off_again() -> None:
    place = new_place()
    retired(place)
    before = published(place)
    place.api.fail_next(Action.ENABLE, Fault.REFUSED)
    assert outcomes(apply_to(place, stack(), orders=UNDO)) == {
        ("crm-a", "restore"): Outcome.REFUSED
    }
    assert published(place) is before
    assert stages(place.row()) == {1: Stage.DISABLED, 2: Stage.CURRENT}
    assert place.recorded().intents == ()


def test_a_store_that_gives_the_secret_up_leaves_everything_as_it_was() -> None:
    place = new_place()
    retired(place)
    place.store.fail("promote", Mishap.CONFLICT)
    apply_to(place, stack(), orders=UNDO)
    old = numbered(place.row(), 1)
    live = place.api.find(old.key_id)
    assert live is not None
    assert (old.stage, live.status) == (Stage.DISABLED, LiveStatus.DISABLED)
    assert place.works(target("crm-a"))
    assert complaints(place, stack()) == []


@pytest.mark.parametrize("settled", [True, False])
def test_a_version_that_a_person_revoked_never_comes_back(*, settled: bool) -> None:
    place, wire = new_place(), Wire(forbidden=frozenset({"driver.enable", "store.promote"}))
    retired(place)
    old = numbered(place.row(), 1)
    accuse(place, old, settled=settled)
    assert restore_by_hand(place, old, wire) is Outcome.REFUSED
    assert stages(place.row()) == {1: Stage.DISABLED, 2: Stage.CURRENT}


def test_an_incident_that_comes_while_a_version_is_switched_on_takes_it_back() -> None:
    place = new_place()
    retired(place)
    old = numbered(place.row(), 1)

    def strike(call: Call) -> None:
        if call.name == "driver.enable":
            accuse(place, old)

    wire = Wire(on_begin=strike, forbidden=frozenset({"store.promote"}))
    assert restore_by_hand(place, old, wire) is Outcome.REFUSED
    live = place.api.find(old.key_id)
    assert live is not None
    assert live.status is LiveStatus.DISABLED


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize(
    "method", ["driver.enable", "driver.probe", "store.promote", "backend.close_intent"]
)
def test_an_interrupted_undo_is_finished_by_the_next_run(method: str, when: When) -> None:
    place = new_place()
    retired(place)
    with pytest.raises(Crash):
        apply_to(place, stack(), orders=UNDO, wire=Wire(crash_at=method, when=when))
    place.bury_process()
    assert all_done(apply_to(place, stack()))
    assert stages(place.row()) == {1: Stage.CURRENT, 2: Stage.RETIRING}
    assert complaints(place, stack()) == []


def test_an_interrupted_undo_of_a_version_that_was_revoked_meanwhile_is_taken_back() -> None:
    place = new_place()
    retired(place)
    wire = Wire(crash_at="store.promote", when=When.AFTER)
    with pytest.raises(Crash):
        apply_to(place, stack(), orders=UNDO, wire=wire)
    place.bury_process()
    old = numbered(place.row(), 1)
    accuse(place, old)
    apply_to(place, stack())
    live = place.api.find(old.key_id)
    assert live is not None
    assert live.status is LiveStatus.DISABLED
    assert stages(place.row())[2] is Stage.CURRENT
    assert place.works(target("crm-a"))


def test_an_interrupted_undo_of_a_version_that_is_gone_points_consumers_back() -> None:
    place = new_place()
    retired(place)
    wire = Wire(crash_at="store.promote", when=When.AFTER)
    with pytest.raises(Crash):
        apply_to(place, stack(), orders=UNDO, wire=wire)
    place.bury_process()
    assert [i.kind for i in place.recorded().intents] == [IntentKind.RESTORE]
    place.api.remove(numbered(place.row(), 1).key_id)
    apply_to(place, stack())
    assert place.recorded().intents == ()
    assert place.works(target("crm-a"))
