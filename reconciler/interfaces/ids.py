"""Randomness, as the engine may know it."""

from __future__ import annotations

from typing import Protocol

from reconciler.core.keys import OpId


class Ids(Protocol):
    """A source of operation ids that a simulation can own."""

    def new_op(self) -> OpId:
        """Give an id that was never given before: 32 hex digits, random."""
        ...
