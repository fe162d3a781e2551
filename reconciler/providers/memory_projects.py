"""Projects of a key API in memory: what runs, what it froze, and what is under way."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from reconciler.core.keys import KeyId
from reconciler.core.observed import Deployment

STAGES: Final = ("building", "pushing", "deploying", "initialising")
REGISTERED: Final = "registered"
DEPLOYED: Final = "deployed"
FAILED: Final = "failed"


class Fate(StrEnum):
    """What becomes of a deploy that goes wrong: it fails, or hangs until it is told to go on."""

    FAILS = "fails"
    HANGS = "hangs"


@dataclass(frozen=True, slots=True)
class Frozen:
    """The keys and the switch as they were when a deploy began."""

    key_ids: frozenset[KeyId] = frozenset()
    enabled: bool | None = None


class Project:
    """One project: `container` is what runs, None before the first deploy has ended."""

    def __init__(self, name: str, stages: tuple[str, ...], *, tells_idle: bool) -> None:
        self.name = name
        self.container: Frozen | None = None
        self.stage = REGISTERED
        self.begun = 0
        self._stages = stages
        self._tells_idle = tells_idle
        self._deployed_at: datetime | None = None
        self._next: Frozen | None = None
        self._fate: Fate | None = None
        self._fates: deque[Fate] = deque()

    def arm(self, *fates: Fate) -> None:
        """Let the next deploys go wrong, one fate each."""
        self._fates.extend(fates)

    def go_on(self) -> None:
        """Let a deploy that hangs go on."""
        self._fate = None

    @property
    def busy(self) -> bool:
        """Whether a deploy is under way."""
        return self._next is not None

    def start(self, frozen: Frozen) -> bool:
        """Begin a deploy, unless one is under way."""
        if self.busy:
            return False
        self.begun += 1
        self._next = frozen
        self._fate = self._fates.popleft() if self._fates else None
        self.stage = self._stages[0]
        return True

    def look(self, now: datetime) -> Deployment:
        """Show how it stands; what is under way then is one stage further at the next look."""
        shown = self.show()
        if self._next is not None and self._fate is not Fate.HANGS:
            self._move(self._next, now)
        return shown

    def finish(self, now: datetime) -> None:
        """Let what is under way come to its end, unless it hangs."""
        while self.busy and self._fate is not Fate.HANGS:
            self.look(now)

    def show(self) -> Deployment:
        """Show how it stands, and let nothing move."""
        frozen = self.container or Frozen()
        return Deployment(
            project=self.name,
            stage=self.stage,
            running=self.stage == DEPLOYED,
            failed=self.stage == FAILED,
            deployed_at=self._deployed_at,
            key_ids=frozen.key_ids,
            enabled=frozen.enabled,
            idle=self.stage == REGISTERED if self._tells_idle else None,
        )

    def _move(self, frozen: Frozen, now: datetime) -> None:
        rest = self._stages[self._stages.index(self.stage) + 1 :]
        if rest:
            self.stage = rest[0]
            return
        self._next = None
        if self._fate is Fate.FAILS:
            self.stage = FAILED
        else:
            self.stage, self.container, self._deployed_at = DEPLOYED, frozen, now
