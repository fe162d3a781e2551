"""The faults and the people of the key API in memory."""

import asyncio

import pytest

from reconciler.core.desired import Call
from reconciler.core.keys import Attributes, OpId
from reconciler.core.observed import ProviderView
from reconciler.core.secret import Secret
from reconciler.interfaces.driver import (
    Created,
    Done,
    KeyDriver,
    Outcome,
    Probe,
    Refused,
    Said,
    Unknown,
)
from reconciler.providers.actions import Action
from reconciler.providers.memory import CAPABILITIES, Fault, MemoryApi, MemoryDriver
from tests.http.fake_clock import FakeClock

OP = OpId("0" * 32)
MARK = "kw-000000-00000000"
WANTED = Attributes.of({"name": "crm"})


@pytest.mark.parametrize(
    ("fault", "kind", "made"),
    [(Fault.REFUSED, Refused, 0), (Fault.LOST_BEFORE, Unknown, 0), (Fault.LOST_AFTER, Unknown, 1)],
)
def test_a_create_that_goes_wrong(fault: Fault, kind: type, made: int) -> None:
    api = MemoryApi(FakeClock())
    api.fail_next(Action.CREATE, fault)
    assert isinstance(_create(api), kind)
    assert len(api.live()) == made
    assert isinstance(_create(api), Done)
    assert api.calls == [Action.CREATE, Action.CREATE]


@pytest.mark.parametrize("action", [Action.DELETE, Action.DISABLE, Action.UPDATE])
def test_a_change_whose_answer_is_lost_has_happened(action: Action) -> None:
    api = MemoryApi(FakeClock())
    key = api.add(WANTED).key
    api.fail_next(action, Fault.LOST_AFTER)
    driver = MemoryDriver(api)

    async def work() -> object:
        if action is Action.DELETE:
            return await driver.delete(key.id)
        if action is Action.DISABLE:
            return await driver.disable(key.id)
        return await driver.update(key.id, Attributes.of({"rate_limit": 5}))

    assert isinstance(asyncio.run(work()), Unknown)
    assert api.find(key.id) != key


def test_a_list_can_fail_or_hide() -> None:
    api = MemoryApi(FakeClock())
    seen, hidden = api.add(WANTED).key, api.add(WANTED).key
    api.hidden.add(hidden.id)
    assert _survey(api).keys == (seen,)
    assert asyncio.run(MemoryDriver(api).get(hidden.id)) == Done(hidden)
    api.problem = "out of order"
    assert _survey(api).problem == "out of order"
    api.problem = None
    api.fail_next(Action.LIST, Fault.REFUSED)
    assert not _survey(api).complete
    assert _survey(api).complete


def test_a_probe_can_go_wrong() -> None:
    api = MemoryApi(FakeClock())
    secret = api.add(WANTED).secret
    api.fail_next(Action.VERIFY, Fault.LOST_BEFORE)
    driver = MemoryDriver(api)
    assert asyncio.run(driver.probe(secret)) is Probe.UNKNOWN
    assert asyncio.run(driver.probe(secret)) is Probe.ACCEPTED


def test_a_call_is_allowed_unless_its_path_is_denied_and_counts_as_use() -> None:
    api = MemoryApi(FakeClock())
    created = api.add(WANTED)
    api.deny("/admin")
    api.fail_next(Action.ASK, Fault.LOST_BEFORE)
    driver = MemoryDriver(api)

    def ask(path: str, secret: Secret = created.secret) -> Said:
        return asyncio.run(driver.ask(secret, Call("GET", path)))

    assert ask("/items") is Said.UNKNOWN
    assert api.live()[0].last_used_at is None
    assert ask("/items") is Said.ALLOWED
    assert api.live()[0].last_used_at == api.clock.now()
    assert ask("/admin") is Said.DENIED
    assert ask("/admin", Secret("of nobody")) is Said.REJECTED
    api.remove(created.key.id)
    assert [ask("/items"), ask("/admin")] == [Said.REJECTED, Said.REJECTED]
    assert api.calls == [Action.ASK] * 6


def test_a_seed_gives_the_same_world_again() -> None:
    clock = FakeClock()
    first, again, other = (MemoryApi(clock, seed=seed).add(WANTED) for seed in ("a", "a", "b"))
    assert first.key == again.key
    assert first.secret.reveal() == again.secret.reveal()
    assert first.key.id != other.key.id


def test_it_is_a_driver_and_declares_what_it_can() -> None:
    driver: KeyDriver = MemoryDriver(MemoryApi(FakeClock()))
    asyncio.run(driver.close())
    assert CAPABILITIES.can_disable


def _create(api: MemoryApi) -> Outcome[Created]:
    return asyncio.run(MemoryDriver(api).create(OP, WANTED, MARK))


def _survey(api: MemoryApi) -> ProviderView:
    return asyncio.run(MemoryDriver(api).survey(lambda _seen, _total: None))
