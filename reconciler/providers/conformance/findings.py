"""What a check can say, and how it says it."""

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


class BrokenError(Exception):
    """The API does not do what the dialect says; the text is the finding's sentence."""


class UntoldError(Exception):
    """Nothing can be said here; the text says what is missing for it."""


class NoneError(Exception):
    """The dialect describes no such thing."""
