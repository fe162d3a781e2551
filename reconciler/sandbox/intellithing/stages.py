"""How a deployment goes through its stages: computed from when it started, with no task behind it.

It must not read or write storage.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

STAGES = ("building", "pushing", "deploying", "initialising")
DEPLOYED = "deployed"
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Course:
    """What was settled about a deployment when it started, and when it was told to go on."""

    started_at: datetime
    stage: timedelta
    fails_in: str | None = None
    hangs_in: str | None = None
    released_at: datetime | None = None

    def status_at(self, now: datetime) -> str:
        """Tell the stage that a deployment is in, or how it ended."""
        # A clock that was set back must not make anybody wait until the start comes round again.
        is_over = now < self.started_at
        end = self.started_at
        for stage in STAGES:
            if self._waits_in(stage):
                return stage
            end = self._end_of(stage, end)
            if now < end and not is_over:
                return stage
            if stage == self.fails_in:
                return FAILED
        return DEPLOYED

    def deployed_at(self) -> datetime:
        """Tell when the last stage ends, for a deployment that reaches its end."""
        end = self.started_at
        for stage in STAGES:
            end = self._end_of(stage, end)
        return end

    def _waits_in(self, stage: str) -> bool:
        return stage == self.hangs_in and self.released_at is None

    def _end_of(self, stage: str, begun: datetime) -> datetime:
        end = begun + self.stage
        return max(end, self.released_at) if stage == self.hangs_in and self.released_at else end
