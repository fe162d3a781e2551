"""Which cookies an answer sets for the host that it came from; their values stay hidden."""

from datetime import UTC, datetime

import pytest

from reconciler.http.answers import Answer
from reconciler.http.cookies import read_cookies
from tests.http.clients import GET, send
from tests.http.hostile_server import HostileServer, answer, reply_json

HOST = "api.example.com"
NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)
EARLIER = "Fri, 01 Jan 2027 11:59:59 GMT"
LATER = "Fri, 01 Jan 2027 12:30:00 GMT"


def read(*headers: str) -> dict[str, str]:
    return {name: value.reveal() for name, value in read_cookies(headers, HOST, NOON)}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("session=abc", "abc"),
        (" session = abc ; Path=/; HttpOnly; Secure; SameSite=Lax", "abc"),
        ("session=a=b==", "a=b=="),
        ('session="a b"', '"a b"'),
        ("session=abc; Domain=api.example.com", "abc"),
        ("session=abc; domain=.Example.COM", "abc"),
        ("session=abc; Domain=", "abc"),
        (f"session=abc; Expires={LATER}", "abc"),
        (f"session=abc; Max-Age=60; Expires={EARLIER}", "abc"),
        ("session=abc; Max-Age=soon; Expires=never", "abc"),
        (f"session=abc; Max-Age={'9' * 5000}", "abc"),
    ],
)
def test_a_cookie_for_this_host_is_read(header: str, value: str) -> None:
    assert read(header) == {"session": value}


@pytest.mark.parametrize(
    "header",
    [
        "session=abc; Domain=evil.example",
        "session=abc; Domain=ample.com",
        "session=abc; Domain=v1.api.example.com",
        "session=; Path=/",
        "session",
        "=abc",
        "",
        "se ssion=abc",
        "session=ab\x01c",
        "session=schlüssel",
        "session=abc; Max-Age=0",
        "session=abc; Max-Age=-1",
        f"session=abc; Expires={EARLIER}",
        "session=deleted; Expires=Thu, 01 Jan 1970 00:00:01 GMT",
    ],
)
def test_others_are_left_out(header: str) -> None:
    assert read(header) == {}


def test_the_last_word_about_a_cookie_counts() -> None:
    assert read("a=1", "b=2", "a=3") == {"a": "3", "b": "2"}
    assert read("a=1", "a=; Max-Age=0") == {}


def test_without_a_date_only_the_first_day_of_all_is_over() -> None:
    gone = "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    assert read_cookies([gone, f"b=2; Expires={EARLIER}"], HOST, None)[0][0] == "b"


def test_an_answer_has_its_cookies_and_shows_none() -> None:
    headers = {"set-cookie": "a=hidden-1", "Set-Cookie": "b=hidden-2; Domain=evil.example"}
    with HostileServer(answer(reply_json(200, {}, {**headers, "link": "<hidden-3>"}))) as server:
        result = send(server.url, GET)[0]
    assert isinstance(result, Answer)
    assert [(name, value.reveal()) for name, value in result.cookies] == [("a", "hidden-1")]
    assert result.link_header == "<hidden-3>"
    assert "hidden" not in repr(result)
