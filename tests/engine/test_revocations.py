"""Incidents: revoked at once beside any run, never handed out again, settled by the next one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.desired import OnExternalDisable
from reconciler.core.keys import ENABLED, Attributes, Stage
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import Incident, Version
from reconciler.core.steps import Outcome
from reconciler.engine.emergency import Case, revoke_now
from reconciler.interfaces.driver import AuditRecord, Done
from reconciler.interfaces.driver import Outcome as Ended
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault, MemoryDriver
from reconciler.providers.memory_traits import Off, Traits
from reconciler.stores.memory import Mishap
from tests.core.builders import desired, key, target
from tests.engine.rotations import (
    ROTATE,
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
from tests.engine.wires import Call, Wire
from tests.engine.worlds import (
    Place,
    all_done,
    apply_to,
    complaints,
    crash_at,
    new_place,
    outcomes,
    run,
)

DELETING = Traits(off=Off.NEVER)


def made(place: Place) -> Version:
    assert all_done(apply_to(place, stack()))
    return numbered(place.row(), 1)


def case_of(version: Version) -> Case:
    return Case(address=A, provider=version.provider, number=version.number, key_id=version.key_id)


def revoked(place: Place, *versions: Version, wire: Wire | None = None) -> tuple[Incident, ...]:
    """Revoke versions in an emergency, beside whatever else is going on."""
    cases = tuple(map(case_of, versions))
    world = place.world(stack(), wire)
    return run(revoke_now(world, cases, "mara", "it leaked", compromised=True, replace=True))


def incidents(place: Place) -> tuple[Incident, ...]:
    return place.recorded().incidents


def test_what_was_ordered_is_durable_before_the_key_is_switched_off() -> None:
    place, wire = new_place(), Wire()
    version = made(place)
    (incident,) = revoked(place, version, wire=wire)
    first = wire.names.index("backend.write_incident")
    assert wire.names[first : first + 3] == [
        "backend.write_incident",
        "driver.disable",
        "backend.write_incident",
    ]
    assert "driver.survey" not in wire.names
    assert "backend.lock" not in wire.names
    assert incident.revoked_at is not None
    assert incident.rejected_at is not None
    assert incidents(place) == (incident,)
    assert not place.works(target("crm-a"))


def test_it_works_while_another_run_holds_the_lock_and_leaves_its_rows_alone() -> None:
    place = new_place()
    version = made(place)
    before = place.row()
    other = place.world(stack())
    run(other.backend.lock(other.holder))
    (incident,) = revoked(place, version)
    assert incident.revoked_at is not None
    assert place.row() == before


def test_all_of_one_command_are_one_case() -> None:
    place = new_place()
    row = rotated(place)
    found = revoked(place, *row.living)
    assert len({incident.case for incident in found}) == 1
    assert [incident.number for incident in found] == [1, 2]
    assert all(incident.revoked_at for incident in found)


def test_a_key_that_cannot_be_switched_off_is_deleted_and_confirmed_gone() -> None:
    place = new_place(traits=DELETING)
    (incident,) = revoked(place, made(place))
    assert incident.revoked_at is not None
    assert place.api.live() == ()


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST_BEFORE])
def test_what_the_api_did_not_agree_to_is_owed_and_the_next_run_pays(fault: Fault) -> None:
    place = new_place()
    version = made(place)
    place.api.fail_next(Action.DISABLE, fault)
    (incident,) = revoked(place, version)
    assert (incident.revoked_at, incident.rejected_at) == (None, None)
    report = apply_to(place, stack())
    assert outcomes(report)[("crm-a", "revoke")] is Outcome.DONE
    (settled,) = incidents(place)
    assert settled.revoked_at is not None
    assert settled.rejected_at is not None


def test_a_store_that_is_down_costs_only_the_proof() -> None:
    place = new_place()
    version = made(place)
    place.store.fail("fetch", Mishap.UNAVAILABLE_BEFORE)
    (incident,) = revoked(place, version)
    assert incident.revoked_at is not None
    assert incident.rejected_at is None


class Logged(MemoryDriver):
    """Keeps a log of every key."""

    async def audit(self, key_id: object) -> Ended[tuple[AuditRecord, ...]]:
        del key_id
        return Done((AuditRecord(at=None, actor="eve", action="used"),))


def test_what_the_api_tells_of_the_key_is_kept() -> None:
    place = new_place()
    version = made(place)
    used = place.clock.now()
    place.dress = lambda _: Logged(place.api, provider="agents", origin="agents:")
    (incident,) = revoked(place, version)
    assert [(note.actor, note.action) for note in incident.audit] == [("eve", "used")]
    assert incident.last_used_at == used


def test_the_next_run_replaces_what_was_revoked_and_settles_the_incident() -> None:
    place = new_place()
    version = made(place)
    revoked(place, version)
    assert all_done(apply_to(place, stack()))
    assert stages(place.row()) == {1: Stage.DISABLED, 2: Stage.CURRENT}
    assert numbered(place.row(), 1).delete_at is not None
    (incident,) = incidents(place)
    assert incident.replaced_by == 2
    assert incident.settled_at is not None
    assert place.works(target("crm-a"))
    assert complaints(place, stack()) == []


def test_a_run_revokes_before_it_replaces_and_keeps_no_overlap() -> None:
    place, wire = new_place(), Wire()
    version = made(place)
    secret = published(place)
    accuse(place, version)
    assert all_done(apply_to(place, stack(), wire=wire))
    assert wire.names.index("driver.disable") < wire.names.index("driver.create")
    assert not place.api.use(secret)
    assert stages(place.row()) == {1: Stage.DISABLED, 2: Stage.CURRENT}
    (incident,) = incidents(place)
    assert incident.settled_at is not None
    assert complaints(place, stack()) == []


def test_a_run_deletes_what_was_revoked_and_cannot_be_switched_off() -> None:
    place = new_place(traits=DELETING)
    version = made(place)
    accuse(place, version)
    assert all_done(apply_to(place, stack()))
    assert stages(place.row()) == {2: Stage.CURRENT}
    (incident,) = incidents(place)
    assert incident.revoked_at is not None
    assert incident.rejected_at is not None
    assert incident.settled_at is not None
    assert complaints(place, stack()) == []


def test_a_revoked_key_that_nobody_wants_back_is_settled_without_a_new_version() -> None:
    place = new_place()
    version = made(place)
    accuse(place, version, renew=False)
    apply_to(place, stack())
    (incident,) = incidents(place)
    assert incident.settled_at is not None
    assert incident.replaced_by is None
    assert stages(place.row()) == {1: Stage.DISABLED}
    assert place.row().disabled_by_us


@pytest.mark.parametrize("hidden", [True, False])
def test_a_version_that_is_revoked_before_it_is_handed_out_never_is(*, hidden: bool) -> None:
    place = new_place(hidden_staging=hidden)
    version = made(place)
    before = published(place)

    def strike(call: Call) -> None:
        if call.name == "driver.probe":
            newest = place.api.live()[0]
            accuse(place, replace(version, number=2, key_id=newest.id))

    wire = Wire(on_begin=strike, forbidden=frozenset({"store.promote"}))
    report = apply_to(place, stack(), orders=ROTATE, wire=wire)
    assert outcomes(report) == {("crm-a", "rotate"): Outcome.FAILED}
    assert published(place) is before
    assert len(place.api.live()) == 1
    assert stages(place.row()) == {1: Stage.CURRENT}


def test_a_former_version_that_is_revoked_meanwhile_has_no_overlap() -> None:
    place = new_place()
    version = made(place)

    def strike(call: Call) -> None:
        if call.name == "store.promote":
            accuse(place, version)

    apply_to(place, stack(), orders=ROTATE, wire=Wire(on_begin=strike))
    assert numbered(place.row(), 1).retire_at == place.clock.now()
    assert all_done(apply_to(place, stack()))
    assert stages(place.row()) == {1: Stage.DISABLED, 2: Stage.CURRENT}
    assert complaints(place, stack()) == []


def test_a_key_that_was_revoked_is_not_switched_on_by_a_plan_made_before() -> None:
    place = new_place()
    both = desired(rotating(), key("crm-b"))
    assert all_done(apply_to(place, both))
    version = numbered(place.row(), 1)
    apply_to(place, desired(key("crm-b")))
    struck: list[Call] = []

    def strike(call: Call) -> None:
        if call.name == "backend.incidents" and not struck:
            struck.append(call)
            accuse(place, version)

    wire = Wire(on_begin=strike, forbidden=frozenset({"driver.enable"}))
    report = apply_to(place, both, wire=wire)
    assert outcomes(report) == {("crm-a", "enable"): Outcome.REFUSED}


def test_a_key_declared_off_again_takes_no_revoked_version_back() -> None:
    place = new_place()
    version = made(place)
    revoked(place, version)
    apply_to(place, stack())
    newest = numbered(place.row(), 2)
    off = desired(replace(rotating(), attributes=key("crm-a", enabled=False).attributes))
    apply_to(place, off)
    assert stages(place.row()) == {1: Stage.DISABLED, 2: Stage.CURRENT}
    live = place.api.find(newest.key_id)
    assert live is not None
    assert live.status is LiveStatus.DISABLED


def test_a_key_that_was_deleted_to_revoke_it_is_not_made_anew_where_nobody_wants_that() -> None:
    place = new_place(traits=DELETING)
    accuse(place, made(place), renew=False)
    apply_to(place, stack())
    apply_to(place, stack())
    assert place.api.live() == ()
    assert all_done(apply_to(place, stack(), orders=ROTATE))
    assert complaints(place, stack()) == []


def test_a_crash_after_a_deletion_costs_no_second_run_to_replace_what_was_revoked() -> None:
    place = new_place(traits=DELETING)
    accuse(place, made(place))
    crash_at(place, stack(), "driver.delete")
    assert all_done(apply_to(place, stack()))
    assert complaints(place, stack()) == []


def test_an_incident_is_settled_by_an_older_version_that_came_back() -> None:
    place = new_place()
    newest = numbered(rotated(place), 2)
    accuse(place, newest, settled=False)
    apply_to(place, stack(), orders=UNDO)
    apply_to(place, stack())
    (incident,) = incidents(place)
    assert incident.settled_at is not None
    assert incident.revoked_at is not None


def test_what_is_revoked_while_it_is_switched_on_is_switched_off_again() -> None:
    place = new_place()
    reactivating = replace(rotating(), on_external_disable=OnExternalDisable.REACTIVATE)
    assert all_done(apply_to(place, desired(reactivating)))
    version = numbered(place.row(), 1)
    secret = published(place)
    place.api.change(version.key_id, Attributes.of({ENABLED: False}))

    def strike(call: Call) -> None:
        if call.name == "driver.enable":
            accuse(place, version)

    report = apply_to(place, desired(reactivating), wire=Wire(on_begin=strike))
    assert outcomes(report) == {("crm-a", "enable"): Outcome.REFUSED}
    assert not place.api.use(secret)
