"""Reading the list from a server that misbehaves: never a raise, always one clear sentence."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from reconciler.core.observed import ProviderView
from reconciler.http.limits import Limits
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
    SECRET,
    FakeClouisle,
    failure,
    open_driver,
    page,
    problem_of,
    row,
    success,
    survey,
)

CERTIFICATES = Path(__file__).parent.parent / "http"


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (failure(401, 9), "GET /api-keys answered 401, code 9: the credentials were refused"),
        (
            failure(403, 3000),
            "GET /api-keys answered 403, code 3000: the account's role may not do this",
        ),
        (
            reply_json(404, {"detail": "Not Found"}),
            (
                "GET /api-keys answered 404: there is nothing at this address;"
                " is this the API's base URL?"
            ),
        ),
        (
            failure(422, 1001),
            "GET /api-keys answered 422, code 1001: the API found a value invalid",
        ),
        (failure(500, -1), "GET /api-keys answered 500, code -1"),
        (
            reply(200, b"<html>", {"content-type": "text/html"}),
            (
                "GET /api-keys answered with HTML, not JSON: is this the API's base URL?"
                " perhaps a login page or proxy"
            ),
        ),
        (
            reply(502, b"<html>", {"content-type": "text/html"}),
            "GET /api-keys answered 502: in HTML, perhaps a login page or proxy",
        ),
        (reply(200, b"garbage"), "GET /api-keys answered with something that is not JSON"),
        (
            reply_json(200, {"code": 17, "data": None}),
            "GET /api-keys answered 200, code 17, which is no success",
        ),
        (reply_json(200, {}), "GET /api-keys answered 200, which is no success"),
        (reply_json(200, {"code": 0}), "GET /api-keys answered 200, code 0 without its data"),
        (
            success({"items": []}),
            "GET /api-keys: answered without a list of keys and its total",
        ),
        (
            success({"items": [], "total": -1}),
            "GET /api-keys: answered without a list of keys and its total",
        ),
        (
            page(row("a/../b")),
            "GET /api-keys: answered with a key that has no usable id",
        ),
        (page(row("..")), "GET /api-keys: answered with a key that has no usable id"),
        (page(row("x" * 201)), "GET /api-keys: answered with a key that has no usable id"),
        (page("row"), "GET /api-keys: answered with a key that has no usable id"),
        (
            page(row(scopes="chat")),
            "GET /api-keys: answered with a key whose scopes is unusable",
        ),
        (
            page(row(expires_at="tomorrow")),
            "GET /api-keys: answered with a key whose expires_at is unusable",
        ),
        (
            page({"id": "x"}),
            "GET /api-keys: answered with a key that does not tell its enabled",
        ),
        (
            reply(307, b"", {"location": "https://elsewhere.example"}),
            (
                "GET /api-keys answered 307: it was redirected elsewhere, and redirects are not"
                " followed; correct the base URL"
            ),
        ),
        (
            reply(429, b"", {"retry-after": "1"}),
            "GET /api-keys answered 429: too many requests",
        ),
    ],
)
def test_one_sentence_for_every_failure(raw: bytes, sentence: str) -> None:
    assert problem_of(answer(raw)) == sentence


@pytest.mark.parametrize("behave", [cut, cut_in_the_middle])
def test_a_list_that_is_cut_is_a_problem(behave: Behaviour) -> None:
    assert problem_of(behave).startswith("GET /api-keys: the connection was cut")


def test_a_list_that_is_too_large_is_a_problem() -> None:
    view = survey(
        FakeClouisle({"*": answer(page(*(row(f"k{n}") for n in range(50))))}),
        limits=Limits(max_bytes=2000),
    )
    assert view.problem == "GET /api-keys answered with more than the size limit allows"


def test_nobody_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        view = _survey_at(f"http://127.0.0.1:{reserved.getsockname()[1]}")
    assert view.problem == (
        "login failed: not sent: the connection was refused: nothing listens there"
        " (POST /login/access-token)"
    )


def test_a_certificate_that_nobody_vouches_for() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "self_signed.pem", CERTIFICATES / "self_signed.key")
    with HostileServer(answer(page()), tls=context) as server:
        view = _survey_at(server.url)
        assert server.arrivals == []
    assert "the TLS certificate is not trusted: self-signed certificate" in (view.problem or "")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (
            failure(400, 2003),
            "POST /login/access-token answered 400, code 2003: the user name or password is wrong",
        ),
        (
            failure(400, 5300),
            (
                "POST /login/access-token answered 400, code 5300:"
                " the account is locked after too many failed logins"
            ),
        ),
        (
            success({"requires_totp": True}),
            "this account asks for a one-time password; use one that does not",
        ),
        (
            success({"force_password_change": True, "temp": SECRET}),
            "this account must change its password first",
        ),
        (success({}), "the API answered without a token"),
        (success(None), "the API answered without a token"),
    ],
)
def test_a_login_that_fails_is_tried_once(raw: bytes, sentence: str) -> None:
    fake = FakeClouisle({"POST /login/access-token": answer(raw)})
    with HostileServer(fake.behave) as server:
        view = _survey_at(server.url, times=3)
        assert len(server.arrivals) == 1
    assert view.problem == f"login failed: {sentence}"


def test_rows_come_with_everything() -> None:
    view = survey(
        FakeClouisle(
            {
                "*": answer(
                    page(
                        row(
                            name="a\u001b[31m\nname",
                            scopes=["b", "a", "b"],
                            rate_limit=0,
                            expires_at="2030-01-01T00:00:00.123456+02:00",
                            agents=[{"id": "z"}, {"id": "y"}],
                        )
                    )
                )
            }
        )
    )
    (key,) = view.keys
    assert key.name == "a\u001b[31m\nname"
    assert key.attributes.mapping() == {
        "name": key.name,
        "scopes": ("a", "b"),
        "rate_limit": None,
        "enabled": True,
        "expires_at": datetime(2029, 12, 31, 22, 0, 0, 123456, tzinfo=UTC),
        "options.agent_ids": ("y", "z"),
        "options.workflow_ids": (),
    }
    assert view.tenant == "user-1"


def test_the_server_s_clock_is_compared() -> None:
    clock = FakeClock(datetime(2027, 1, 1, tzinfo=UTC))
    date = format_datetime(clock.time + timedelta(minutes=7), usegmt=True)
    raw = reply_json(200, {"code": 0, "data": {"items": [], "total": 0}}, {"date": date})
    view = survey(FakeClouisle({"*": answer(raw)}), clock=clock)
    assert view.clock_ahead == timedelta(minutes=7)


def test_rows_that_shift_while_pages_are_read_start_it_again() -> None:
    keys = [f"key-{number}" for number in range(2500)]
    pages: list[int] = []

    async def listing(arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        number = int(parse_qs(urlsplit(arrival.target).query)["page"][0])
        pages.append(number)
        if len(pages) == 1:
            keys.insert(0, "brand-new")
            await answer(_slice(keys[1:], number))(arrival, writer)
        else:
            await answer(_slice(keys, number))(arrival, writer)

    view = survey(FakeClouisle({"*": listing}))
    assert view.problem is None
    assert {key.id for key in view.keys} == set(keys)
    assert sorted(pages) == [1, 1, 2, 2, 3, 3]


def test_a_list_that_never_holds_still_is_a_problem() -> None:
    count = 0

    async def listing(arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        await answer(page(row("k1"), total=count + 1))(arrival, writer)

    assert problem_of(listing) == (
        "GET /api-keys: the list does not hold still or is not complete (3 tries)"
    )


@pytest.mark.parametrize(
    "raw",
    [
        page(row("k1"), total=2),
        page(total=5),
        page(row("k1"), row("k1")),
        page(row("k1"), row("k1"), total=1),
    ],
    ids=["hidden row", "all hidden", "row twice", "row twice, counted once"],
)
def test_a_list_that_hides_or_repeats_rows_is_a_problem(raw: bytes) -> None:
    assert "does not hold still or is not complete" in problem_of(answer(raw))


def test_a_list_without_end_is_a_problem() -> None:
    assert problem_of(answer(page(row("k1"), total=10**12))) == (
        "GET /api-keys: the list has more than 1000 pages"
    )


def test_a_page_that_fails_stops_the_others() -> None:
    async def listing(arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        first = "page=1&" in arrival.target
        await answer(page(row("k1"), total=500) if first else failure(500, -1))(arrival, writer)

    with HostileServer(FakeClouisle({"*": listing}).behave) as server:
        view = _survey_at(server.url)
        assert len(server.arrivals) < 12
    assert view.problem == "GET /api-keys answered 500, code -1"


def test_a_server_with_smaller_pages_than_asked_for_is_understood() -> None:
    keys = [f"key-{number}" for number in range(95)]

    async def listing(arrival: Arrival, writer: asyncio.StreamWriter) -> None:
        number = int(parse_qs(urlsplit(arrival.target).query)["page"][0])
        await answer(_slice(keys, number, size=10))(arrival, writer)

    assert len(survey(FakeClouisle({"*": listing})).keys) == 95


def _slice(keys: list[str], number: int, size: int = 1000) -> bytes:
    shown = keys[(number - 1) * size : number * size]
    return page(*map(row, shown), total=len(keys))


def _survey_at(url: str, times: int = 1) -> ProviderView:
    async def run() -> ProviderView:
        driver = open_driver(url)
        ignore: Callable[[int, int], None] = lambda _seen, _total: None  # noqa: E731
        views = [await driver.survey(ignore) for _ in range(times)]
        await driver.close()
        return views[-1]

    return asyncio.run(run())
