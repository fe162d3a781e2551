"""Addresses, proxies, the shared trust, shards, and an app in process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import httpx
import pytest

from reconciler.errors import ProviderError
from reconciler.http.addresses import check_address
from reconciler.http.answers import Answer, NotSent, Unanswered
from reconciler.http.client import HttpClient, Network
from reconciler.http.limits import Limits
from reconciler.http.proxies import proxy_for
from reconciler.http.tls import trust
from reconciler.http.transport import ShardedTransport, open_transport
from tests.http.clients import GET, POST, send, using
from tests.http.hostile_server import Arrival, HostileServer, answer, reply, reply_json


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1/",
        "http://localhost:8000",
        "http://127.0.0.1:1/x",
        "http://[::1]:8000/x",
        "http://127.9.9.9/x",
        "HTTPS://api.example.com",
    ],
)
def test_good_addresses(url: str) -> None:
    assert check_address(url) == url.replace("HTTPS:", "https:").rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "https://user:password@api.example.com",
        "https://api.example.com/?token=1",
        "https://api.example.com/#x",
        "https://",
        "https://[::1",
        "https://api.example.com:99999999",
        "ftp://api.example.com",
        "api.example.com",
        "",
    ],
)
def test_bad_addresses(url: str) -> None:
    with pytest.raises(ProviderError) as caught:
        check_address(url)
    assert "password@" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://a.example", {}, None),
        ("https://a.example", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://a.example", {"https_proxy": "http://q:1", "HTTPS_PROXY": "x"}, "http://q:1"),
        ("https://a.example", {"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ("https://a.example", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "b, .example"}, None),
        ("https://a.example", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ("https://a.example", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "ample"}, "http://p:1"),
        ("http://127.0.0.1:5", {"ALL_PROXY": "http://p:1"}, None),
    ],
)
def test_proxy_variables(url: str, environ: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(url, environ) == proxy


def test_a_proxy_that_makes_no_connection_means_not_sent() -> None:
    with HostileServer(answer(reply(403))) as proxy:
        network = Network(proxy=proxy.url)
        limits = Limits(attempts=1)
        result = send("https://api.example.com", POST, limits=limits, network=network)[0]
        assert [arrival.method for arrival in proxy.arrivals] == ["CONNECT"]
    assert result == NotSent("the proxy made no connection")


@pytest.mark.parametrize("proxy", ["ftp://u:hunter2@p", "socks5://u:hunter2@p"])
def test_a_proxy_that_cannot_be_used_is_said_without_its_password(proxy: str) -> None:
    with pytest.raises(ProviderError, match="this proxy cannot be used") as caught:
        send("https://api.example.com", POST, network=Network(proxy=proxy))
    assert caught.value.__cause__ is None
    assert "hunter2" not in str(caught.value)


def test_trust_is_made_once_and_verifies() -> None:
    assert trust() is trust()
    assert trust().check_hostname


def test_a_ca_file_that_cannot_be_read_is_said() -> None:
    with pytest.raises(ProviderError, match="cannot be read as certificates"):
        trust("/nowhere.pem")


def test_no_pool_has_more_than_eight_connections() -> None:
    async def run() -> list[str]:
        kinds = []
        for concurrency in (1, 8, 9, 32):
            transport = open_transport("http://localhost", Limits(concurrency=concurrency))
            kinds.append(type(transport).__name__)
            await transport.aclose()
        return kinds

    assert asyncio.run(run()) == ["AsyncHTTPTransport"] * 2 + ["ShardedTransport"] * 2


def test_many_calls_at_once_each_have_a_connection() -> None:
    waiting = 0
    everybody = asyncio.Event()

    async def wait_for_all(_: Arrival, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting
        waiting += 1
        if waiting == 20:
            everybody.set()
        await everybody.wait()
        writer.write(reply_json(200, {}))

    async def work(client: HttpClient) -> list[object]:
        return list(await asyncio.gather(*(client.send(POST) for _ in range(20))))

    with HostileServer(wait_for_all) as server:
        results = using(server.url, work, limits=Limits(concurrency=20, total=10))
        assert server.connections == 20
    assert all(isinstance(result, Answer) for result in results)


def test_requests_go_to_the_least_busy_shard() -> None:
    class Pool(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self.requests = 0

        async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
            self.requests += 1
            return httpx.Response(200, stream=_Nothing())

    class _Nothing(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b""

    async def run() -> list[int]:
        pools = [Pool(), Pool()]
        sharded = ShardedTransport(pools)
        request = httpx.Request("GET", "http://localhost")
        first = await sharded.handle_async_request(request)
        second = await sharded.handle_async_request(request)
        await second.aclose()
        await second.aclose()
        await sharded.handle_async_request(request)
        await first.aclose()
        return [pool.requests for pool in pools]

    assert asyncio.run(run()) == [1, 2]


Message = MutableMapping[str, Any]


def test_an_app_in_process_is_asked_without_a_socket() -> None:
    async def app(
        scope: Message,
        _: Callable[[], Awaitable[Message]],
        give: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["path"] != "/sandbox/keys":
            raise RuntimeError
        headers = [(b"content-type", b"application/json")]
        await give({"type": "http.response.start", "status": 200, "headers": headers})
        await give({"type": "http.response.body", "body": b'{"code": 0}'})

    fine = send("http://localhost/sandbox", GET, network=Network(app=app))[0]
    assert isinstance(fine, Answer)
    assert fine.data == {"code": 0}
    broken = send("http://localhost/elsewhere", GET, network=Network(app=app))[0]
    assert isinstance(broken, Unanswered)
