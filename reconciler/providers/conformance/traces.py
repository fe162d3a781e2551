"""What checks leave at an API while they run, and taking it back: keys, and a switch that was set.

Only what these checks made is ever removed. A creation without a clear answer may have made a key
all the same: it is looked for by its mark, and where keys carry none, whatever is new is named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from reconciler.core.capabilities import Marker
from reconciler.core.keys import Attributes, KeyId, OpId
from reconciler.core.observed import LiveKey, ProviderView
from reconciler.core.ownership import Mark, read_mark
from reconciler.interfaces.driver import Created, Done, KeyDriver, Outcome, Refused
from reconciler.providers.conformance.verdicts import BrokenError

T = TypeVar("T")


async def uncut(work: Coroutine[Any, Any, T]) -> T:
    """Let work that has begun come to its end, however often it is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        raise


class Traces:
    """What there was before, what was made since, and what has to be set back."""

    def __init__(self, driver: KeyDriver, marker: Marker) -> None:
        self._driver = driver
        self._marked = marker is not Marker.NONE
        self._before: frozenset[KeyId] | None = None
        self._made: dict[KeyId, None] = {}
        self._marks: set[Mark] = set()
        self._unanswered: dict[Mark, None] = {}
        self._switch: bool | None = None
        self._carried: dict[str, KeyId] = {}

    @property
    def others(self) -> int:
        """How many keys there were before anything was made."""
        return len(self._before or ())

    def arrive(self, view: ProviderView) -> None:
        """Remember what was there first: none of it is ours, whatever an answer says."""
        if self._before is None:
            self._before = frozenset(key.id for key in view.keys)

    async def create(self, op: OpId, wanted: Attributes, mark: Mark) -> Outcome[Created]:
        """Make a key; a stop in the middle still learns its id, so that it goes."""
        return await uncut(self._create(op, wanted, mark))

    async def remove(self, key_id: KeyId) -> Outcome[None]:
        """Delete a key that was made here."""
        outcome = await uncut(self._driver.delete(key_id))
        if isinstance(outcome, Done):
            self._made.pop(key_id, None)
        return outcome

    async def switch(self, *, on: bool, before: bool) -> Outcome[None]:
        """Set the switch for all keys; `before` is what it is set back to."""
        self._switch = before
        return await uncut(self._driver.switch_all(on=on))

    def carry(self, project: str, key_id: KeyId | None) -> None:
        """Note which throw-away key a project may run with from now on."""
        if key_id is None:
            self._carried.pop(project, None)
        else:
            self._carried[project] = key_id

    async def take_back(self) -> tuple[str, ...]:
        """Remove and set back whatever is left, and say what could not be."""
        left = [*await self._set_back()]
        if self._unanswered:
            left.extend(await self._find_lost())
        for key_id in tuple(self._made):
            outcome = await self.remove(key_id)
            if not isinstance(outcome, Done):
                left.append(f"key {key_id} was left behind: {outcome.reason}")
        return tuple(left)

    async def look_back(self) -> tuple[str, ...]:
        """Say what is there at the end and was not at the beginning, and what projects run with."""
        carried = tuple(
            f"project {project} may accept key {key_id}, which is deleted, until its next deploy"
            for project, key_id in self._carried.items()
        )
        if not self._marks:
            return carried
        view = await self._driver.survey(_tell_nobody)
        if view.problem is not None:
            return (*carried, f"whether anything was left could not be seen: {view.problem}")
        named = self._made.keys()
        ours = [key for key in self._new(view) if key.id not in named and self._is_ours(key)]
        return (*carried, *[await self._end(key) for key in ours])

    async def _create(self, op: OpId, wanted: Attributes, mark: Mark) -> Outcome[Created]:
        self._marks.add(mark)
        self._unanswered[mark] = None
        outcome = await self._driver.create(op, wanted, str(mark))
        if isinstance(outcome, Done):
            key_id = outcome.value.key.id
            if key_id in (self._before or ()):
                raise BrokenError(
                    f"what the path calls the id of a new key is that of another one: {key_id}"
                )
            self._made[key_id] = None
        if isinstance(outcome, Done | Refused):
            del self._unanswered[mark]
        return outcome

    async def _set_back(self) -> tuple[str, ...]:
        if self._switch is None:
            return ()
        outcome = await uncut(self._driver.switch_all(on=self._switch))
        if isinstance(outcome, Done):
            self._switch = None
            return ()
        state = "on" if self._switch else "off"
        return (f"the switch for all keys was {state}, and is not set back: {outcome.reason}",)

    async def _find_lost(self) -> tuple[str, ...]:
        """Look for keys that creations without a clear answer may have made."""
        view = await self._driver.survey(_tell_nobody)
        new = self._new(view)
        if self._marked:
            for key in new:
                mark = read_mark(key.mark_text)
                if mark in self._unanswered:
                    self._made[key.id] = None
                    del self._unanswered[mark]
            return tuple(
                "a creation had no clear answer, and no key of it is listed: should one appear, "
                f"its mark is {mark}"
                for mark in self._unanswered
            )
        suspects = [str(key.id) for key in new if key.id not in self._made]
        which = f"it may be one of these: {', '.join(suspects)}" if suspects else "none is new yet"
        return (f"a creation had no clear answer, and keys carry no mark; {which}",)

    def _new(self, view: ProviderView) -> tuple[LiveKey, ...]:
        if self._before is None:
            return ()
        return tuple(key for key in view.keys if key.id not in self._before)

    def _is_ours(self, key: LiveKey) -> bool:
        """Whether a new key was made here; where there are no marks, it may have been."""
        return not self._marked or read_mark(key.mark_text) in self._marks

    async def _end(self, key: LiveKey) -> str:
        """Try once more to delete a key that carries a mark of ours, and name it either way."""
        if not self._marked:
            return f"key {key.id} is there, and was not before: remove it if nobody else made it"
        await self.remove(key.id)
        return f"key {key.id} was made here, and was still listed after it was deleted"


def _tell_nobody(_seen: int, _total: int) -> None:
    """Report progress to nobody."""
