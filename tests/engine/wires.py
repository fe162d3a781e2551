"""Wires between the engine and the world: every call is seen, and can be the last one.

A wire replaces nothing: it passes each call on to the real in-memory object.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar, cast

from reconciler.backends.memory import Moment

T = TypeVar("T")


class Crash(BaseException):
    """The process dies here. Nothing in the engine may catch it."""


class When(StrEnum):
    """On which side of a call's effect it dies."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Call:
    """One call that was made: which thing, which method, what with."""

    thing: str
    method: str
    arguments: tuple[object, ...]

    @property
    def name(self) -> str:
        return f"{self.thing}.{self.method}"


@dataclass
class Wire:
    """Sees the calls of one run. With `crash_at` set, the process dies at that awaited call.

    A call is named by its number, or by its name, which means the first of that name.

    `interlude` is called before the call numbered `at`, which waits until it has come to its end.

    Calls that other keys have in flight at that moment are lost (`BEFORE`) or land (`AFTER`).
    """

    crash_at: int | str | None = None
    when: When = When.BEFORE
    forbidden: frozenset[str] = frozenset()
    listener: Callable[[Call], None] | None = None
    on_begin: Callable[[Call], None] | None = None
    interlude: Callable[[], Awaitable[None]] | None = None
    at: int | None = None
    calls: list[Call] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    dead: bool = False

    @property
    def names(self) -> list[str]:
        return [call.name for call in self.calls]

    async def carry(self, call: Call, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - passes anything on
        if self.dead:
            raise Crash(call.name)
        assert call.name not in self.forbidden, f"{call.name} was called"
        self.calls.append(call)
        self.reached.add(call.name)
        if self.on_begin is not None:
            self.on_begin(call)
        if self.interlude is not None and self.at == len(self.calls) - 1:
            await self.interlude()
        mine = self.crash_at in {len(self.calls) - 1, call.name}
        if mine and self.when is When.BEFORE:
            self._die(call)
        await asyncio.sleep(0)
        if self._lost():
            raise Crash(call.name)
        try:
            return await work()
        finally:
            await asyncio.sleep(0)
            if self.listener is not None and not self.dead:
                self.listener(call)
            if mine or self.dead:
                self._die(call)

    def interfere(self, moment: Moment, method: str) -> None:
        """Keep what a dead process had begun to write from the disk."""
        if self._lost() and moment is Moment.BEFORE:
            raise Crash(method)

    def _lost(self) -> bool:
        """Whether what is in flight right now never arrives."""
        return self.dead and self.when is When.BEFORE

    def _die(self, call: Call) -> None:
        self.dead = True
        raise Crash(call.name)


class Tap:
    """Stands before one object of the world and passes everything on."""

    def __init__(self, inner: object, thing: str, wire: Wire) -> None:
        self._inner = inner
        self._thing = thing
        self._wire = wire

    def __getattr__(self, method: str) -> object:
        found = getattr(self._inner, method)
        if not inspect.iscoroutinefunction(found):
            self._wire.reached.add(f"{self._thing}.{method}")
            return found

        def call(*arguments: object, **named: object) -> object:
            told = Call(self._thing, method, (*arguments, *named.values()))
            return self._wire.carry(told, partial(found, *arguments, **named))

        return call


def tap(inner: T, thing: str, wire: Wire | None) -> T:
    """Give the object itself, or the object behind a wire."""
    return cast("T", Tap(inner, thing, wire)) if wire is not None else inner
