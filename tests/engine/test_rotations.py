"""Rotation: a new version beside the old one, tried out before anybody reads it, then the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.desired import Desired, Verify
from reconciler.core.keys import After, Stage
from reconciler.core.recorded import Intent
from reconciler.core.secret import Secret
from reconciler.core.steps import Outcome
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from reconciler.providers.memory_traits import Off, Traits
from tests.core.builders import DAY, desired, provider, target
from tests.engine.rotations import (
    HOUR,
    MAY,
    MAY_NOT,
    OVERLAP,
    ROTATE,
    accuse,
    numbered,
    published,
    rotated,
    rotating,
    stack,
    stages,
)
from tests.engine.studio_stories import new_studio, studio
from tests.engine.wires import Call, Crash, When, Wire
from tests.engine.worlds import (
    Place,
    all_done,
    apply_to,
    complaints,
    crash,
    crash_at,
    new_place,
    outcomes,
)

BOTH_CALLS = Verify(allowed=(MAY,), denied=(MAY_NOT,))


def test_the_old_version_works_on_until_its_overlap_is_over() -> None:
    place = new_place()
    assert all_done(apply_to(place, stack()))
    before = published(place)
    place.clock.advance(HOUR)
    apply_to(place, stack(), orders=ROTATE)
    row, now = place.row(), place.clock.now()
    assert stages(row) == {1: Stage.RETIRING, 2: Stage.CURRENT}
    assert (numbered(row, 1).overlap, numbered(row, 1).retire_at) == (OVERLAP, now + OVERLAP)
    assert numbered(row, 2).promoted_at == now
    assert place.api.use(before)
    assert place.api.use(published(place))


def test_an_old_version_goes_in_two_steps_and_only_its_own_secret_with_it() -> None:
    place = new_place()
    rotated(place)
    place.clock.advance(OVERLAP + HOUR)
    assert outcomes(apply_to(place, stack())) == {("crm-a", "retire"): Outcome.DONE}
    old = numbered(place.row(), 1)
    assert old.stage is Stage.DISABLED
    assert old.delete_at == place.clock.now() + 30 * DAY
    assert [(proof.call, proof.answer) for proof in old.proofs] == [("probe", "rejected")]
    place.clock.advance(31 * DAY)
    assert outcomes(apply_to(place, stack())) == {("crm-a", "delete"): Outcome.DONE}
    assert stages(place.row()) == {2: Stage.CURRENT}
    assert place.works(target("crm-a"))
    assert complaints(place, stack()) == []


def test_the_overlap_is_durable_before_anything_is_made() -> None:
    place, seen = new_place(), list[Intent]()
    apply_to(place, stack())

    def watch(call: Call) -> None:
        seen.extend(each for each in call.arguments if isinstance(each, Intent))
        if call.name == "driver.create":
            assert seen[0].overlap == OVERLAP

    apply_to(place, stack(), orders=ROTATE, wire=Wire(on_begin=watch))
    assert seen


def test_an_old_version_never_outlives_its_own_expiry() -> None:
    place = new_place()
    wanted = stack(replace(rotating(), lifetime=After(2 * DAY)))
    apply_to(place, wanted)
    place.clock.advance(DAY)
    apply_to(place, wanted, orders=ROTATE)
    old = numbered(place.row(), 1)
    assert old.retire_at == old.expires_at == old.created_at + 2 * DAY


def test_a_rotation_moves_a_key_to_another_slot_and_both_work_meanwhile() -> None:
    place = new_place()
    apply_to(place, stack())
    moved = stack(rotating(path="elsewhere"))
    assert all_done(apply_to(place, moved))
    row = place.row()
    assert row.target == numbered(row, 2).target == target("elsewhere")
    assert numbered(row, 1).target == target("crm-a")
    assert place.works(target("crm-a"))
    assert place.works(target("elsewhere"))
    place.clock.advance(OVERLAP + 31 * DAY)
    apply_to(place, moved)
    place.clock.advance(31 * DAY)
    apply_to(place, moved)
    assert place.store.consume(target("crm-a")) is None
    assert complaints(place, moved) == []


def test_a_rotation_moves_a_key_to_another_provider() -> None:
    place = new_place(providers=("agents", "other"))
    both = (provider(), provider("other"))
    apply_to(place, desired(rotating(), providers=both))
    moved = desired(rotating(provider="other"), providers=both)
    assert all_done(apply_to(place, moved))
    row = place.row()
    assert (row.provider, numbered(row, 1).provider) == ("other", "agents")
    place.clock.advance(OVERLAP + HOUR)
    assert all_done(apply_to(place, moved))
    place.clock.advance(31 * DAY)
    assert all_done(apply_to(place, moved))
    assert place.api.live() == ()
    assert complaints(place, moved) == []


@pytest.mark.parametrize("hidden", [True, False])
def test_a_move_that_came_to_nothing_leaves_the_record_where_the_key_is(*, hidden: bool) -> None:
    place = new_place(hidden_staging=hidden)
    apply_to(place, stack())
    moved = stack(rotating(path="elsewhere", verify=BOTH_CALLS))
    report = apply_to(place, moved)
    assert outcomes(report) == {("crm-a", "rotate"): Outcome.FAILED}
    assert place.row().target == target("crm-a")
    assert place.works(target("crm-a"))
    assert place.store.consume(target("elsewhere")) is None
    assert len(place.api.live()) == 1


def test_what_the_manifest_allows_and_denies_is_tried_before_anybody_reads_the_secret() -> None:
    place, wire = new_place(), Wire()
    place.api.deny(MAY_NOT.path)
    wanted = stack(rotating(verify=BOTH_CALLS))
    assert all_done(apply_to(place, wanted, wire=wire))
    assert wire.names.index("driver.ask") < wire.names.index("store.promote")
    assert [(p.call, p.answer) for p in numbered(place.row(), 1).proofs] == [
        ("probe", "accepted"),
        ("GET /models", "allowed"),
        ("GET /admin", "denied"),
    ]


def test_a_key_that_can_do_more_than_it_should_is_revoked_at_once_and_the_old_one_stays() -> None:
    place = new_place()
    apply_to(place, stack())
    before, began = published(place), place.clock.now()
    report = apply_to(place, stack(rotating(verify=BOTH_CALLS)), orders=ROTATE)
    assert outcomes(report) == {("crm-a", "rotate"): Outcome.FAILED}
    assert "GET /admin should be denied to it, and is allowed" in report.results[0].sentence
    assert place.clock.now() == began
    assert place.api.use(before)
    assert len(place.api.live()) == 1
    assert place.recorded().intents == ()


def test_a_key_that_can_do_less_than_it_should_is_given_time_and_then_revoked() -> None:
    place = new_place()
    apply_to(place, stack())
    began = place.clock.now()
    place.api.deny(MAY.path)
    report = apply_to(place, stack(rotating(verify=Verify(allowed=(MAY,)))), orders=ROTATE)
    assert outcomes(report) == {("crm-a", "rotate"): Outcome.FAILED}
    assert place.clock.now() > began + timedelta(seconds=10)
    assert stages(place.row()) == {1: Stage.CURRENT}
    assert len(place.api.live()) == 1


def test_a_call_without_an_answer_leaves_the_new_key_to_the_next_run() -> None:
    place = new_place(lasting=True)
    wanted = stack(rotating(verify=Verify(allowed=(MAY,))))
    place.api.fail_next(Action.ASK, *[Fault.LOST_BEFORE] * 7)
    report = apply_to(place, wanted)
    assert outcomes(report) == {("crm-a", "create"): Outcome.FAILED}
    assert all_done(apply_to(place, wanted))
    assert complaints(place, wanted) == []
    assert len(place.api.live()) == 1


def test_an_interrupted_rotation_is_finished_with_the_overlap_it_began_with() -> None:
    place = new_place(lasting=True)
    apply_to(place, stack())
    place.clock.advance(HOUR)
    wire = Wire(crash_at="store.stage", when=When.AFTER)

    with pytest.raises(Crash):
        apply_to(place, stack(), orders=ROTATE, wire=wire)
    place.bury_process()
    assert all_done(apply_to(place, stack(rotating(overlap=5 * DAY))))
    assert numbered(place.row(), 1).overlap == OVERLAP
    assert stages(place.row()) == {1: Stage.RETIRING, 2: Stage.CURRENT}


def test_an_old_version_that_cannot_be_switched_off_is_deleted_and_the_key_stays() -> None:
    place = new_place(traits=Traits(off=Off.NEVER))
    rotated(place)
    place.clock.advance(OVERLAP + HOUR)
    assert outcomes(apply_to(place, stack())) == {("crm-a", "delete"): Outcome.DONE}
    assert complaints(place, stack()) == []
    assert place.works(target("crm-a"))


def test_a_version_that_was_deleted_outside_is_dropped_when_its_successor_comes() -> None:
    place = new_place()
    row = rotated(place)
    place.api.remove(numbered(row, 1).key_id)
    apply_to(place, stack(), orders=ROTATE)
    assert 1 not in stages(place.row())


def test_a_store_that_cannot_be_read_keeps_no_old_version_alive() -> None:
    place = new_place(readback=False)
    rotated(place)
    place.clock.advance(OVERLAP + HOUR)
    assert outcomes(apply_to(place, stack())) == {("crm-a", "retire"): Outcome.DONE}
    assert numbered(place.row(), 1).stage is Stage.DISABLED


def test_a_crash_while_an_old_version_is_switched_off_is_known_as_our_own_doing() -> None:
    place = new_place()
    rotated(place)
    place.clock.advance(OVERLAP + HOUR)
    crash_at(place, stack(), "driver.disable")
    assert all_done(apply_to(place, stack()))
    assert numbered(place.row(), 1).stage is Stage.DISABLED
    assert complaints(place, stack()) == []


def test_where_keys_are_deployed_both_versions_count_everywhere_before_the_old_one_goes() -> None:
    place = new_studio()
    wanted = studio(rotating())
    old = published_of(place, wanted)
    place.clock.advance(HOUR)
    assert all_done(apply_to(place, wanted, orders=ROTATE))
    everywhere = place.api.projects.keys()
    assert place.api.accepted_by(old) == everywhere
    assert place.api.accepted_by(published(place)) == everywhere
    place.clock.advance(OVERLAP + HOUR)
    assert all_done(apply_to(place, wanted))
    assert place.api.accepted_by(old) == frozenset()
    assert place.api.accepted_by(published(place)) == everywhere
    assert complaints(place, wanted) == []


def test_where_keys_are_deployed_a_revoked_one_is_out_of_every_project_in_one_run() -> None:
    place = new_studio()
    wanted = studio(rotating())
    old = published_of(place, wanted)
    accuse(place, numbered(place.row(), 1))
    assert all_done(apply_to(place, wanted))
    assert place.api.accepted_by(old) == frozenset()
    assert complaints(place, wanted) == []


def published_of(place: Place, wanted: Desired) -> Secret:
    """Apply a manifest, and give the secret that consumers read."""
    assert all_done(apply_to(place, wanted))
    return published(place)


def test_a_new_key_that_can_be_tried_out_no_more_is_not_published_over_one_that_works() -> None:
    place = new_place(readback=False)
    apply_to(place, stack())
    before = published(place)
    assert crash(place, stack(), Wire(crash_at="store.stage", when=When.AFTER), ROTATE)
    assert all_done(apply_to(place, stack()))
    assert published(place) is before
    assert len(place.api.live()) == 1
    assert complaints(place, stack()) == []
