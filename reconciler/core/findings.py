"""What trying a dialect out can say of it: one finding for each check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """What became of one check."""

    WORKS = "works"
    BROKEN = "does not work"
    UNTOLD = "could not be told"
    NONE = "the API has none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check and its answer; `sentence` says what was seen, or what stood in the way."""

    check: str
    answer: Answer
    sentence: str
