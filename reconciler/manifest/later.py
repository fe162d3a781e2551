"""Fields of the manifest that are decided but not built yet: refused with a clear sentence.

A field that is accepted and ignored would be a promise that nobody keeps.
"""

from __future__ import annotations

from typing import Final

LATER_BACKENDS: Final = ("postgres", "object")
LATER_STORES: Final = ("vault", "aws", "gcp", "azure", "kubernetes", "github")
_NOT_YET = "not supported by this version yet"


def read_single_target(value: object) -> object:
    """Refuse a list of targets, before anything else is said about it."""
    if isinstance(value, list):
        raise ValueError(f"as a list of targets is {_NOT_YET}; write one target")  # noqa: TRY004 - pydantic passes only ValueError on
    return value
