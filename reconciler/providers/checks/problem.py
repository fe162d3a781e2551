"""One thing in a dialect that does not fit another, by its path in the file."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.documents.places import Path


class Problem(NamedTuple):
    """What is wrong where. `also` are the other parts that it comes from.

    Where one of them has a problem of its own already, this one may only follow from that.
    """

    path: Path
    sentence: str
    also: tuple[Path, ...] = ()
