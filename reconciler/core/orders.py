"""What a person asks of one run, beyond what the manifest says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from reconciler.core.keys import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The keys that a run is about (`only`, None is all of them), and what is asked of them.

    `rotate` and `restore` name keys that get a new version, or their former one back. `overlap`
    stands in for what the manifest says, for the rotations that are asked for.
    """

    only: frozenset[Address] | None = None
    rotate: frozenset[Address] = frozenset()
    restore: frozenset[Address] = frozenset()
    overlap: timedelta | None = None

    def concerns(self, address: Address) -> bool:
        """Whether the run is about a key."""
        return self.only is None or address in self.only


NONE = Orders()
