"""What the client makes of servers that misbehave, over real sockets."""

import asyncio
import gzip
import json
import socket
import ssl
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.secret import Secret
from reconciler.http.answers import Answer, Content, NotSent, Unanswered
from reconciler.http.calls import Call
from reconciler.http.client import Network
from reconciler.http.limits import Limits
from tests.http.clients import DELETE, GET, POST, PUT, send
from tests.http.fake_clock import FakeClock
from tests.http.hostile_server import (
    Arrival,
    HostileServer,
    answer,
    cut,
    cut_in_the_middle,
    reply,
    reply_json,
)

HERE = Path(__file__).parent
WRITES = pytest.mark.parametrize("call", [POST, PUT, DELETE], ids=lambda call: call.method)
JSON = {"content-type": "application/json"}


@WRITES
def test_a_write_that_is_cut_after_it_arrived_is_unanswered_and_sent_once(call: Call) -> None:
    with HostileServer(cut) as server:
        assert isinstance(send(server.url, call)[0], Unanswered)
        assert len(server.arrivals) == 1


@WRITES
def test_a_write_that_is_cut_before_it_was_read_is_unanswered_and_sent_once(call: Call) -> None:
    with HostileServer(cut, cut_early=True) as server:
        assert isinstance(send(server.url, call)[0], Unanswered)
        assert len(server.arrivals) == 1


@WRITES
def test_a_write_whose_answer_is_cut_is_unanswered_and_sent_once(call: Call) -> None:
    with HostileServer(cut_in_the_middle) as server:
        assert isinstance(send(server.url, call)[0], Unanswered)
        assert len(server.arrivals) == 1


@WRITES
def test_a_write_on_a_connection_that_the_server_cuts_is_not_sent_again(call: Call) -> None:
    async def serve_one_then_cut(arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        if arrival.method == "GET":
            writer.write(reply_json(200, {}))
        else:
            writer.close()

    with HostileServer(serve_one_then_cut) as server:
        _, result = send(server.url, GET, call)
        assert isinstance(result, Unanswered)
        assert [arrival.method for arrival in server.arrivals] == ["GET", call.method]
        assert server.connections == 1


@WRITES
def test_a_write_that_gets_no_answer_in_time_is_unanswered_and_sent_once(call: Call) -> None:
    async def say_nothing(_: Arrival, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    with HostileServer(say_nothing) as server:
        assert isinstance(send(server.url, call, limits=Limits(read=0.1))[0], Unanswered)
        assert len(server.arrivals) == 1


@WRITES
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_write_answered_5xx_is_sent_once(call: Call, status: int) -> None:
    with HostileServer(answer(reply_json(status, {}))) as server:
        result = send(server.url, call)[0]
        assert isinstance(result, Answer)
        assert result.status == status
        assert len(server.arrivals) == 1


def test_an_answer_that_drips_is_given_up_after_the_total_time() -> None:
    async def drip(_: Arrival, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(200, b"", JSON, size=1000))
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    with HostileServer(drip) as server:
        result = send(server.url, POST, limits=Limits(read=5, total=0.3))[0]
    assert result == Unanswered("no complete answer within 0.3 s")


def test_an_endless_page_is_stopped_at_the_limit() -> None:
    sent = 0

    async def pour(_: Arrival, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(reply(200, b"[", JSON, size=10_000_000_000))
        while True:
            writer.write(b'"xxxxxxxx",' * 5000)
            sent += 55_000
            await writer.drain()

    with HostileServer(pour) as server:
        result = send(server.url, GET, limits=Limits(max_bytes=1_000_000))[0]
    assert isinstance(result, Answer)
    assert result.content is Content.TOO_LARGE
    assert sent < 20_000_000


@pytest.mark.parametrize(("call", "client"), [(5, 1000), (1000, 5)])
def test_the_tighter_one_of_both_bounds_counts(call: int, client: int) -> None:
    with HostileServer(answer(reply(200, b'"123456"', JSON))) as server:
        bounded = replace(GET, max_bytes=call)
        result = send(server.url, bounded, limits=Limits(max_bytes=client))[0]
        assert isinstance(result, Answer)
        assert result.content is Content.TOO_LARGE
        assert send(server.url, replace(GET, max_bytes=8))[0] == replace(
            result, content=Content.JSON, data="123456"
        )


def test_a_gzip_bomb_is_stopped_before_it_is_blown_up() -> None:
    bomb = gzip.compress(b"[" + b"0," * 100_000_000, compresslevel=1)
    headers = {**JSON, "content-encoding": "gzip"}
    with HostileServer(answer(reply(200, bomb, headers))) as server:
        tracemalloc.start()
        result = send(server.url, GET, limits=Limits(max_bytes=1_000_000))[0]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(result, Answer)
    assert result.content is Content.TOO_LARGE
    assert peak < 20_000_000


def test_a_bomb_in_a_bomb_is_not_unpacked() -> None:
    headers = {**JSON, "content-encoding": "gzip, gzip"}
    body = gzip.compress(gzip.compress(b"[]"))
    assert _content(reply(200, body, headers)) is Content.OTHER


def test_gzip_is_asked_for_and_understood() -> None:
    body = gzip.compress(json.dumps({"code": 0}).encode())
    with HostileServer(answer(reply(200, body, {**JSON, "content-encoding": "gzip"}))) as server:
        result = send(server.url, GET)[0]
        assert server.arrivals[0].headers["accept-encoding"] == "gzip"
    assert isinstance(result, Answer)
    assert result.data == {"code": 0}


@pytest.mark.parametrize(
    ("body", "headers", "content"),
    [
        (b"<html>log in</html>", {"content-type": "text/html"}, Content.HTML),
        (b"  <!doctype html>", JSON, Content.HTML),
        (b"", JSON, Content.EMPTY),
        (b"\x00\xff\xfe garbage", JSON, Content.OTHER),
        (b'{"a": NaN}', JSON, Content.OTHER),
        (b'{"a": ', JSON, Content.OTHER),
        (b"9" * 10_000, JSON, Content.OTHER),
        (b"\xed\xa0\x80", JSON, Content.OTHER),
        (b"not gzip", {**JSON, "content-encoding": "gzip"}, Content.OTHER),
        (gzip.compress(b"[1, 2]")[:-9], {**JSON, "content-encoding": "gzip"}, Content.OTHER),
        (b"{}", {**JSON, "content-encoding": "br"}, Content.OTHER),
        (b"[" * 100_000, JSON, Content.TOO_DEEP),
        (b"[" * 65 + b"]" * 65, JSON, Content.TOO_DEEP),
        (b"[" * 64 + b"]" * 64, JSON, Content.JSON),
    ],
)
def test_content_is_recognised(body: bytes, headers: dict[str, str], content: Content) -> None:
    assert _content(reply(200, body, headers)) is content


def test_html_says_what_to_look_at() -> None:
    assert Content.HTML.value == (
        "answered with HTML, not JSON: is this the API's base URL? perhaps a login page or proxy"
    )


def test_a_lone_surrogate_becomes_text() -> None:
    with HostileServer(answer(reply(200, rb'{"name": "a\ud800b"}', JSON))) as server:
        result = send(server.url, GET)[0]
    assert isinstance(result, Answer)
    assert result.data == {"name": "a?b"}


def test_what_is_not_http_is_unanswered() -> None:
    assert isinstance(_send_to(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), Unanswered)


def test_a_redirect_is_not_followed_and_gets_no_credentials() -> None:
    with HostileServer(answer(reply_json(200, {}))) as other:
        moved = reply(307, b"", {"location": f"{other.url}/keys"})
        with HostileServer(answer(moved)) as server:
            call = Call(method="GET", template="/keys", bearer=Secret("hunter2"))
            result = send(server.url, call)[0]
            assert server.arrivals[0].headers["authorization"] == "Bearer hunter2"
        assert other.arrivals == []
    assert isinstance(result, Answer)
    assert result.status == 307


def test_no_cookie_is_kept() -> None:
    with HostileServer(answer(reply_json(200, {}, {"set-cookie": "id=1; Path=/"}))) as server:
        send(server.url, GET, GET)
        assert ["cookie" in arrival.headers for arrival in server.arrivals] == [False, False]


def test_a_refused_connection_is_not_sent() -> None:
    clock = FakeClock()
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        result = send(url, POST, clock=clock)[0]
    assert result == NotSent("the connection was refused: nothing listens there")
    assert clock.sleeps == [0.5, 1.0, 2.0]


def test_a_host_that_is_not_known_is_not_sent() -> None:
    result = send("https://nowhere.invalid", POST, limits=Limits(attempts=1))[0]
    assert isinstance(result, NotSent)


def test_a_self_signed_certificate_is_refused_and_not_asked_again() -> None:
    clock = FakeClock()
    with HostileServer(answer(reply_json(200, {})), tls=_server_context()) as server:
        result = send(server.url, POST, clock=clock)[0]
        assert server.arrivals == []
    assert isinstance(result, NotSent)
    assert "certificate is not trusted" in result.reason
    assert clock.sleeps == []


def test_a_certificate_of_the_given_ca_file_is_trusted() -> None:
    network = Network(ca_file=str(HERE / "self_signed.pem"))
    with HostileServer(answer(reply_json(200, {"code": 0})), tls=_server_context()) as server:
        result = send(server.url, GET, network=network)[0]
    assert isinstance(result, Answer)
    assert result.data == {"code": 0}


def test_plain_http_where_tls_was_expected_is_not_sent() -> None:
    with HostileServer(answer(reply_json(200, {}))) as server:
        url = server.url.replace("http:", "https:")
        result = send(url, POST, limits=Limits(connect=0.1, attempts=1))[0]
    assert result == NotSent("no connection within the time limit")


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(HERE / "self_signed.pem", HERE / "self_signed.key")
    return context


def _send_to(raw: bytes) -> object:
    with HostileServer(answer(raw)) as server:
        return send(server.url, POST)[0]


def _content(raw: bytes) -> Content:
    result = _send_to(raw)
    assert isinstance(result, Answer)
    return result.content
