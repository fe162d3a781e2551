"""How a call is written down: what goes where, and what is not sent at all."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.secret import Secret
from reconciler.http.answers import NotSent
from reconciler.http.calls import Call, write_request
from tests.http.clients import GET, POST, send
from tests.http.hostile_server import HostileServer, answer, reply_json

BASE = "https://h.example/api/v1"
HIDDEN = "s3cr3t-value"
FORM = Call(method="POST", template="/login", encoding="form")
FINE = reply_json(200, {})


def body_of(call: Call) -> bytes:
    return write_request(call, BASE).content


def test_a_secret_anywhere_in_a_body_is_opened_on_the_wire_only() -> None:
    call = replace(POST, body={"name": "x", "deep": [{"key": Secret(HIDDEN)}, True, None]})
    assert body_of(call) == b'{"name": "x", "deep": [{"key": "s3cr3t-value"}, true, null]}'
    assert HIDDEN not in repr(call) + str(call)


def test_a_form_is_flat_and_encoded() -> None:
    fields = {"user name": "a&b", "password": Secret("p=ö"), "remember": True, "ttl": 60}
    request = write_request(replace(FORM, body=fields), BASE)
    assert request.content == b"user+name=a%26b&password=p%3D%C3%B6&remember=true&ttl=60"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


def test_flags_in_a_query_are_words() -> None:
    call = replace(GET, query={"all": True, "dead": False, "page": 1, "q": "a b"})
    url = str(write_request(call, BASE).url)
    assert url == f"{BASE}/keys?all=true&dead=false&page=1&q=a+b"


def test_headers_replace_our_own_ones_whatever_their_case() -> None:
    headers: dict[str, str | Secret] = {
        "Accept": "application/vnd.api+json",
        "X-API-Key": Secret(HIDDEN),
    }
    call = replace(POST, headers=headers)
    written = write_request(call, BASE).headers
    assert written.get_list("accept") == ["application/vnd.api+json"]
    assert written["x-api-key"] == HIDDEN
    assert written["content-type"] == "application/json"
    assert HIDDEN not in repr(call)


def test_a_further_page_is_at_any_path_of_the_origin() -> None:
    call = replace(GET, query={"page": 1}, target="/other/keys?cursor=a%2Fb")
    assert str(write_request(call, BASE).url) == "https://h.example/other/keys?cursor=a%2Fb"
    assert str(call) == "GET /keys"
    assert "cursor" not in repr(call)


def test_two_slashes_are_no_other_host() -> None:
    assert write_request(replace(GET, target="//evil.example/"), BASE).url.host == "h.example"


@pytest.mark.parametrize(
    "change",
    [
        {"headers": {"x-key": Secret("a\r\nx-evil: 1")}},
        {"headers": {"x-key": "a\nb"}},
        {"headers": {"x-key": Secret("a\x00b")}},
        {"headers": {"x-key": Secret("schlüssel")}},
        {"headers": {"x-key": Secret(" padded ")}},
        {"headers": {"x-key": "\ud800"}},
        {"headers": {"x key": "a"}},
        {"headers": {"": "a"}},
        {"headers": {"x\r\n": "a"}},
        {"bearer": Secret("a\r\nx-evil: 1")},
        {"bearer": Secret("")},
        {"bearer": Secret("token\n")},
        {"target": "keys?page=2"},
        {"target": "@evil.example/"},
        {"target": ":8443/"},
        {"target": "/a\x00"},
        {"target": "/" + "a" * 70_000},
        {"body": {"x": float("nan")}},
        {"body": {"x": {1, 2}}},
        {"body": {"x": b"bytes"}},
        {"body": ["no mapping"], "encoding": "form"},
        {"body": {"x": None}, "encoding": "form"},
        {"body": {"x": ["nested"]}, "encoding": "form"},
        {"body": {"x": "\ud800"}, "encoding": "form"},
        {"query": {"x": None}},
    ],
    ids=str,
)
def test_what_cannot_be_written_is_not_sent(change: dict[str, Any]) -> None:
    with HostileServer(answer(FINE)) as server:
        result = send(server.url, replace(POST, **change))[0]
        assert server.connections == 0
    assert result == NotSent("the request could not be written", lasting=True)
