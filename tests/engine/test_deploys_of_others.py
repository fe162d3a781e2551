"""Where somebody else deploys: what is made and what is deleted waits for them, and says so."""

from __future__ import annotations

from reconciler.core.steps import Action as Do
from reconciler.core.steps import Outcome
from tests.core.builders import provider, target
from tests.engine.studio_stories import (
    FIRST,
    SECOND,
    A,
    B,
    begun,
    current,
    new_studio,
    studio,
    two,
)
from tests.engine.worlds import (
    all_done,
    apply_to,
    complaints,
    look_at,
    outcomes,
)

OTHERS = provider(keys_enabled=True, exclusive=True)
ONLY_FIRST = provider(keys_enabled=True, deploy=(FIRST,), exclusive=True)


def test_where_somebody_else_deploys_a_key_waits_for_them_and_is_then_finished() -> None:
    place, wanted = new_studio(), studio(A, at=OTHERS)
    report = apply_to(place, wanted)
    assert outcomes(report) == {("crm-a", "create"): Outcome.DONE}
    assert "not published yet" in report.results[0].sentence
    assert place.store.consume(target("crm-a")) is None
    assert [step.action for step in look_at(place, wanted).plan.steps] == [Do.HOLD]
    assert apply_to(place, wanted).results == []
    place.api.deploy_all()
    assert outcomes(apply_to(place, wanted)) == {("crm-a", "recover"): Outcome.DONE}
    assert complaints(place, wanted) == []


def test_where_somebody_else_deploys_a_deleted_key_is_recorded_until_they_did() -> None:
    place = new_studio()
    two(place)
    wanted = studio(B, at=OTHERS)
    report = apply_to(place, wanted)
    assert outcomes(report) == {("crm-a", "delete"): Outcome.DONE}
    assert "works on in storefront, backoffice until a deploy" in report.results[0].sentence
    assert [step.action for step in look_at(place, wanted).plan.steps] == [Do.HOLD]
    place.api.deploy_all()
    assert all_done(apply_to(place, wanted))
    assert complaints(place, wanted) == []


def test_no_key_is_made_for_others_to_deploy_where_its_secret_could_not_wait() -> None:
    place = new_studio(lasting=False, hidden_staging=False)
    report = apply_to(place, studio(A, at=OTHERS))
    assert outcomes(report) == {("crm-a", "create"): Outcome.REFUSED}
    assert place.ours() == ()


def test_a_project_that_we_do_not_deploy_keeps_a_deleted_key_on_record() -> None:
    place = new_studio()
    two(place)
    wanted = studio(B, at=ONLY_FIRST)
    report = apply_to(place, wanted)
    assert all_done(report)
    assert [step.action for step in look_at(place, wanted).plan.steps] == [Do.HOLD]
    assert begun(place)[SECOND] == 1
    place.api.deploy_all()
    assert all_done(apply_to(place, wanted))
    assert complaints(place, wanted) == []


def test_a_vanished_key_in_a_project_that_we_do_not_deploy_is_told_until_it_is_out() -> None:
    place = new_studio()
    two(place)
    place.api.remove(current(place, "crm-a"))
    wanted = studio(A, B, at=ONLY_FIRST)
    assert all_done(apply_to(place, wanted))
    (hold,) = look_at(place, wanted).plan.steps
    assert "still accepted by backoffice" in hold.sentence
    place.api.deploy_all()
    assert all_done(apply_to(place, wanted))
    assert complaints(place, wanted) == []
