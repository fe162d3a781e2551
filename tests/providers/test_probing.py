"""Trying a key out: how it is shown, and where."""

import asyncio
from typing import Any

import pytest

from reconciler.core.secret import Secret
from reconciler.interfaces.driver import Probe
from tests.http.fake_clock import FakeClock
from tests.providers.small_api import (
    SECRET,
    SmallApi,
    always,
    make_dialect,
    open_client,
    open_driver,
    using,
)

VERIFY: dict[str, Any] = {
    "method": "POST",
    "path": "/ping",
    "body": {"ping": "{region}"},
    "idempotent": True,
    "accepted": [{"status": 200}, {"status": 404, "code": "no_such_agent"}],
    "rejected": [{"status": 401}],
}
TENANT = {"variables": {"region": {"say": "where", "default": "eu"}}}


def dialect(**parts: Any) -> Any:  # noqa: ANN401
    return make_dialect(
        {"verify": {**VERIFY, **parts}},
        tenant=TENANT,
        headers={"X-Region": "{region}"},
        envelope={"code": "code"},
    )


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (None, {"authorization": f"Bearer {SECRET}"}),
        ("X-API-Key", {"x-api-key": SECRET}),
        ("Authorization", {"authorization": SECRET}),
    ],
)
def test_a_key_is_shown_as_its_users_show_it(header: str | None, shown: dict[str, str]) -> None:
    api = SmallApi(on={"POST /ping": always({})})
    answer = using(api, dialect(header=header), lambda driver: driver.probe(Secret(SECRET)))
    assert answer is Probe.ACCEPTED
    (sent,) = api.sent
    assert {name: sent.headers[name] for name in shown} == shown
    assert "our-own-token" not in str(sent.headers.raw)
    assert sent.headers["x-region"] == "eu"
    assert sent.body == {"ping": "eu"}


@pytest.mark.parametrize(("at", "used"), [("url", 0), ("key_url", 1)])
def test_a_key_is_tried_out_where_keys_are_used(at: str, used: int) -> None:
    apis = [SmallApi(on={"POST /ping": always({})}) for _ in range(2)]

    async def run() -> Probe:
        clock = FakeClock()
        elsewhere = open_client(apis[1], clock, url="https://elsewhere.example")
        driver = open_driver(apis[0], dialect(at=at), clock=clock, key_client=elsewhere)
        answer = await driver.probe(Secret(SECRET))
        await driver.close()
        return answer

    assert asyncio.run(run()) is Probe.ACCEPTED
    assert [len(api.sent) for api in apis] == [1 - used, used]
    host = apis[used].sent[0].headers["host"]
    assert host == ("elsewhere.example" if used else "small.example")


def test_without_another_address_there_is_only_one() -> None:
    api = SmallApi(on={"POST /ping": always({}, 401)})
    answer = using(api, dialect(at="key_url"), lambda driver: driver.probe(Secret(SECRET)))
    assert answer is Probe.REJECTED


@pytest.mark.parametrize(
    ("status", "code", "probe"),
    [
        (404, "no_such_agent", Probe.ACCEPTED),
        (404, "other", Probe.UNKNOWN),
        (403, None, Probe.UNKNOWN),
        (500, None, Probe.UNKNOWN),
    ],
)
def test_any_other_answer_says_nothing(status: int, code: str | None, probe: Probe) -> None:
    api = SmallApi(on={"POST /ping": always({"code": code}, status)})
    assert using(api, dialect(), lambda driver: driver.probe(Secret(SECRET))) is probe


def test_where_nothing_can_be_tried_nothing_is_sent() -> None:
    api = SmallApi()
    answer = using(api, make_dialect(), lambda driver: driver.probe(Secret(SECRET)))
    assert answer is Probe.UNKNOWN
    assert api.sent == []
