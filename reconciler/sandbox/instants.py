"""How the sandbox keeps an instant: as fixed-width UTC text, so that text order is time order.

What a spoken system accepts as a time is that system's own matter.
"""

from datetime import UTC, datetime


def store_instant(at: datetime) -> str:
    """Turn an aware datetime into the text that is stored."""
    moved = at.astimezone(UTC).replace(tzinfo=None)
    return moved.isoformat(timespec="microseconds") + "Z"


def show_instant(stored: str | None) -> str | None:
    """Turn stored text into what most systems show: whole seconds carry no fraction."""
    return stored.replace(".000000Z", "Z") if stored else None


def load_instant(text: str) -> datetime:
    """Turn stored text back into an aware datetime."""
    return datetime.fromisoformat(text)
