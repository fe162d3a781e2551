"""One key's trouble is its own: the others are done, the table says which, the next run ends it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest

from tests.cli.stage import KEYS, NO_CHANGES, ONE_KEY, USE, Ran, Stack


@pytest.fixture
def three(new_stack: Callable[..., Stack]) -> Stack:
    """Three keys, one at a time, so that it is known whose call meets a fault."""
    stack = new_stack("a: {}\nb: {}\nc: {}")
    stack.edit("concurrency: 8", "concurrency: 1")
    return stack


def row(ran: Ran, address: str, outcome: str) -> Ran:
    """Insist on a row of the table."""
    assert re.search(rf"^{address} +\w+ v1 +{outcome} ", ran.out, re.MULTILINE), ran.out
    return ran


def test_one_key_that_fails_leaves_the_others_done(three: Stack) -> None:
    three.edit("  c: {}\n", "  c: {}\n  d: {}\n  e: {}\n")
    for status in (422, 403, 500):
        three.fault("status", KEYS, method="POST", status=status)
    ran = three.apply().ended(4)
    row(ran, "a", "REFUSED").said("POST /api-keys answered 422: the API found a value invalid")
    row(ran, "b", "REFUSED").said("POST /api-keys answered 403: these credentials may not do this")
    row(ran, "c", "UNKNOWN").said("POST /api-keys answered 500; the next run finds out")
    row(row(ran, "d", "done"), "e", "done").said(
        "* Refused (2 steps)", "* No clear answer (1 step)"
    )
    ran.said("Apply incomplete: Keys: 2 added, 0 changed, 0 destroyed; 1 unknown, 2 refused.")
    three.working("d", "e")
    assert [three.stored(address) for address in ("a", "b", "c")] == [None] * 3
    three.apply().ended(0)
    three.working("a", "b", "c", "d", "e")
    three.apply().ended(0).said(NO_CHANGES)


def test_nothing_applied_is_one(stack: Stack) -> None:
    stack.fault("status", KEYS, method="POST", status=422)
    row(stack.apply().ended(1), "a", "REFUSED").said("0 added, 0 changed, 0 destroyed; 1 refused.")
    stack.fault("status", KEYS, method="POST", status=422)
    lines = stack.apply("--format", "json").ended(1).out.splitlines()
    assert json.loads(lines[-1])["results"][0]["outcome"] == "refused"
    assert stack.items() == []


def test_lost_answers_are_found_out_by_the_next_run(stack: Stack) -> None:
    kinds = ("status", "cut", "garbage", "html", "truncate")
    stack.write("\n".join(f"{kind}: {{}}" for kind in kinds))
    for kind in kinds:
        stack.fault(kind, KEYS, method="POST", when="after", status=500)
    ran = stack.apply().ended(1).said("the next run finds out", "No clear answer (5 steps)")
    for kind in kinds:
        row(ran, kind, "UNKNOWN")
    lost = {key["id"] for key in stack.items()}
    assert len(lost) == 5
    plan = stack.run("plan").ended(0).said("is left over from an interrupted run", "5 left over")
    plan.said(*lost)
    stack.apply().ended(0)
    stack.working(*kinds)
    assert not lost & {key["id"] for key in stack.items()}
    stack.run("plan", "--detailed-exitcode").ended(0).said(NO_CHANGES)


def test_a_throttled_create_waits_and_succeeds(three: Stack) -> None:
    three.fault("status", KEYS, method="POST", status=429, retry_after=1)
    began = time.monotonic()
    three.apply("-v").ended(0).said("POST /api-keys: 429", "Keys: 3 added")
    assert time.monotonic() - began >= 1
    three.working("a", "b", "c")


def test_an_update_and_a_disable_that_fail_are_done_later(three: Stack) -> None:
    three.apply().ended(0)
    secret = three.stored("b")
    three.edit("a: {}", "a: {scopes: [x]}")
    three.edit("b: {}", "b: {enabled: false}")
    three.fault("status", ONE_KEY, method="PUT", status=500, times=2)
    ran = three.apply("--allow-revoke", "1").ended(1).said("; 2 unknown.")
    row(row(ran, "a", "UNKNOWN"), "b", "UNKNOWN")
    three.apply("--allow-revoke", "1").ended(0)
    assert three.live()["a"]["scopes"] == ["x"]
    assert not three.accepted(secret)
    three.apply().ended(0).said(NO_CHANGES)


def test_a_new_key_that_is_not_accepted_is_not_published(stack: Stack) -> None:
    stack.fault("html", USE, times=None)
    ran = stack.start("apply", "--auto-approve")
    ran.wait_for_line("a: waiting, key is unknown, should be accepted")
    ran.process.send_signal(9)
    ran.end()
    assert stack.stored("a") is None
    stack.heal()
    stack.apply().ended(0)
    stack.working("a")
