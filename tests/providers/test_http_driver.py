"""Writes, single reads and probes against a server that misbehaves, over real sockets."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.core.keys import Attributes, KeyId, OpId
from reconciler.core.secret import Secret
from reconciler.errors import ProviderError
from reconciler.interfaces.driver import Done, Outcome, Probe, Refused, Unknown
from reconciler.providers import load_dialect
from reconciler.providers.http import HttpDriver
from tests.http.clients import using as using_client
from tests.http.fake_clock import FakeClock
from tests.http.hostile_server import (
    Arrival,
    Behaviour,
    HostileServer,
    answer,
    cut,
    cut_in_the_middle,
    reply,
    reply_json,
)
from tests.providers.fake_clouisle import (
    KEY_ID,
    LOGIN,
    PASSWORD,
    SECRET,
    FakeClouisle,
    failure,
    make_token,
    open_driver,
    page,
    row,
    success,
    survey,
    using,
)

ID = KeyId(KEY_ID)
OP = OpId("0" * 32)
MARK = "kw-000000-00000000"
WANTED = Attributes.of({"name": "crm", "scopes": ("chat",), "enabled": False})
Write = Callable[[HttpDriver], Awaitable[Outcome[Any]]]
WRITES: dict[str, Write] = {
    "POST": lambda driver: driver.create(OP, WANTED, MARK),
    "PUT": lambda driver: driver.update(ID, WANTED),
    "DELETE": lambda driver: driver.delete(ID),
}
SWITCHES: dict[str, Write] = {
    "enable": lambda driver: driver.enable(ID),
    "disable": lambda driver: driver.disable(ID),
}
each_write = pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))


@each_write
@pytest.mark.parametrize("behave", [cut, cut_in_the_middle])
def test_a_write_that_is_cut_is_unknown_and_sent_once(write: Write, behave: Behaviour) -> None:
    outcome, server = using(FakeClouisle({"*": behave}), write)
    assert isinstance(outcome, Unknown)
    assert len(_writes(server)) == 1


@each_write
@pytest.mark.parametrize("status", [302, 303, 408, 500, 502, 503, 504])
def test_a_write_without_a_clear_answer_is_unknown(write: Write, status: int) -> None:
    outcome, server = using(FakeClouisle({"*": answer(failure(status, -1))}), write)
    assert isinstance(outcome, Unknown)
    assert f"answered {status}, code -1" in outcome.reason
    assert len(_writes(server)) == 1


@each_write
@pytest.mark.parametrize("status", [307, 400, 401, 403, 404, 405, 409, 422])
def test_a_clear_no_is_a_refusal(write: Write, status: int) -> None:
    outcome, _ = using(FakeClouisle({"*": answer(failure(status, 77))}), write)
    assert isinstance(outcome, Refused)
    assert outcome.status == status
    assert f"answered {status}, code 77" in outcome.reason
    assert SECRET not in outcome.reason


@each_write
def test_a_write_that_never_got_a_connection_was_not_sent(write: Write) -> None:
    with HostileServer(FakeClouisle().behave) as server:
        url = server.url

    async def run() -> Outcome[Any]:
        driver = open_driver(url)
        try:
            return await write(driver)
        finally:
            await driver.close()

    outcome = asyncio.run(run())
    assert isinstance(outcome, Refused)
    assert outcome.status is None
    assert "not sent: the connection was refused" in outcome.reason


@each_write
def test_a_throttled_write_is_sent_again_after_the_pause(write: Write) -> None:
    clock = FakeClock()
    throttled = reply(429, b"", {"retry-after": "7"})
    fake = FakeClouisle({"*": answer(throttled, success({**row(), "key": SECRET}))})
    outcome, server = using(fake, write, clock=clock)
    assert isinstance(outcome, Done)
    assert len(_writes(server)) == 2
    assert clock.sleeps == [7.0]


@pytest.mark.parametrize("switch", SWITCHES.values(), ids=list(SWITCHES))
def test_switching_is_repeated_since_twice_is_the_same_as_once(switch: Write) -> None:
    fake = FakeClouisle({"*": answer(failure(503, -1), success(row()))})
    outcome, server = using(fake, switch)
    assert outcome == Done(None)
    assert len(_writes(server)) == 2


@pytest.mark.parametrize(
    "raw",
    [
        success({**row(), "key": ""}),
        success({**row(), "key": None}),
        success(row()),
        success({**row("a/b"), "key": SECRET}),
        success({"key": SECRET}),
        success(None),
        reply_json(200, {"code": 5, "data": {**row(), "key": SECRET}}),
        reply(200, b""),
        reply(200, b"<html>"),
        reply(200, b"[" * 1000),
    ],
)
def test_a_creation_that_is_answered_without_a_key_is_unknown(raw: bytes) -> None:
    outcome, _ = using(FakeClouisle({"*": answer(raw)}), WRITES["POST"])
    assert isinstance(outcome, Unknown)
    assert SECRET not in repr(outcome)


def test_a_creation_sends_what_was_wanted() -> None:
    wanted = Attributes.of(
        {
            "name": "crm",
            "scopes": (),
            "rate_limit": None,
            "enabled": False,
            "expires_at": datetime(2031, 1, 2, 3, 4, 5, 600000, tzinfo=UTC),
            "options.agent_ids": ("a", "b"),
        }
    )
    fake = FakeClouisle({"*": answer(success({**row(), "key": SECRET}))})
    outcome, server = using(fake, lambda driver: driver.create(OP, wanted, MARK))
    assert isinstance(outcome, Done)
    assert outcome.value.secret.reveal() == SECRET
    assert server.arrivals[1].body == (
        b'{"expires_at": "2031-01-02T03:04:05.600000Z", "name": "crm", "agent_ids": ["a", "b"],'
        b' "rate_limit": 0, "scopes": []}'
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"name": None},
        {"rate_limit": 0},
        {"rate_limit": True},
        {"scopes": None},
        {"options.unknown": "x"},
        {"expires_at": "2030"},
    ],
)
def test_what_the_dialect_cannot_say_is_not_sent(fields: dict[str, Any]) -> None:
    for write in (
        lambda driver: driver.create(OP, Attributes.of(fields), MARK),
        lambda driver: driver.update(ID, Attributes.of(fields)),
    ):
        outcome, server = using(FakeClouisle(), write)
        assert isinstance(outcome, Refused)
        assert outcome.reason.startswith("not sent: ")
        assert server.arrivals == []


@pytest.mark.parametrize("key_id", ["", ".", "..", "a/b", "a b", "x" * 201, "a\n"])
def test_an_id_that_is_none_is_not_sent(key_id: str) -> None:
    outcome, server = using(FakeClouisle(), lambda driver: driver.delete(KeyId(key_id)))
    assert outcome == Refused("not sent: this cannot be the id of a key")
    assert server.arrivals == []


def test_only_the_api_itself_can_say_that_a_key_is_absent() -> None:
    for action in (lambda driver: driver.get(ID), lambda driver: driver.delete(ID)):
        outcome, _ = using(FakeClouisle({"*": answer(failure(404, 4000))}), action)
        assert outcome == Done(None)
        proxy = reply_json(404, {"detail": "Not Found"})
        outcome, _ = using(FakeClouisle({"*": answer(proxy)}), action)
        assert isinstance(outcome, Refused)


def test_another_key_than_the_one_asked_for_is_no_answer() -> None:
    fake = FakeClouisle({"*": answer(success(row("another")))})
    assert isinstance(using(fake, lambda driver: driver.get(ID))[0], Unknown)


@pytest.mark.parametrize(("status", "code"), [(403, 2003), (401, 2001)])
def test_an_expired_token_is_renewed_once_for_many_calls(status: int, code: int) -> None:
    async def keys(arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        expired = make_token(1) in arrival.headers["authorization"] and arrival.method != "GET"
        await answer(failure(status, code) if expired else success(row()))(arrival, writer)

    async def work(driver: HttpDriver) -> list[Outcome[None]]:
        await driver.get(ID)
        return await asyncio.gather(*(driver.delete(ID) for _ in range(20)))

    fake = FakeClouisle({"*": keys})
    outcomes, _ = using(fake, work)
    assert outcomes == [Done(None)] * 20
    assert fake.logins == 2


@pytest.mark.parametrize(("status", "code"), [(403, 2003), (401, 2001)])
def test_a_token_that_is_refused_for_ever_does_not_loop(status: int, code: int) -> None:
    async def work(driver: HttpDriver) -> list[Outcome[None]]:
        return [await driver.delete(ID) for _ in range(5)]

    fake = FakeClouisle({"*": answer(failure(status, code))})
    outcomes, server = using(fake, work)
    assert {type(outcome) for outcome in outcomes} == {Refused}
    assert fake.logins == 1
    assert len(_writes(server)) == 5


def test_a_lost_role_is_no_reason_to_log_in_again() -> None:
    fake = FakeClouisle({"*": answer(success(row()), failure(403, 3000))})

    async def work(driver: HttpDriver) -> Outcome[None]:
        await driver.get(ID)
        return await driver.delete(ID)

    assert isinstance(using(fake, work)[0], Refused)
    assert fake.logins == 1


@pytest.mark.parametrize(
    ("raw", "probe"),
    [
        (failure(404, 6200), Probe.ACCEPTED),
        (failure(403, 3000), Probe.ACCEPTED),
        (success({}), Probe.ACCEPTED),
        (failure(401, 2001), Probe.REJECTED),
        (failure(401, 2002), Probe.REJECTED),
        (failure(404, 4000), Probe.UNKNOWN),
        (failure(403, 2003), Probe.UNKNOWN),
        (failure(422, 1001), Probe.UNKNOWN),
        (failure(500, -1), Probe.UNKNOWN),
        (reply_json(404, {"detail": "Not Found"}), Probe.UNKNOWN),
        (reply(200, b"<html>"), Probe.UNKNOWN),
        (reply(401, b"<html>"), Probe.UNKNOWN),
        (reply(429), Probe.UNKNOWN),
    ],
)
def test_a_probe_says_only_what_the_api_said(raw: bytes, probe: Probe) -> None:
    outcome, server = using(
        FakeClouisle({"*": answer(raw)}), lambda driver: driver.probe(Secret(SECRET))
    )
    assert outcome is probe
    assert server.arrivals[0].headers["authorization"] == f"Bearer {SECRET}"


def test_a_probe_that_is_cut_says_nothing() -> None:
    fake = FakeClouisle({"*": cut})
    assert using(fake, lambda driver: driver.probe(Secret(SECRET)))[0] is Probe.UNKNOWN


def test_credentials_that_are_missing_are_named() -> None:
    async def work(client: Any) -> None:  # noqa: ANN401
        HttpDriver(
            provider="agents",
            origin="x",
            dialect=load_dialect("clouisle"),
            client=client,
            credentials={"username": Secret("root")},
            clock=FakeClock(),
        )

    with pytest.raises(
        ProviderError,
        match=r"clouisle cannot be entered with username. Give username and password\.",
    ):
        using_client("http://localhost", work)


def test_no_secret_in_any_log_record(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fake = FakeClouisle(
        {
            "GET /api-keys": answer(page()),
            "POST /api-keys": answer(success({**row(), "key": SECRET})),
            "*": answer(failure(401, 2001)),
        }
    )

    async def work(driver: HttpDriver) -> str:
        outcomes = [await driver.create(OP, WANTED, MARK), await driver.delete(ID)]
        await driver.probe(Secret(SECRET))
        return repr(outcomes)

    shown, server = using(fake, work)
    assert survey(fake).problem is None
    assert PASSWORD.encode() in server.arrivals[0].body
    for hidden in (SECRET, PASSWORD, make_token(1), make_token(2), KEY_ID):
        assert hidden not in caplog.text
    for hidden in (SECRET, PASSWORD, make_token(1)):
        assert hidden not in shown
    assert "DELETE /api-keys/{id}: 401" in caplog.text


def _writes(server: HostileServer) -> list[Arrival]:
    return [arrival for arrival in server.arrivals if arrival.path != LOGIN]
