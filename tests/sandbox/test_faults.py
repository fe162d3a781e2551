"""Faults on demand: each kind, before and after its effect, over a socket and in process."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from reconciler.sandbox import Sandbox, open_sandbox
from tests.sandbox.conftest import Person
from tests.sandbox_process import SandboxProcess

KEYS = r"/api-keys$"


def total(person: Person) -> int:
    found: int = person.data("GET", "/api-keys/stats")["total"]
    return found


def collect(answer: httpx.Response, received: bytearray) -> None:
    for part in answer.iter_bytes():
        received += part


def create(person: Person) -> httpx.Response:
    return person.call("POST", "/api-keys", json={"name": "a key"})


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_a_status_comes_before_or_after_the_effect(
    member: Person, sandbox: SandboxProcess, when: str, made: int
) -> None:
    fault = sandbox.add_fault(
        "status", path=KEYS, method="POST", when=when, status=429, retry_after=7
    )
    answer = create(member)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert total(member) == made
    assert create(member).status_code == 200
    assert sandbox.control.get("/faults").json() == [fault | {"met": 1}]


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_a_cut_closes_the_connection_without_an_answer(
    member: Person, sandbox: SandboxProcess, when: str, made: int
) -> None:
    sandbox.add_fault("cut", path=KEYS, method="POST", when=when)
    with pytest.raises(httpx.TransportError):
        create(member)
    assert total(member) == made
    assert create(member).status_code == 200


@pytest.mark.parametrize("kind", ["html", "garbage"])
@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_an_answer_that_is_no_json(
    member: Person, sandbox: SandboxProcess, kind: str, when: str, made: int
) -> None:
    sandbox.add_fault(kind, path=KEYS, method="POST", when=when)
    answer = create(member)
    assert answer.status_code == 200
    assert ("text/html" in answer.headers["content-type"]) == (kind == "html")
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()
    assert total(member) == made


def test_a_truncated_page_promised_more(member: Person, sandbox: SandboxProcess) -> None:
    create(member)
    sandbox.add_fault("truncate", path=KEYS, method="GET")
    received = bytearray()
    with member.client.stream("GET", "/api-keys") as answer:
        promised = int(answer.headers["content-length"])
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            collect(answer, received)
    assert 0 < len(received) < promised
    assert member.call("GET", "/api-keys").status_code == 200


@pytest.mark.parametrize("when", ["before", "after"])
def test_latency_holds_the_answer_back(member: Person, sandbox: SandboxProcess, when: str) -> None:
    sandbox.add_fault("latency", path=KEYS, when=when, seconds=0.05)
    began = time.monotonic()
    assert member.call("GET", "/api-keys").status_code == 200
    assert time.monotonic() - began >= 0.05


def test_a_timeout_hides_the_effect(member: Person, sandbox: SandboxProcess) -> None:
    sandbox.add_fault("latency", path=KEYS, method="POST", when="after", seconds=0.3)
    with pytest.raises(httpx.ReadTimeout):
        member.client.post("/api-keys", json={"name": "a key"}, timeout=0.1)
    assert total(member) == 1


def test_latency_joins_another_fault(member: Person, sandbox: SandboxProcess) -> None:
    sandbox.add_fault("latency", path=KEYS, seconds=0.05)
    sandbox.add_fault("status", path=KEYS, when="after", status=502)
    began = time.monotonic()
    assert create(member).status_code == 502
    assert time.monotonic() - began >= 0.05
    assert total(member) == 1


def test_faults_are_met_in_order_and_for_ever_if_asked(
    member: Person, sandbox: SandboxProcess
) -> None:
    sandbox.add_fault("status", path=KEYS, times=2, status=500)
    lasting = sandbox.add_fault("status", path=KEYS, times=None, status=503)
    assert [member.call("GET", "/api-keys").status_code for _ in range(5)] == [
        500,
        500,
        503,
        503,
        503,
    ]
    sandbox.control.delete(f"/faults/{lasting['id']}")
    assert member.call("GET", "/api-keys").status_code == 200
    assert sandbox.control.delete("/faults/999999").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "flood"},
        {"kind": "cut", "when": "during"},
        {"kind": "cut", "path": "("},
        {"kind": "cut", "unheard_of": 1},
        {"kind": "truncate", "when": "before"},
        [],
    ],
)
def test_a_wrong_fault_is_refused(sandbox: SandboxProcess, body: object) -> None:
    assert sandbox.control.post("/faults", json=body).status_code == 422
    assert sandbox.control.get("/faults").json() == []


def test_the_control_endpoints_meet_no_fault(sandbox: SandboxProcess) -> None:
    sandbox.add_fault("status", path="", times=None)
    assert sandbox.control.get("/time").status_code == 200


async def call_in_process(opened: Sandbox, *faults: dict[str, Any]) -> tuple[str, int]:
    """Arm faults, create a key, and tell how that ended and how many keys there are."""
    transport = httpx.ASGITransport(opened.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        for fault in faults:
            await client.post("/_sandbox/faults", json=fault, headers={"X-Sandbox-Control": "t"})
        base = "/clouisle/api/v1"
        form = {"username": opened.admin.username, "password": opened.admin.password}
        answer = await client.post(f"{base}/login/access-token", data=form)
        client.headers["Authorization"] = f"Bearer {answer.json()['data']['access_token']}"
        try:
            await client.post(f"{base}/api-keys", json={"name": "a key"})
            ending = "answered"
        except httpx.TransportError:
            ending = "lost"
        stats = await client.get(f"{base}/api-keys/stats")
        return ending, stats.json()["data"]["total"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (None, ("answered", 1)),
        ({"kind": "cut", "when": "before"}, ("lost", 0)),
        ({"kind": "cut", "when": "after"}, ("lost", 1)),
        ({"kind": "truncate"}, ("lost", 1)),
        ({"kind": "status", "when": "after"}, ("answered", 1)),
    ],
)
def test_in_process_a_lost_connection_is_a_transport_error(
    fault: dict[str, Any] | None, expected: tuple[str, int]
) -> None:
    opened = open_sandbox(":memory:", control_token="t")
    faults = [fault | {"path": KEYS, "method": "POST"}] if fault else []
    try:
        assert asyncio.run(call_in_process(opened, *faults)) == expected
    finally:
        opened.close()
