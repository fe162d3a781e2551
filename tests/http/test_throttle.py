"""One provider's brake: calls at once, calls per second, and the gate."""

import asyncio
from datetime import UTC, datetime, timedelta

from reconciler.http.limits import Limits
from reconciler.http.throttle import Throttle
from tests.http.fake_clock import FakeClock

NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)


def test_no_more_calls_at_once_than_allowed() -> None:
    async def run() -> int:
        throttle = Throttle(FakeClock(NOON), Limits(concurrency=3))
        inside = most = 0

        async def call() -> None:
            nonlocal inside, most
            async with throttle.place():
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(call() for _ in range(20)))
        return most

    assert asyncio.run(run()) == 3


def test_turns_are_evenly_spaced() -> None:
    clock = FakeClock(NOON)

    async def run() -> list[timedelta]:
        throttle = Throttle(clock, Limits(concurrency=1, rate=10))
        starts = []
        for _ in range(5):
            async with throttle.place():
                starts.append(clock.now() - NOON)
        return starts

    assert asyncio.run(run()) == [timedelta(milliseconds=100 * n) for n in range(5)]


def test_time_that_was_not_used_is_not_saved_up() -> None:
    clock = FakeClock(NOON)

    async def run() -> None:
        throttle = Throttle(clock, Limits(concurrency=1, rate=10))
        async with throttle.place():
            pass
        clock.time += timedelta(seconds=60)
        for _ in range(3):
            async with throttle.place():
                pass

    asyncio.run(run())
    assert clock.now() == NOON + timedelta(seconds=60.2)


def test_the_gate_holds_everybody_until_it_opens() -> None:
    clock = FakeClock(NOON)

    async def run() -> None:
        throttle = Throttle(clock, Limits())
        throttle.hold(30)
        throttle.hold(5)
        async with throttle.place():
            assert clock.now() == NOON + timedelta(seconds=30)

    asyncio.run(run())


def test_a_clock_that_is_set_back_does_not_shut_the_gate_for_hours() -> None:
    clock = FakeClock(NOON)

    async def run() -> None:
        throttle = Throttle(clock, Limits(rate=1, concurrency=2))
        throttle.hold(30)
        clock.time -= timedelta(hours=3)
        async with throttle.place():
            pass

    asyncio.run(run())
    assert sum(clock.sleeps) <= 2
