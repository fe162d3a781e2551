"""What is asked again, how often, and after how long; over real sockets, with a clock of ours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from reconciler.http.answers import Answer, NotSent, Result, Unanswered
from reconciler.http.calls import Call
from reconciler.http.limits import Limits, Reset
from tests.http.clients import DELETE, GET, POST, PUT, send
from tests.http.fake_clock import FakeClock
from tests.http.hostile_server import HostileServer, answer, cut, reply, reply_json

NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)
FINE = reply_json(200, {"code": 0})


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_read_is_asked_again_after_a_passing_failure(status: int) -> None:
    clock = FakeClock(NOON)
    with HostileServer(answer(reply(status), reply(status), FINE)) as server:
        assert _status(send(server.url, GET, clock=clock)[0]) == 200
        assert len(server.arrivals) == 3
    assert clock.sleeps == [0.5, 1.0]


def test_a_read_is_asked_again_after_a_cut() -> None:
    with HostileServer(cut) as server:
        assert isinstance(send(server.url, GET)[0], Unanswered)
        assert len(server.arrivals) == 4


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500, 501])
def test_other_answers_are_final(status: int) -> None:
    with HostileServer(answer(reply(status))) as server:
        assert _status(send(server.url, GET)[0]) == status
        assert len(server.arrivals) == 1


@pytest.mark.parametrize("call", [PUT, DELETE], ids=lambda call: call.method)
def test_a_write_is_asked_again_only_where_that_is_said_to_be_the_same(call: Call) -> None:
    with HostileServer(answer(reply(503), FINE)) as server:
        assert _status(send(server.url, call)[0]) == 503
    with HostileServer(answer(reply(503), FINE)) as server:
        assert _status(send(server.url, replace(call, idempotent=True))[0]) == 200


@pytest.mark.parametrize("status", [500, 501, 503, 599])
def test_a_persistent_call_is_asked_again_after_any_failure_of_the_server(status: int) -> None:
    call = replace(POST, persistent=True)
    with HostileServer(answer(reply(status), FINE)) as server:
        assert _status(send(server.url, replace(call, idempotent=True))[0]) == 200
    with HostileServer(answer(reply(status), FINE)) as server:
        assert _status(send(server.url, call)[0]) == status


def test_a_persistent_call_takes_a_clear_no() -> None:
    with HostileServer(answer(reply(404), FINE)) as server:
        call = replace(POST, idempotent=True, persistent=True)
        assert _status(send(server.url, call)[0]) == 404


def test_a_throttled_write_is_asked_again_only_where_it_had_no_effect() -> None:
    throttled = reply(429, b"", {"retry-after": "7"})
    clock = FakeClock(NOON)
    with HostileServer(answer(throttled, FINE)) as server:
        assert _status(send(server.url, POST, clock=clock)[0]) == 429
    assert clock.sleeps == []
    with HostileServer(answer(throttled, FINE)) as server:
        call = replace(POST, throttled_untouched=True)
        assert _status(send(server.url, call, clock=clock)[0]) == 200
        assert len(server.arrivals) == 2
    assert clock.sleeps == [7.0]


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("86400", 60.0),
        ("9" * 400, 60.0),
        ("Fri, 01 Jan 2027 12:00:05 GMT", 5.0),
        ("Fri, 01 Jan 2027 11:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2027 18:00:00 GMT", 60.0),
        ("soon", 0.5),
        ("-5", 0.5),
        ("", 0.5),
    ],
)
def test_retry_after_is_honoured_up_to_a_cap(header: str, pause: float) -> None:
    clock = FakeClock(NOON)
    with HostileServer(answer(reply(429, b"", {"retry-after": header}), FINE)) as server:
        send(server.url, GET, clock=clock)
    assert clock.sleeps == [pause]


@pytest.mark.parametrize(
    ("unit", "header", "pause"),
    [
        ("seconds", "7", 7.0),
        ("seconds", "2.5", 2.5),
        ("seconds", "86400", 60.0),
        ("epoch_s", "1798804810", 10.0),
        ("epoch_s", "9" * 400, 60.0),
        ("epoch_ms", "1798804800250", 0.25),
        ("epoch_s", "1798804799", 0.5),
        ("seconds", "0", 0.5),
        ("seconds", "-1", 0.5),
        ("seconds", "soon", 0.5),
        ("seconds", "nan", 0.5),
        ("epoch_s", "", 0.5),
    ],
)
def test_a_reset_header_is_honoured_up_to_the_same_cap(
    unit: Literal["seconds", "epoch_s", "epoch_ms"], header: str, pause: float
) -> None:
    assert _pauses(Reset("X-Reset", unit), {"x-reset": header}) == [pause]


def test_an_instant_is_measured_by_the_clock_of_the_server() -> None:
    headers = {"x-reset": "1798804810", "date": "Fri, 01 Jan 2027 12:00:07 GMT"}
    assert _pauses(Reset("x-reset", "epoch_s"), headers) == [3.0]


def test_retry_after_counts_before_a_reset_header() -> None:
    reset = Reset("x-reset", "seconds")
    assert _pauses(reset, {"x-reset": "7", "retry-after": "3"}) == [3.0]
    assert _pauses(reset, {"x-reset": "7", "retry-after": "soon"}) == [7.0]


def test_a_reset_header_of_a_passing_failure_says_nothing() -> None:
    assert _pauses(Reset("x-reset", "seconds"), {"x-reset": "50"}, status=503) == [0.5]


def test_a_header_that_no_dialect_names_says_nothing() -> None:
    assert _pauses(None, {"x-reset": "7"}) == [0.5]


def _pauses(reset: Reset | None, headers: dict[str, str], status: int = 429) -> list[float]:
    clock = FakeClock(NOON)
    with HostileServer(answer(reply(status, b"", headers), FINE)) as server:
        assert _status(send(server.url, GET, clock=clock, limits=Limits(reset=reset))[0]) == 200
    return clock.sleeps


def test_pauses_grow_to_a_cap() -> None:
    clock = FakeClock(NOON)
    with HostileServer(answer(reply(503))) as server:
        send(server.url, GET, clock=clock, limits=Limits(attempts=7))
    assert clock.sleeps == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


def test_429_slows_down_the_next_call_as_well() -> None:
    clock = FakeClock(NOON)
    with HostileServer(answer(reply(429, b"", {"retry-after": "9"}), FINE)) as server:
        refused, fine = send(server.url, POST, GET, clock=clock)
    assert [_status(refused), _status(fine)] == [429, 200]
    assert clock.sleeps == [9.0]
    assert clock.now() == NOON + timedelta(seconds=9)


def test_a_credential_that_no_header_can_hold_is_not_sent() -> None:
    from reconciler.core.secret import Secret  # noqa: PLC0415 - beside its use

    with HostileServer(answer(FINE)) as server:
        result = send(server.url, replace(POST, bearer=Secret("schlüssel")))[0]
        assert server.arrivals == []
    assert result == NotSent("the request could not be written", lasting=True)


def _status(result: Result) -> int:
    assert isinstance(result, Answer)
    return result.status
