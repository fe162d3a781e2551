"""How text of a file is repeated in a message, and the nearest valid name to a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache

from reconciler.documents.credentials import looks_secret
from reconciler.documents.places import Path

_MAX_SHOWN = 80
_MAX_COMPARED = 128
_MAX_CANDIDATES = 1000
_MAX_LISTED = 8


def quote(text: str) -> str:
    """Put a name into quotes: one line, not too long, and never a credential."""
    return f"'{show(text)}'"


def show(text: str) -> str:
    """Give a name as it can stand in a message."""
    if looks_secret(text):
        return "(hidden)"
    visible = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return visible if len(visible) <= _MAX_SHOWN else f"{visible[: _MAX_SHOWN - 1]}…"


def dot(path: Path) -> str:
    """Join the steps of a path as people write them: `rotate.every`, `recipients[0]`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{show(step)}" for step in path)
    return "".join(steps).removeprefix(".")


def suggest(name: str, known: Iterable[str]) -> str:
    """Give "; did you mean 'x'?", or the valid names if none is near and they are few."""
    names = tuple(sorted(known))
    near = nearest(name, names)
    if near is not None:
        return f"; did you mean {quote(near)}?"
    if not names:
        return " (none is declared)"
    return f" (there is: {', '.join(map(show, names))})" if len(names) <= _MAX_LISTED else ""


def nearest(name: str, known: tuple[str, ...]) -> str | None:
    """Give the valid name that is most like a wrong one, if one is like it at all."""
    return _nearest(name, known[:_MAX_CANDIDATES]) if len(name) <= _MAX_COMPARED else None


@lru_cache(maxsize=1024)
def _nearest(name: str, names: tuple[str, ...]) -> str | None:
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return close[0] if close else None
