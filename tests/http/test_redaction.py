"""No secret in a log record, in a repr or in an exception; ids stay out of the log."""

import logging

import pytest

from reconciler.core.secret import Secret
from reconciler.http.answers import Answer
from reconciler.http.calls import Call
from tests.http.clients import send
from tests.http.hostile_server import HostileServer, answer, cut, reply_json

SECRET = "clou_0123456789"
LOGIN = Call(
    method="POST",
    template="/login",
    body={"password": Secret(SECRET)},
    encoding="form",
    idempotent=True,
)
READ = Call(
    method="GET",
    template="/keys/{id}",
    values={"id": "id-42/é"},
    query={"page": 1},
    bearer=Secret(SECRET),
)


def test_the_log_has_method_template_status_and_time(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {"set-cookie": SECRET, "x-key": SECRET}
    with HostileServer(answer(reply_json(200, {"key": SECRET}, headers))) as server:
        result, _ = send(server.url, READ, LOGIN)
        assert server.arrivals[0].target == "/keys/id-42%2F%C3%A9?page=1"
        assert server.arrivals[1].body == f"password={SECRET}".encode()
    lines = [record.getMessage() for record in caplog.records if record.name == "keywright.http"]
    assert [line.split(" in ")[0] for line in lines] == ["GET /keys/{id}: 200", "POST /login: 200"]
    assert isinstance(result, Answer)
    assert SECRET not in caplog.text + repr(result) + repr(LOGIN) + repr(READ)
    assert "id-42" not in caplog.text


def test_failures_are_logged_without_anything_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with HostileServer(cut) as server:
        result = send(server.url, LOGIN)[0]
    assert SECRET not in caplog.text + repr(result)
    assert "POST /login: unanswered, the connection was cut" in caplog.text
