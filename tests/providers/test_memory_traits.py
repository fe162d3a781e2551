"""The key API in memory as other kinds of API are: nameless, deployed, limited, forgetful."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from reconciler.core.capabilities import Marker
from reconciler.core.keys import EXPIRES_AT, NAME, RATE_LIMIT, Attributes, KeyId, OpId
from reconciler.core.observed import Deployment, LiveStatus, ProviderView
from reconciler.interfaces.driver import Created, Done, Outcome, Probe, Refused, Unknown
from reconciler.providers import capabilities_of
from reconciler.providers.actions import Action
from reconciler.providers.memory import Fault, MemoryApi, MemoryDriver
from reconciler.providers.memory_projects import STAGES, Fate
from reconciler.providers.memory_traits import PLAIN, STUDIO, Off, Traits
from tests.http.fake_clock import FakeClock

T = TypeVar("T")
OP = OpId("0" * 32)
MARK = "kw-000000-00000000"
WANTED = Attributes.of({NAME: "crm", RATE_LIMIT: 5})
FIRST, SECOND = STUDIO.projects


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def api_of(traits: Traits, clock: FakeClock | None = None) -> MemoryApi:
    return MemoryApi(clock or FakeClock(), traits=traits)


def create(api: MemoryApi) -> Created:
    outcome = run(MemoryDriver(api).create(OP, WANTED, MARK))
    assert isinstance(outcome, Done)
    return outcome.value


def survey(api: MemoryApi) -> ProviderView:
    return run(MemoryDriver(api).survey(lambda _seen, _total: None))


def deploy(api: MemoryApi, project: str = FIRST) -> Outcome[None]:
    return run(MemoryDriver(api).deploy(project))


def look(api: MemoryApi, project: str = FIRST) -> Deployment:
    outcome = run(MemoryDriver(api).deployment(project))
    assert isinstance(outcome, Done)
    return outcome.value


def test_its_studio_can_do_what_the_real_one_can() -> None:
    ours, theirs = STUDIO.capabilities(), capabilities_of("intellithing")
    for ability in ("marker", "fields", "can_get", "can_disable", "can_enable", "can_verify"):
        assert getattr(ours, ability) == getattr(theirs, ability)
    for ability in ("on_deploy", "has_toggle", "capacity", "list_lag", "tells_last_use"):
        assert getattr(ours, ability) == getattr(theirs, ability)


def test_a_nameless_key_has_neither_a_name_nor_a_mark_nor_fields() -> None:
    key = create(api_of(STUDIO)).key
    assert (key.name, key.marked, key.attributes) == ("", None, Attributes())
    assert key.created_at is not None


def test_a_mark_can_have_a_field_of_its_own() -> None:
    api = api_of(Traits(marker=Marker.FIELD))
    key = create(api).key
    assert (key.name, key.marked, key.mark_text) == ("crm", MARK, MARK)
    assert survey(api).keys == (key,)


def test_without_a_look_up_the_list_is_asked() -> None:
    api = api_of(STUDIO)
    key = create(api).key
    driver = MemoryDriver(api)
    assert run(driver.get(key.id)) == Done(key)
    api.hidden.add(key.id)
    assert run(driver.get(key.id)) == Done(None)
    assert api.calls == [Action.CREATE, Action.LIST, Action.LIST]


def test_the_dead_stay_listed_as_dead() -> None:
    api = api_of(Traits(keeps_dead=True))
    key = create(api).key
    assert run(MemoryDriver(api).delete(key.id)) == Done(None)
    view = survey(api)
    assert view.keys == ()
    assert view.absent == {key.id}
    assert run(MemoryDriver(api).get(key.id)) == Done(None)


def test_a_list_can_lag() -> None:
    clock = FakeClock()
    api = api_of(Traits(lag=timedelta(seconds=9)), clock)
    key = create(api).key
    assert survey(api).keys == ()
    clock.time += timedelta(seconds=9)
    assert survey(api).keys == (key,)


def test_a_switching_off_can_be_final() -> None:
    api = api_of(Traits(off=Off.FINAL))
    created = create(api)
    driver = MemoryDriver(api)
    assert run(driver.disable(created.key.id)) == Done(None)
    found = api.find(created.key.id)
    assert found is not None
    assert found.status is LiveStatus.EXPIRED
    assert found.attributes.get(EXPIRES_AT) == api.clock.now()
    assert run(driver.probe(created.secret)) is Probe.REJECTED
    assert isinstance(run(driver.enable(created.key.id)), Refused)
    able = api.traits.capabilities()
    assert (able.can_disable, able.can_enable, "enabled" in able.fields) == (True, False, False)


def test_a_single_key_may_not_be_switchable_at_all() -> None:
    api = api_of(STUDIO)
    assert isinstance(run(MemoryDriver(api).disable(create(api).key.id)), Refused)


def test_there_may_be_no_room_for_another_key() -> None:
    api = api_of(Traits(capacity=1))
    first = create(api)
    refused = run(MemoryDriver(api).create(OP, WANTED, MARK))
    assert isinstance(refused, Refused)
    api.remove(first.key.id)
    create(api)


def test_what_is_write_only_is_told_by_no_answer() -> None:
    api = api_of(Traits(write_only=frozenset({RATE_LIMIT})))
    assert RATE_LIMIT not in create(api).key.attributes
    assert RATE_LIMIT in api.traits.capabilities().write_only


def test_what_else_a_key_reaches_is_told() -> None:
    assert survey(api_of(Traits(reach=("north", "south")))).reach == ("north", "south")


def test_the_switch_for_all_refuses_every_key_at_once() -> None:
    api = api_of(Traits(toggle=True))
    secret, driver = create(api).secret, MemoryDriver(api)
    assert run(driver.switch_all(on=False)) == Done(None)
    assert survey(api).enabled is False
    assert run(driver.probe(secret)) is Probe.REJECTED
    run(driver.switch_all(on=True))
    assert run(driver.probe(secret)) is Probe.ACCEPTED
    assert isinstance(run(MemoryDriver(api_of(PLAIN)).switch_all(on=True)), Refused)
    assert survey(api_of(PLAIN)).enabled is None


def test_a_deploy_passes_its_stages_and_then_holds_what_there_was_when_it_began() -> None:
    api = api_of(STUDIO)
    key = create(api).key
    assert look(api).stage == "registered"
    assert deploy(api) == Done(None)
    late = create(api).key
    seen = [look(api) for _ in range(len(STAGES))]
    assert [shown.stage for shown in seen] == list(STAGES)
    assert not any(shown.running or shown.failed or shown.key_ids for shown in seen)
    done = look(api)
    assert (done.stage, done.running, done.failed) == ("deployed", True, False)
    assert done.key_ids == {key.id}
    assert (done.enabled, done.deployed_at) == (True, api.clock.now())
    assert late.id not in done.key_ids
    assert not look(api, SECOND).running


def test_one_deploy_at_a_time() -> None:
    api = api_of(STUDIO)
    deploy(api)
    busy = deploy(api)
    assert isinstance(busy, Refused)
    assert busy.status == 409
    assert deploy(api, SECOND) == Done(None)
    assert api.projects[FIRST].begun == 1
    assert isinstance(deploy(api, "nothing"), Refused)
    assert isinstance(run(MemoryDriver(api).deployment("nothing")), Refused)


def test_a_deploy_that_fails_leaves_the_container_as_it_was() -> None:
    api = api_of(STUDIO)
    key = create(api).key
    api.deploy_all()
    before = look(api)
    create(api)
    api.projects[FIRST].arm(Fate.FAILS)
    deploy(api)
    api.projects[FIRST].finish(api.clock.now())
    after = look(api)
    assert (after.failed, after.running) == (True, False)
    assert after.key_ids == {key.id}
    assert after.deployed_at == before.deployed_at
    api.deploy_all()
    assert len(look(api).key_ids) == 2


def test_a_deploy_that_hangs_waits_to_be_told_to_go_on() -> None:
    api = api_of(STUDIO)
    api.projects[FIRST].arm(Fate.HANGS)
    deploy(api)
    api.projects[FIRST].finish(api.clock.now())
    assert {look(api).stage for _ in range(9)} == {STAGES[0]}
    api.projects[FIRST].go_on()
    api.projects[FIRST].finish(api.clock.now())
    assert look(api).running


def test_a_key_works_where_the_first_project_was_built_with_it() -> None:
    api = api_of(STUDIO)
    created, driver = create(api), MemoryDriver(api)
    assert run(driver.probe(created.secret)) is Probe.REJECTED
    api.deploy_all()
    assert run(driver.probe(created.secret)) is Probe.ACCEPTED
    assert api.accepted_by(created.secret) == {FIRST, SECOND}
    api.remove(created.key.id)
    assert run(driver.probe(created.secret)) is Probe.ACCEPTED
    deploy(api)
    api.projects[FIRST].finish(api.clock.now())
    assert run(driver.probe(created.secret)) is Probe.REJECTED
    assert api.accepted_by(created.secret) == {SECOND}


def test_off_counts_at_once_and_on_only_after_a_deploy() -> None:
    api = api_of(STUDIO)
    secret = create(api).secret
    api.deploy_all()
    api.enabled = False
    assert not api.use(secret)
    api.deploy_all()
    api.enabled = True
    assert not api.use(secret)
    api.deploy_all()
    assert api.use(secret)


@pytest.mark.parametrize("action", [Action.DEPLOY, Action.DEPLOYMENT, Action.SWITCH_ALL])
def test_calls_about_everything_can_go_wrong_too(action: Action) -> None:
    api = api_of(STUDIO)
    api.fail_next(action, Fault.LOST_AFTER)
    driver = MemoryDriver(api)
    work: dict[Action, Coroutine[Any, Any, Outcome[Any]]] = {
        Action.DEPLOY: driver.deploy(FIRST),
        Action.DEPLOYMENT: driver.deployment(FIRST),
        Action.SWITCH_ALL: driver.switch_all(on=False),
    }
    answers = {each: run(call) for each, call in work.items()}
    assert [each for each, told in answers.items() if isinstance(told, Unknown)] == [action]
    assert (api.projects[FIRST].busy, api.enabled) == (True, False)


def test_other_parts_of_an_api_are_not_here() -> None:
    driver = MemoryDriver(api_of(PLAIN))
    assert isinstance(run(driver.audit(KeyId("x"))), Refused)
