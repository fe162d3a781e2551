"""How AI Controller shows a time (RFC 3339, in whole seconds) and what day it is there (UTC)."""

from datetime import datetime


def show_instant(stored: str | None) -> str | None:
    """Turn stored text into what an answer shows."""
    return stored[: len("2026-05-02T10:00:00")] + "Z" if stored else None


def day_of(at: datetime) -> str:
    """Give the day that an instant of the sandbox's clock, which is UTC, belongs to."""
    return at.date().isoformat()
