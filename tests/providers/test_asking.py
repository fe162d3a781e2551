"""Calls of the manifest's own: how a key is shown, where, and what the answers mean."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from reconciler.core.desired import Call
from reconciler.core.secret import Secret
from reconciler.http.client import HttpClient, Network, open_client
from reconciler.http.limits import Limits
from reconciler.interfaces.driver import Said
from reconciler.providers.http import HttpDriver
from tests.http.fake_clock import FakeClock
from tests.http.hostile_server import Arrival, Behaviour, HostileServer, answer, cut, reply
from tests.providers import small_api
from tests.providers.small_api import SECRET, SmallApi, always, make_dialect, using

READ = Call("GET", "/items")
ENVELOPE = {"ok": "code == `0`", "code": "code"}
VERIFY: Mapping[str, Any] = {
    "method": "GET",
    "path": "/ping",
    "accepted": [{"status": 200}],
    "rejected": [
        {"status": 401},
        {"status": 403, "code": "bad_key"},
        {"status": 404},
        {"status": 200, "code": "no_key"},
    ],
}


def dialect(**parts: Any) -> Any:  # noqa: ANN401
    return make_dialect({"verify": {**VERIFY, **parts}}, envelope={"code": "code"})


def asking(
    api: SmallApi,
    call: Call = READ,
    made: Any = None,  # noqa: ANN401
    **more: Any,  # noqa: ANN401
) -> Said:
    return using(api, made or dialect(), lambda driver: driver.ask(Secret(SECRET), call), **more)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (200, None, Said.ALLOWED),
        (201, None, Said.ALLOWED),
        (200, "no_key", Said.REJECTED),
        (401, None, Said.REJECTED),
        (403, None, Said.DENIED),
        (403, "other", Said.DENIED),
        (403, "bad_key", Said.REJECTED),
        (404, None, Said.UNKNOWN),
        (301, None, Said.UNKNOWN),
        (405, None, Said.UNKNOWN),
        (429, None, Said.UNKNOWN),
        (500, None, Said.UNKNOWN),
    ],
)
def test_what_the_api_says(status: int, code: str | None, said: Said) -> None:
    assert asking(SmallApi(on={"GET /items": always({"code": code}, status)})) is said


@pytest.mark.parametrize("status", [200, 401, 403])
def test_a_page_of_a_proxy_says_nothing(status: int) -> None:
    page = httpx.Response(status, html="<html>log in</html>")
    assert asking(SmallApi(on={"GET /items": lambda _: page})) is Said.UNKNOWN


def test_plain_text_is_an_answer_too() -> None:
    text = httpx.Response(403, text="Forbidden")
    assert asking(SmallApi(on={"GET /items": lambda _: text})) is Said.DENIED


@pytest.mark.parametrize(("code", "said"), [(0, Said.ALLOWED), (7, Said.UNKNOWN)])
def test_a_good_status_that_calls_itself_an_error_allows_nothing(code: int, said: Said) -> None:
    api = SmallApi(on={"GET /items": always({"code": code})})
    assert asking(api, made=make_dialect(envelope=ENVELOPE)) is said


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (make_dialect(), {"authorization": f"Bearer {SECRET}"}),
        (dialect(), {"authorization": f"Bearer {SECRET}"}),
        (dialect(header="X-API-Key"), {"x-api-key": SECRET}),
    ],
)
def test_a_key_is_shown_as_the_dialects_own_call_shows_it(
    made: Any,  # noqa: ANN401
    shown: dict[str, str],
) -> None:
    api = SmallApi(on={"HEAD /items": always()})
    assert asking(api, Call("HEAD", "/items?all=1"), made) is Said.ALLOWED
    (sent,) = api.sent
    assert {name: sent.headers.get(name) for name in shown} == shown
    assert sent.query == {"all": "1"}
    assert "our-own-token" not in str(sent.headers.raw)


def test_keys_are_used_where_they_are_used_and_managed_elsewhere() -> None:
    apis = [SmallApi(on={"GET /items": always({})}) for _ in range(2)]
    elsewhere = small_api.open_client(apis[1], FakeClock(), url="https://elsewhere.example")
    assert asking(apis[0], key_client=elsewhere) is Said.ALLOWED
    assert [len(api.sent) for api in apis] == [0, 1]
    assert apis[1].sent[0].headers["host"] == "elsewhere.example"


@pytest.mark.parametrize(
    "call",
    [
        Call("POST", "/items"),
        Call("DELETE", "/items"),
        Call("GET", "items"),
        Call("GET", "@evil.example/items"),
        Call("GET", ".evil.example/items"),
        Call("GET", ":1/items"),
        Call("GET", "https://evil.example/items"),
        Call("GET", "/../items"),
        Call("GET", "/a/%2e%2E/items"),
        Call("GET", "/a\\..\\items"),
        Call("GET", "/items#part"),
        Call("GET", "/items\r\nX-More: 1"),
        Call("GET", "/ite ms"),
    ],
)
def test_what_could_lead_elsewhere_or_change_something_is_never_sent(call: Call) -> None:
    api = SmallApi()
    assert asking(api, call) is Said.UNKNOWN
    assert api.sent == []


def test_it_is_tried_again_like_any_read() -> None:
    left = [503, 503, 200]
    api = SmallApi(on={"GET /items": lambda _: small_api.reply({}, left.pop(0))})
    assert asking(api, attempts=3) is Said.ALLOWED
    assert len(api.sent) == 3


def over_a_socket(behave: Behaviour, call: Call = READ) -> tuple[Said, HostileServer]:
    async def run(client: HttpClient) -> Said:
        driver = HttpDriver(
            provider="small",
            origin=server.url,
            dialect=dialect(),
            client=client,
            credentials={"token": Secret("our-own-token")},
            clock=FakeClock(),
        )
        try:
            return await driver.ask(Secret(SECRET), call)
        finally:
            await driver.close()

    with HostileServer(behave) as server:
        limits = Limits(read=5, total=10, attempts=2)
        client = open_client(server.url, FakeClock(), limits, Network())
        return asyncio.run(run(client)), server


def test_a_redirect_takes_no_key_to_another_host() -> None:
    with HostileServer(answer(reply(200, b"{}"))) as other:
        there = answer(reply(302, b"", {"location": f"{other.url}/items"}))
        said, server = over_a_socket(there)
        assert (said, len(server.arrivals), other.arrivals) == (Said.UNKNOWN, 1, [])


def test_an_endless_answer_is_read_no_further_than_it_tells() -> None:
    async def pour(_: Arrival, writer: Any) -> None:  # noqa: ANN401
        writer.write(b"HTTP/1.1 403 No\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
                await writer.drain()
                poured.append(0x10000)
        except OSError:
            writer.close()

    poured: list[int] = []
    assert over_a_socket(pour)[0] is Said.DENIED
    assert sum(poured) < 16 * 1024 * 1024


def test_a_cut_connection_says_nothing_and_nothing_is_written_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    said, server = over_a_socket(cut)
    assert said is Said.UNKNOWN
    assert len(server.arrivals) == 2
    over_a_socket(answer(reply(200, SECRET.encode(), {"x-key": SECRET})))
    assert "GET /items: 200" in caplog.text
    assert SECRET not in caplog.text
