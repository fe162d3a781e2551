"""What kind of key API the one in memory is: a value, and the capabilities that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from reconciler.core.capabilities import Capabilities, Marker
from reconciler.core.keys import ENABLED, EXPIRES_AT, NAME, RATE_LIMIT, SCOPES
from reconciler.providers.memory_projects import STAGES

AGENTS: Final = "options.agent_ids"
NAME_LIMIT: Final = 100


class Off(StrEnum):
    """Whether a single key can be switched off."""

    REVERSIBLE = "and on again"
    FINAL = "for good, by expiring it"
    NEVER = "not at all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """One kind of API. The default is one where everything is told and can be changed at once.

    `lookup`: keys can be got by id. `keeps_dead`: deleted keys stay listed, as dead ones. `lag` is
    how long a new key is missing from the list. With `projects`, what counts is what their
    containers were built with; a deploy passes through `stages`, one for each look at it, and
    `tells_idle` says whether a first deploy can be told from none.
    """

    marker: Marker = Marker.NAME
    fields: frozenset[str] = frozenset({NAME, SCOPES, EXPIRES_AT, RATE_LIMIT, AGENTS})
    fixed: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()
    off: Off = Off.REVERSIBLE
    lookup: bool = True
    keeps_dead: bool = False
    lag: timedelta = timedelta(0)
    capacity: int | None = None
    toggle: bool = False
    projects: tuple[str, ...] = ()
    stages: tuple[str, ...] = STAGES
    tells_idle: bool = True
    reach: tuple[str, ...] = ()

    def capabilities(self) -> Capabilities:
        """Say what planning may expect of such an API."""
        switched = frozenset({ENABLED}) if self.off is Off.REVERSIBLE else frozenset()
        return Capabilities(
            dialect="memory",
            fields=self.fields | switched,
            mutable=(self.fields | switched) - self.fixed,
            write_only=self.write_only,
            name_limit=NAME_LIMIT if NAME in self.fields else None,
            marker=self.marker,
            can_disable=self.off is not Off.NEVER,
            can_enable=self.off is Off.REVERSIBLE,
            list_lag=self.lag,
            capacity=self.capacity,
            on_deploy=bool(self.projects),
            has_toggle=self.toggle,
        )


PLAIN: Final = Traits()
STUDIO: Final = Traits(
    marker=Marker.NONE,
    fields=frozenset(),
    off=Off.NEVER,
    lookup=False,
    toggle=True,
    projects=("storefront", "backoffice"),
)
"""No names, no marks, one switch for all, and deploys that make keys count."""
