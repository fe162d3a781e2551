"""A key API that refuses, lies or is not there: said in one place, and nothing is done on a guess.

Each apply must leave the API untouched and exit with 1: what could not be read does not match.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.cli.stage import KEYS, LOGIN, NO_CHANGES, Ran, Stack

CERTIFICATES = Path(__file__).parent.parent / "http"
NOTHING = "Nothing that is missing there is created, and nothing is deleted, until it can be read."


@pytest.fixture
def made(stack: Stack) -> Stack:
    """One key that lives, and one that is wanted."""
    stack.apply().ended(0)
    stack.edit("keys:\n", "keys:\n  b: {}\n")
    return stack


def untouched(stack: Stack, ran: Ran) -> None:
    """Insist that a run said why it did nothing, and did nothing."""
    ran.ended(1).said("Warning: provider 'agents' could not be read", NOTHING)
    ran.not_said(NO_CHANGES, "Apply complete", stack.password)
    assert list(stack.live()) == ["a"]


BAD_ANSWERS: tuple[tuple[str, str, int, str], ...] = (
    ("status", KEYS, 401, "GET /api-keys answered 401: the credentials were refused"),
    ("status", KEYS, 403, "GET /api-keys answered 403"),
    ("status", KEYS, 500, "GET /api-keys answered 500"),
    ("status", KEYS, 302, "GET /api-keys answered 302"),
    ("html", KEYS, 200, "GET /api-keys answered with HTML, not JSON: is this the API's base URL?"),
    ("garbage", KEYS, 200, "GET /api-keys answered with something that is not JSON"),
    ("html", LOGIN, 200, "login failed: POST /login/access-token answered with HTML"),
    ("status", LOGIN, 500, "login failed: POST /login/access-token answered 500"),
)


def test_a_bad_answer_is_told_and_nothing_is_done(made: Stack) -> None:
    before = made.writes()
    for kind, path, status, sentence in BAD_ANSWERS:
        method = "POST" if path == LOGIN else "GET"
        made.fault(kind, path, method=method, times=None, status=status)
        ran = made.apply()
        made.heal()
        untouched(made, ran.said(sentence))
    assert made.writes() == before


def test_what_may_pass_is_tried_again_and_then_told(made: Stack) -> None:
    """Nobody listens, or the list ends in the middle, every time."""
    before = made.writes()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    made.fault("truncate", KEYS, method="GET", times=None)
    cut = made.start("apply", "--auto-approve")
    text = made.manifest.read_text().replace(made.base, f"http://127.0.0.1:{port}")
    (made.folder / "other.yaml").write_text(text)
    alone = made.start("plan", "-f", "other.yaml")
    alone.end().ended(3).said("the connection was refused: nothing listens there")
    ran = cut.end()
    made.heal()
    untouched(made, ran.said("GET /api-keys", "was cut"))
    assert made.writes() == before
    made.apply().ended(0)
    made.working("a", "b")


def test_a_provider_that_cannot_be_read_is_told_everywhere(made: Stack) -> None:
    made.environ["KW_PASSWORD"] = "not-my-password"
    why = (
        "login failed: POST /login/access-token answered 400, code 2003: the user name or password"
    )
    *texts, document = made.look(
        "plan", "plan --detailed-exitcode", "apply --auto-approve", "plan --format json"
    )
    for ran in texts:
        untouched(made, ran.said(why))
    plan = json.loads(document.ended(1).out)
    assert not plan["complete"]
    assert "user name or password" in plan["providers"][0]["problem"]


def test_the_json_report_of_an_apply_is_not_complete_without_a_provider(made: Stack) -> None:
    ran = made.run("apply", "--auto-approve", "--format", "json", KW_PASSWORD="wrong").ended(1)
    report = json.loads(ran.out.splitlines()[-1])
    assert "user name or password" in ran.out
    assert not report["complete"]


def test_what_could_be_read_is_done_and_the_rest_is_told(made: Stack) -> None:
    text = made.manifest.read_text()
    start, end = text.index("  agents:\n"), text.index("defaults:")
    other = text[start:end].replace("agents:", "other:").replace("KW_PASSWORD", "KW_OTHER")
    made.manifest.write_text(text[:end] + other + text[end:] + "  c: {provider: other}\n")
    ran = made.run("apply", "--auto-approve", KW_OTHER="wrong").ended(4)
    ran.said("provider 'other' could not be read", "Keys: 1 added")
    made.working("a", "b")


def test_a_viewer_is_told_that_the_role_is_too_small(new_stack: Callable[..., Stack]) -> None:
    stack = new_stack(role="viewer")
    why = "GET /api-keys answered 403, code 3000: the account's role may not do this"
    for ran in stack.look("plan", "apply --auto-approve"):
        ran.ended(1).said(why)
    assert stack.writes() == []


def test_a_wrong_base_url_is_asked_about(made: Stack) -> None:
    made.edit("/clouisle/api/v1", "/clouisle/api/v2")
    made.run("plan").said("answered 404", "is this the API's base URL?")


def test_a_missing_or_empty_variable_is_named_with_its_place(made: Stack) -> None:
    before = made.writes()
    empty = made.run("plan", KW_USER="").ended(1)
    assert empty.err == (
        "keys.yaml:7:3: provider 'agents': the environment variable KW_USER is empty. "
        "Put the credential into it and run again.\n"
    )
    for name in ("KW_USER", "KW_PASSWORD"):
        del made.environ[name]
    valid, *others = made.look("validate", "plan", "apply --auto-approve", "status")
    valid.ended(0)
    for ran in others:
        ran.ended(1)
        assert ran.err.startswith("keys.yaml:7:3: provider 'agents': the environment variable KW_")
        assert len(ran.err.splitlines()) == 1
        assert ran.out == ""
    assert made.writes() == before


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on loopback and treat every caller like this."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def work() -> None:
            with suppress(OSError):
                while True:
                    caller, _ = server.accept()
                    with caller, suppress(OSError):
                        answer(caller)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def speak_plainly(caller: socket.socket) -> None:
    caller.recv(1000)
    caller.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")


def show_own_certificate(caller: socket.socket) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "self_signed.pem", CERTIFICATES / "self_signed.key")
    with context.wrap_socket(caller, server_side=True) as wrapped:
        wrapped.recv(1000)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (speak_plainly, "not sent: the TLS handshake failed"),
        (show_own_certificate, "the TLS certificate is not trusted: "),
    ],
    ids=["plain", "self-signed"],
)
def test_bad_tls_is_told_and_nothing_is_sent(
    made: Stack, answer: Callable[[socket.socket], None], sentence: str
) -> None:
    with listening(answer) as port:
        made.write("a: {}", url=f"https://127.0.0.1:{port}")
        for ran in made.look("plan", "apply --auto-approve"):
            ran.said(sentence, "could not be read")
    assert list(made.live()) == ["a"]


def test_another_tenants_credentials_are_refused(new_stack: Callable[..., Stack]) -> None:
    stack, other = new_stack("a: {}\nb: {}", "mine"), new_stack("x: {}", "theirs")
    stack.apply().ended(0)
    before = stack.writes()
    theirs = {"KW_USER": other.username, "KW_PASSWORD": other.password}
    why = ("provider 'agents' changed its tenant from", "keywright state move-provider agents")
    plan, apply = stack.look("plan", "apply --auto-approve", **theirs)
    plan.ended(3).said(*why)
    apply.ended(3).said(*why, "Nothing was changed")
    stack.edit("  a: {}\n  b: {}\n", "")
    stack.run("apply", "--auto-approve", "--allow-revoke", "9", **theirs).ended(3).said(*why)
    assert stack.writes() == before
    assert other.items() == []
    stack.write("a: {}\nb: {}")
    stack.run("plan", "--detailed-exitcode").ended(0).said(NO_CHANGES)
