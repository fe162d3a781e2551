"""Several reads at the same time, but few of them; the first that fails ends them all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Broken:
    """Something could not be read; one sentence says why. `changing`: it may go better now."""

    problem: str
    changing: bool = False


async def read_each(
    items: Sequence[T], read: Callable[[T], Awaitable[R | Broken]], at_once: int
) -> list[R] | Broken:
    """Read something for every item, and give it in the order of the items."""
    found: dict[int, R] = {}
    problems: list[Broken] = []

    async def work(left: Iterator[tuple[int, T]]) -> None:
        for number, item in left:
            result = await read(item)
            if isinstance(result, Broken):
                problems.append(result)
            if problems:
                return
            if not isinstance(result, Broken):
                found[number] = result

    left = iter(enumerate(items))
    await asyncio.gather(*(work(left) for _ in range(min(at_once, len(items)))))
    return problems[0] if problems else [found[number] for number in range(len(items))]
