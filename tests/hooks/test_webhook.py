"""Telling consumers by a POST, over a real socket, to servers that behave well and badly."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from reconciler.core.secret import Secret
from reconciler.errors import ProviderError
from reconciler.hooks.webhook import Webhook
from reconciler.http.client import Network
from reconciler.http.limits import Limits
from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown
from tests.hooks.builders import MESSAGE, NEWS, OP
from tests.http.fake_clock import FakeClock
from tests.http.hostile_server import Arrival, Behaviour, HostileServer, answer, cut, reply

TOKEN = "T0KEN-in-the-path"
PATH = f"/services/{TOKEN}?sig={TOKEN}-too"
LIMITS = Limits(read=5, total=10, attempts=3, max_bytes=64 * 1024)


def announce(url: str, clock: FakeClock | None = None, limits: Limits = LIMITS) -> Outcome[None]:
    webhook = Webhook(Secret(url), clock or FakeClock(), lambda _: Network(), limits)
    return asyncio.run(webhook.announce(NEWS))


def telling(
    behave: Behaviour, clock: FakeClock | None = None, limits: Limits = LIMITS
) -> tuple[Outcome[None], list[Arrival]]:
    with HostileServer(behave) as server:
        return announce(server.url + PATH, clock, limits), server.arrivals


def test_consumers_are_told_where_the_secret_is() -> None:
    outcome, (arrival,) = telling(answer(reply(204)))
    assert outcome == Done(None)
    assert (arrival.method, arrival.target) == ("POST", PATH)
    assert json.loads(arrival.body) == MESSAGE
    assert arrival.headers["content-type"] == "application/json"
    assert arrival.headers["idempotency-key"] == OP


@pytest.mark.parametrize("body", [b"ok", b"<html>thanks</html>", b"{}", b""])
def test_whatever_a_good_answer_holds(body: bytes) -> None:
    assert telling(answer(reply(200, body)))[0] == Done(None)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 599])
def test_what_may_pass_is_tried_again_after_a_pause_with_the_same_key(status: int) -> None:
    clock = FakeClock()
    outcome, arrivals = telling(answer(reply(status), reply(status), reply(200)), clock)
    assert outcome == Done(None)
    assert [arrival.headers["idempotency-key"] for arrival in arrivals] == [OP] * 3
    assert [pause for pause in clock.sleeps if pause][:2] == [0.5, 1.0]


def test_a_pause_that_is_asked_for_is_made() -> None:
    clock = FakeClock()
    asked = reply(429, headers={"retry-after": "7"})
    assert telling(answer(asked, reply(200)), clock)[0] == Done(None)
    assert 7.0 in clock.sleeps


@pytest.mark.parametrize(
    ("behave", "outcome"),
    [
        (answer(reply(500)), Unknown("127.0.0.1 answered 500")),
        (answer(reply(429)), Refused("127.0.0.1 answered 429", 429)),
        (cut, Unknown("127.0.0.1: the connection was cut, or the answer was not HTTP")),
    ],
)
def test_it_is_tried_a_bounded_number_of_times(behave: Behaviour, outcome: Outcome[None]) -> None:
    told, arrivals = telling(behave)
    assert told == outcome
    assert len(arrivals) == LIMITS.attempts


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_a_clear_no_is_final_and_says_only_its_status(status: int) -> None:
    outcome, arrivals = telling(answer(reply(status, TOKEN.encode())))
    assert outcome == Refused(f"127.0.0.1 answered {status}", status)
    assert len(arrivals) == 1


def test_a_redirect_is_not_followed() -> None:
    with HostileServer(answer(reply(200))) as other:
        there = reply(307, headers={"location": f"{other.url}/{TOKEN}"})
        outcome, arrivals = telling(answer(there))
        assert outcome == Refused("127.0.0.1 answered 307, and redirects are not followed", 307)
        assert (len(arrivals), other.arrivals) == (1, [])


def test_an_endless_answer_is_not_read() -> None:
    async def pour(_: Arrival, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 Fine\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                await writer.drain()
        except OSError:
            writer.close()

    assert telling(pour)[0] == Done(None)


def test_an_answer_that_never_comes_says_nothing() -> None:
    async def wait(_: Arrival, writer: asyncio.StreamWriter) -> None:
        del writer
        await asyncio.Event().wait()

    outcome, arrivals = telling(wait, limits=Limits(read=0.05, total=5, attempts=2))
    assert outcome == Unknown("127.0.0.1: no answer within the time limit")
    assert len(arrivals) == 2


def test_nobody_listens() -> None:
    with HostileServer(cut) as server:
        url = server.url + PATH
    assert announce(url) == Refused(
        "127.0.0.1 was not reached: the connection was refused: nothing listens there"
    )


def test_nothing_of_the_url_but_its_host_is_written_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for behave in (answer(reply(200)), answer(reply(404)), answer(reply(500)), cut):
        outcome, _ = telling(behave)
        assert TOKEN not in repr(outcome)
    assert "POST the webhook at 127.0.0.1: 200" in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (f"http://hooks.example/{TOKEN}", "http://hooks.example would send"),
        (f"ftp://hooks.example/{TOKEN}", "must be https"),
        (f"https://me:{TOKEN}@hooks.example/", "must not carry a user name"),
        (TOKEN, "must be https"),
        (f"https://[{TOKEN}/", "is not a URL"),
        (f"https://hooks.example:x/{TOKEN}", "is not a URL"),
        (f"https://hooks.example/{TOKEN}\n/x", "is not a URL"),
        (f"https:///{TOKEN}", "must be https"),
    ],
)
def test_a_url_that_may_not_be_used_shows_nothing_of_itself(url: str, problem: str) -> None:
    with pytest.raises(ProviderError, match=problem) as raised:
        Webhook(Secret(url), FakeClock(), lambda _: Network())
    shown = f"{raised.value} {raised.value.__cause__} {raised.getrepr(style='native')}"
    assert TOKEN not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None, shown


def test_a_proxy_is_asked_for_by_the_origin_alone() -> None:
    seen: list[str] = []

    def reach(origin: str) -> Any:  # noqa: ANN401
        seen.append(origin)
        return Network()

    Webhook(Secret(f"https://hooks.example:8443{PATH}\n"), FakeClock(), reach)
    assert seen == ["https://hooks.example:8443"]
