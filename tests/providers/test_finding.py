"""Asking for one key where there is no call for that: one list for everybody who waits."""

import asyncio
from typing import Any

import pytest

from reconciler.core.keys import KeyId
from reconciler.interfaces.driver import Done, Refused, Unknown
from reconciler.providers.http import HttpDriver
from tests.providers.small_api import (
    LISTING,
    SmallApi,
    always,
    key,
    make_dialect,
    open_driver,
    reply,
    using,
)

K1 = KeyId("k1")


def test_many_that_wait_share_one_list() -> None:
    api = SmallApi([key(f"k{n}") for n in range(50)])

    async def work(driver: HttpDriver) -> list[Any]:
        return await asyncio.gather(*(driver.get(KeyId(f"k{n}")) for n in range(60)))

    outcomes = using(api, make_dialect(), work)
    assert [o.value.id if o.value else None for o in outcomes] == [
        *(f"k{n}" for n in range(50)),
        *[None] * 10,
    ]
    assert len(api.sent) == 1


def test_whoever_asks_during_a_list_waits_for_the_next_one() -> None:
    api = SmallApi()
    api.on["GET /keys"] = lambda _: reply({"keys": [key("k1")] if len(api.sent) == 1 else []})

    async def work(driver: HttpDriver) -> list[Any]:
        first = asyncio.create_task(driver.get(K1))
        await api.arrived.wait()
        return await asyncio.gather(first, *(driver.get(K1) for _ in range(10)))

    first, *later = using(api, make_dialect(), work)
    assert first.value.id == "k1"
    assert later == [Done(None)] * 10
    assert len(api.sent) == 2


def test_asking_later_asks_again() -> None:
    api = SmallApi([key("k1")])

    async def work(driver: HttpDriver) -> list[Any]:
        before = await driver.get(K1)
        api.keys.clear()
        return [before, await driver.get(K1)]

    before, after = using(api, make_dialect(), work)
    assert before.value.id == "k1"
    assert after == Done(None)


def test_nobody_is_gone_because_the_list_could_not_be_read() -> None:
    for answer in (always({"keys": [key("k2"), key("k2")]}), always({}, 503), always({"x": 1})):
        api = SmallApi(on={"GET /keys": answer})
        assert isinstance(using(api, make_dialect(), lambda driver: driver.get(K1)), Unknown)


def test_a_list_that_hides_some_proves_nothing() -> None:
    dialect = make_dialect({"list": {**LISTING, "complete": False}})
    api = SmallApi()
    outcome = using(api, dialect, lambda driver: driver.get(K1))
    assert outcome == Refused("not sent: small cannot look a key up")
    assert api.sent == []


def test_what_is_no_id_is_not_looked_for() -> None:
    api = SmallApi()
    outcome = using(api, make_dialect(), lambda driver: driver.get(KeyId("../k1")))
    assert isinstance(outcome, Refused)
    assert api.sent == []


@pytest.mark.parametrize("cancelled", [0, 1])
def test_one_that_is_stopped_does_not_stop_the_others(cancelled: int) -> None:
    async def run() -> list[Any]:
        api = SmallApi([key("k1")])
        driver = open_driver(api, make_dialect())
        tasks = [asyncio.create_task(driver.get(K1)) for _ in range(5)]
        await api.arrived.wait()
        tasks.pop(cancelled).cancel()
        outcomes = await asyncio.gather(*tasks)
        await driver.close()
        return outcomes

    assert [outcome.value.id for outcome in asyncio.run(run())] == ["k1"] * 4
