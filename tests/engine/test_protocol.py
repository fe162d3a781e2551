"""The order in which things are done, and what is on disk before what."""

from __future__ import annotations

from reconciler.core.keys import After, Stage
from reconciler.core.recorded import Intent, KeyRow, Version
from reconciler.core.steps import Outcome
from tests.core.builders import DAY, desired, key, target
from tests.engine.wires import Call, Wire
from tests.engine.worlds import all_done, apply_to, new_place, outcomes

A = key("crm-a", rate_limit=600)


def told(call: Call) -> str:
    """Name a call, and what is written where that matters."""
    match call.arguments:
        case (Intent() as intent, *_) if call.method == "write_row":
            return f"{call.name} intent {'with' if intent.key_id else 'without'} id"
        case (KeyRow(), *_):
            return f"{call.name} key"
        case _:
            return call.name


def protocol(wire: Wire) -> list[str]:
    first = wire.names.index("store.preflight")
    return [told(call) for call in wire.calls[first:]]


def test_a_key_is_created_in_the_order_that_survives_a_crash() -> None:
    wire = Wire()
    apply_to(new_place(), desired(A), wire=wire)
    assert protocol(wire) == [
        "store.preflight",
        "backend.write_row key",
        "backend.write_row intent without id",
        "driver.create",
        "spool.put",
        "backend.write_row intent with id",
        "store.stage",
        "store.verify",
        "driver.probe",
        "backend.incidents",
        "store.promote",
        "backend.close_intent",
        "store.retire",
        "spool.drop",
        "backend.unlock",
    ]


def test_where_writing_is_publishing_the_key_is_tried_out_before() -> None:
    wire = Wire()
    apply_to(new_place(hidden_staging=False), desired(A), wire=wire)
    order = [name for name in wire.names if name in {"driver.probe", "store.stage"}]
    assert order == ["driver.probe", "store.stage"]


def test_a_key_declared_disabled_is_off_before_its_secret_is_stored() -> None:
    place, wire = new_place(), Wire()
    apply_to(place, desired(key("crm-a", enabled=False)), wire=wire)
    assert wire.names.index("driver.disable") < wire.names.index("store.stage")
    assert place.store.consume(target("crm-a")) is not None
    assert not place.works(target("crm-a"))
    assert place.row().disabled_by_us


def test_an_update_is_announced_before_it_is_made_and_closed_after() -> None:
    place, wire = new_place(), Wire()
    apply_to(place, desired(A))
    apply_to(place, desired(key("crm-a", rate_limit=700)), wire=wire)
    names = [told(call) for call in wire.calls]
    update = names.index("driver.update")
    assert names[update - 1] == "backend.write_row intent without id"
    assert names[update + 1] == "backend.close_intent"


def test_a_deleted_key_is_switched_off_first_and_confirmed_dead_before_its_record_goes() -> None:
    place, wire = new_place(), Wire()
    apply_to(place, desired(key("crm-a", delete_after=0 * DAY)))
    apply_to(place, desired(), wire=wire)
    deletion = wire.names[wire.names.index("driver.disable") :]
    assert deletion == [
        "driver.disable",
        "driver.delete",
        "store.fetch",
        "driver.get",
        "driver.probe",
        "store.retire",
        "backend.close_intent",
        "backend.drop_row",
        "backend.unlock",
    ]


def test_the_record_says_what_was_asked_for_and_what_was_granted() -> None:
    place = new_place()
    apply_to(place, desired(key("crm-a", rate_limit=600, lifetime=After(90 * DAY))))
    version = current(place.row())
    assert version.lifetime == 90 * DAY
    assert version.expires_at == version.created_at + 90 * DAY
    assert version.verified_at == place.clock.now()
    assert dict(version.applied)["rate_limit"] == "600"
    assert version.fingerprint is not None


def test_a_removed_key_is_off_at_once_and_gone_after_its_time() -> None:
    place = new_place()
    apply_to(place, desired(A, key("crm-b")))
    report = apply_to(place, desired(key("crm-b")))
    assert outcomes(report) == {("crm-a", "retire"): Outcome.DONE}
    version = place.row().versions[0]
    assert version.stage is Stage.DISABLED
    assert version.delete_at == place.clock.now() + 30 * DAY
    assert not place.works(target("crm-a"))

    place.clock.advance(29 * DAY)
    assert apply_to(place, desired(key("crm-b"))).results == []
    place.clock.advance(2 * DAY)
    assert all_done(apply_to(place, desired(key("crm-b"))))
    assert [row.address for row in place.recorded().keys] == ["crm-b"]
    assert place.store.consume(target("crm-a")) is None
    assert len(place.api.live()) == 1


def test_a_removed_key_that_is_declared_again_works_again_under_the_same_id() -> None:
    place = new_place()
    both = desired(A, key("crm-b"))
    apply_to(place, both)
    before = current(place.row())
    apply_to(place, desired(key("crm-b")))
    report = apply_to(place, both)
    assert outcomes(report) == {("crm-a", "enable"): Outcome.DONE}
    after = current(place.row())
    assert (after.key_id, after.delete_at) == (before.key_id, None)
    assert place.works(target("crm-a"))


def test_a_key_is_switched_off_and_on_by_the_manifest() -> None:
    place = new_place()
    apply_to(place, desired(A))
    apply_to(place, desired(key("crm-a", rate_limit=600, enabled=False)))
    assert not place.works(target("crm-a"))
    assert place.row().disabled_by_us
    apply_to(place, desired(key("crm-a", rate_limit=600, enabled=True)))
    assert place.works(target("crm-a"))
    assert not place.row().disabled_by_us


def test_a_key_that_was_deleted_outside_is_made_anew_and_the_old_secret_forgotten() -> None:
    place = new_place()
    apply_to(place, desired(A, key("crm-b"), key("crm-c"), key("crm-d")))
    place.api.remove(current(place.row()).key_id)
    report = apply_to(place, desired(A, key("crm-b"), key("crm-c"), key("crm-d")))
    assert outcomes(report) == {("crm-a", "create"): Outcome.DONE}
    assert [v.number for v in place.row().living] == [2]
    assert place.works(target("crm-a"))


def test_a_key_that_is_gone_and_left_the_manifest_is_forgotten() -> None:
    place = new_place()
    apply_to(place, desired(A, key("crm-b"), key("crm-c"), key("crm-d")))
    place.api.remove(current(place.row()).key_id)
    report = apply_to(place, desired(key("crm-b"), key("crm-c"), key("crm-d")))
    assert outcomes(report) == {("crm-a", "forget"): Outcome.DONE}
    assert place.store.consume(target("crm-a")) is None


def current(row: KeyRow) -> Version:
    assert row.current is not None
    return row.current
