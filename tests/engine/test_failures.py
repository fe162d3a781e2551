"""What becomes of a step when an API or a store does not do what it should."""

from __future__ import annotations

import pytest

from reconciler.core.keys import Attributes, KeyId
from reconciler.core.observed import StoredVersion
from reconciler.core.secret import Secret
from reconciler.core.steps import Outcome, Result
from reconciler.errors import SpoolError
from reconciler.interfaces.driver import KeyDriver, Probe
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault
from reconciler.stores.memory import Mishap
from reconciler.stores.spool import MemorySpool
from tests.core.builders import DAY, desired, key, op, print_of, target
from tests.engine.wires import Tap, Wire
from tests.engine.worlds import Place, apply_to, complaints, new_place

A, B = key("crm-a", rate_limit=600), key("crm-b")
OFF = key("crm-a", rate_limit=600, enabled=False)
ON = key("crm-a", rate_limit=600, enabled=True)
STRANGER = StoredVersion(op=op("x"), key_id=KeyId("x"), fingerprint=print_of("x"))


def only(place: Place, address: str = "crm-a") -> Result:
    """Apply one key and give its one result."""
    results = apply_to(place, desired(A)).results
    assert [result.step.address for result in results] == [address]
    return results[0]


class RejectsNewKeys(Tap):
    """A key API whose new keys do not work."""

    def __init__(self, inner: KeyDriver) -> None:
        super().__init__(inner, "driver", Wire())
        self._driver = inner

    async def probe(self, secret: Secret) -> Probe:
        assert secret is not None
        return Probe.REJECTED


class FullSpool(MemorySpool):
    """A spool on a full disk."""

    async def put(self, op: str, key_id: KeyId, secret: Secret) -> None:
        raise SpoolError(f"no space left for {op} of {key_id} ({secret})")


def test_a_refused_create_leaves_nothing_behind() -> None:
    place = new_place()
    place.api.fail_next(Action.CREATE, Fault.REFUSED)
    assert only(place).outcome is Outcome.REFUSED
    assert not place.api.live()
    assert not place.recorded().intents
    assert only(place).outcome is Outcome.DONE


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
def test_a_create_without_an_answer_is_settled_by_the_next_run(fault: Fault) -> None:
    place = new_place()
    place.api.fail_next(Action.CREATE, fault)
    assert only(place).outcome is Outcome.UNKNOWN
    assert len(place.recorded().intents) == 1
    apply_to(place, desired(A))
    assert complaints(place, desired(A)) == []
    assert len(place.api.live()) == 1


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER])
@pytest.mark.parametrize("action", [Action.UPDATE, Action.ENABLE, Action.DISABLE, Action.DELETE])
def test_any_other_write_without_an_answer_is_settled_by_the_next_run(
    action: Action, fault: Fault
) -> None:
    place = new_place()
    apply_to(place, desired(OFF, B))
    wanted = {
        Action.UPDATE: desired(key("crm-a", rate_limit=700, enabled=False), B),
        Action.ENABLE: desired(ON, B),
        Action.DISABLE: desired(OFF, key("crm-b", enabled=False)),
        Action.DELETE: desired(B),
    }[action]
    if action is Action.DELETE:
        apply_to(place, wanted)
        place.clock.advance(31 * DAY)
    place.api.fail_next(action, fault)
    assert Outcome.DONE not in {result.outcome for result in apply_to(place, wanted).results}
    apply_to(place, wanted)
    assert complaints(place, wanted) == []


@pytest.mark.parametrize("action", [Action.UPDATE, Action.ENABLE, Action.DISABLE])
def test_a_refused_change_closes_its_operation(action: Action) -> None:
    place = new_place()
    apply_to(place, desired(key("crm-a", rate_limit=600, enabled=action is not Action.ENABLE)))
    place.api.fail_next(action, Fault.REFUSED)
    wanted = {
        Action.UPDATE: key("crm-a", rate_limit=700, enabled=True),
        Action.ENABLE: key("crm-a", rate_limit=600, enabled=True),
        Action.DISABLE: key("crm-a", rate_limit=600, enabled=False),
    }[action]
    results = apply_to(place, desired(wanted)).results
    assert [result.outcome for result in results] == [Outcome.REFUSED]
    assert not place.recorded().intents
    apply_to(place, desired(wanted))
    assert complaints(place, desired(wanted)) == []


def test_no_key_is_made_for_a_slot_that_is_somebody_elses() -> None:
    place, wire = new_place(), Wire()
    place.store.occupy(target("crm-a"), STRANGER, "other/key", Secret("theirs"))
    results = apply_to(place, desired(A), wire=wire).results
    assert [result.outcome for result in results] == [Outcome.REFUSED]
    assert "belongs to other/key" in results[0].sentence
    assert "driver.create" not in wire.names


@pytest.mark.parametrize("mishap", [Mishap.REFUSED, Mishap.CONFLICT])
@pytest.mark.parametrize("method", ["stage", "promote"])
def test_a_key_whose_secret_the_store_refuses_is_revoked(method: str, mishap: Mishap) -> None:
    place = new_place()
    place.store.fail(method, mishap)
    assert only(place).outcome is Outcome.FAILED
    assert not place.api.live()
    assert not place.recorded().intents
    assert place.store.consume(target("crm-a")) is None
    assert only(place).outcome is Outcome.DONE


@pytest.mark.parametrize("mishap", [Mishap.UNAVAILABLE_BEFORE, Mishap.UNAVAILABLE_AFTER])
@pytest.mark.parametrize("method", ["stage", "verify", "promote"])
def test_a_secret_waits_in_a_lasting_spool_for_the_store(method: str, mishap: Mishap) -> None:
    place = new_place(lasting=True)
    place.store.fail(method, mishap)
    assert only(place).outcome is Outcome.FAILED
    made = [live.id for live in place.api.live()]
    assert only(place).outcome is Outcome.DONE
    assert [live.id for live in place.api.live()] == made
    assert complaints(place, desired(A)) == []


def test_without_a_lasting_spool_the_key_is_revoked_when_the_store_is_away() -> None:
    place = new_place(lasting=False)
    place.store.fail("stage", Mishap.UNAVAILABLE_BEFORE)
    result = only(place)
    assert result.outcome is Outcome.FAILED
    assert "revoked again" in result.sentence
    assert not place.api.live()


def test_a_waiting_secret_whose_slot_was_taken_meanwhile_does_not_wait_for_ever() -> None:
    place = new_place(lasting=True)
    place.store.fail("stage", Mishap.UNAVAILABLE_BEFORE)
    only(place)
    place.store.occupy(target("crm-a"), STRANGER, "other/key", Secret("theirs"))
    apply_to(place, desired(A))
    assert not place.api.live()
    assert not place.recorded().intents


def test_a_key_that_does_not_work_is_revoked_and_never_published() -> None:
    place = new_place()
    place.dress = RejectsNewKeys  # type: ignore[assignment]  # passes the rest of a driver on
    result = only(place)
    assert result.outcome is Outcome.FAILED
    assert "should be accepted" in result.sentence
    assert not place.api.live()
    assert place.store.consume(target("crm-a")) is None
    assert place.reporter.waits


def test_a_key_that_cannot_be_tried_out_now_is_finished_by_the_next_run() -> None:
    place = new_place(lasting=True)
    place.api.fail_next(Action.VERIFY, *[Fault.LOST_BEFORE] * 7)
    assert only(place).outcome is Outcome.FAILED
    assert place.store.consume(target("crm-a")) is None
    made = [live.id for live in place.api.live()]
    apply_to(place, desired(A))
    assert complaints(place, desired(A)) == []
    assert [live.id for live in place.api.live()] == made


def test_a_secret_that_cannot_be_laid_down_is_not_kept_in_memory_alone() -> None:
    place = new_place()
    place.spool = FullSpool()
    assert only(place).outcome is Outcome.UNKNOWN
    assert not place.api.live()
    place.spool = MemorySpool()
    apply_to(place, desired(A))
    assert complaints(place, desired(A)) == []


def test_one_keys_failure_stops_no_other() -> None:
    place = new_place()
    place.api.fail_next(Action.CREATE, Fault.REFUSED)
    keys = [key(f"crm-{letter}") for letter in "abcdef"]
    results = apply_to(place, desired(*keys)).results
    assert sorted(result.outcome for result in results) == [Outcome.DONE] * 5 + [Outcome.REFUSED]


def test_a_defect_is_named_by_its_place_and_never_by_its_text() -> None:
    place = new_place()

    class Broken(RejectsNewKeys):
        async def probe(self, secret: Secret) -> Probe:
            raise ValueError(f"leak {secret.reveal()}")

    place.dress = Broken  # type: ignore[assignment]  # passes the rest of a driver on
    result = only(place)
    assert result.outcome is Outcome.FAILED
    assert "internal error ValueError at test_failures.py:" in result.sentence
    assert "leak" not in result.sentence


def test_a_change_that_the_api_ignores_is_reported() -> None:
    place = new_place()
    apply_to(place, desired(A))

    class Ignores(RejectsNewKeys):
        async def update(self, key_id: KeyId, changes: Attributes) -> object:
            return await self._driver.update(key_id, changes.only(frozenset({"name"})))

    place.dress = Ignores  # type: ignore[assignment]  # passes the rest of a driver on
    results = apply_to(place, desired(key("crm-a", rate_limit=700))).results
    assert [result.outcome for result in results] == [Outcome.FAILED]
    assert "shows other values: rate_limit" in results[0].sentence
