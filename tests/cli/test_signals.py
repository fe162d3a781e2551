"""Ctrl-C and SIGTERM: the first ends a run in order, the second at once; the next one goes on."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable

import pytest

from tests.cli.stage import KEYS, NO_CHANGES, USE, Ran, Stack
from tests.cli.terminal import Terminal

ADDRESSES = tuple(f"k{number}" for number in range(6))
MANIFEST = "\n".join(f"{address}: {{}}" for address in ADDRESSES)


@pytest.fixture
def long(new_stack: Callable[..., Stack]) -> Stack:
    """Six keys, two at a time."""
    stack = new_stack(MANIFEST)
    stack.edit("concurrency: 8", "concurrency: 2")
    return stack


def table(ran: Ran) -> dict[str, str]:
    """Read the outcome of each key from the table that ends an apply."""
    rows = re.findall(r"^(k\d) +create v1 +(\w+)", ran.out, re.MULTILINE)
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def test_the_first_signal_finishes_what_is_in_flight(long: Stack) -> None:
    met = long.fault("latency", KEYS, method="POST", seconds=0.3, times=None)
    for number, begun in ((signal.SIGINT, 2), (signal.SIGTERM, 4)):
        run = long.start("apply", "--auto-approve")
        met(begun)
        run.signal(number)
        run.wait_for_line("Interrupt received: finishing what is in flight")
        ran = run.end().ended(130)
        outcomes = table(ran)
        done = [address for address, outcome in outcomes.items() if outcome == "done"]
        skipped = [address for address, outcome in outcomes.items() if outcome == "SKIPPED"]
        assert (len(done), len(skipped)) == (2, 8 - begun - 2)
        ran.said("Apply incomplete: Keys: 2 added", "run `keywright apply` again")
        assert set(done) <= set(long.live())
        assert len(long.live()) == begun
    long.heal()
    long.apply().ended(0).said("Keys: 2 added").not_said("left over")
    long.working(*ADDRESSES)
    long.apply().ended(0).said(NO_CHANGES)


def test_the_second_signal_stops_at_once_and_nothing_is_lost(long: Stack) -> None:
    met = long.fault("latency", USE, seconds=60, times=None)
    run = long.start("apply", "--auto-approve")
    met(2)
    run.signal(signal.SIGINT)
    run.wait_for_line("Once more stops at once")
    began = time.monotonic()
    run.signal(signal.SIGTERM)
    run.wait_for_line("Stopping now.")
    ran = run.end().ended(130)
    assert time.monotonic() - began < 10
    assert set(table(ran)) == set(ADDRESSES), ran.out
    ran.said("Apply incomplete").not_said("Apply complete", "Nothing was done")
    ids = {address: key["id"] for address, key in long.live().items()}
    assert len(ids) == 2
    long.heal()

    status = long.run("status").ended(0).said("Left over from an interrupted run")
    status.said("Secrets that rest in the spool:", *ids.values())
    long.run("plan").ended(0).said("is left over from an interrupted run", "2 left over")
    long.apply().ended(0).said("4 added, 2 changed")
    long.working(*ADDRESSES)
    assert {address: long.live()[address]["id"] for address in ids} == ids
    long.run("plan", "--detailed-exitcode").ended(0).said(NO_CHANGES)


def test_a_create_that_has_begun_is_not_abandoned_by_the_second_signal(long: Stack) -> None:
    met = long.fault("latency", KEYS, method="POST", seconds=0.5, times=None)
    run = long.start("apply", "--auto-approve")
    met(2)
    run.signal(signal.SIGINT)
    run.wait_for_line("Once more stops at once")
    run.signal(signal.SIGINT)
    run.end().ended(130)
    long.heal()
    assert len(long.live()) == 2
    long.run("status").ended(0).said("Secrets that rest in the spool:").not_said("id not known")
    long.apply().ended(0)
    long.working(*ADDRESSES)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_looking_changes_nothing(stack: Stack, number: int) -> None:
    met = stack.fault("latency", KEYS, method="GET", seconds=60, times=None)
    runs = [stack.start(*c.split()) for c in ("plan", "apply --auto-approve", "status")]
    met(3)
    for run in runs:
        run.signal(number)
    for run in runs:
        ran = run.end().ended(130).said("Interrupted.")
        assert ran.out == ""
    stack.heal()
    assert stack.items() == []


def test_a_terminal_gets_its_cursor_back(stack: Stack) -> None:
    met = stack.fault("latency", USE, seconds=60, times=None)
    with Terminal(stack, "apply", "--auto-approve") as terminal:
        met(1)
        terminal.type("\x03")
        terminal.wait_for("\nInterrupt received: finishing what is in flight.")
        terminal.type("\x03")
        terminal.end().ended(130)
        shown, hidden = terminal.raw.rfind("\x1b[?25h"), terminal.raw.rfind("\x1b[?25l")
        assert hidden < shown


def test_a_killed_run_is_finished_by_the_next(long: Stack) -> None:
    met = long.fault("latency", USE, seconds=60, times=None)
    run = long.start("apply", "--auto-approve")
    met(2)
    run.signal(signal.SIGKILL)
    assert run.end().code == -signal.SIGKILL
    long.heal()
    ids = {address: key["id"] for address, key in long.live().items()}
    assert len(ids) == 2
    long.apply().ended(0).said("4 added, 2 changed")
    long.working(*ADDRESSES)
    assert {address: long.live()[address]["id"] for address in ids} == ids
    long.run("plan", "--detailed-exitcode").ended(0).said(NO_CHANGES)
