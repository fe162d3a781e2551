"""Names from outside (operation ids, store paths) on their way to becoming file names."""

from __future__ import annotations

import re

from reconciler.core.keys import OpId, Target
from reconciler.errors import StoreRefusedError

POINTER = "current.age"
"""The link to the version that consumers read."""

TEMPORARY = ".kw-"
"""How the name of a file begins while it is being written."""

_LONGEST = 255
"""Bytes in one name, on every file system of today."""

_OP = re.compile(r"[0-9a-f]{32}")
_CIPHERTEXT = re.compile(r"([0-9a-f]{32})\.age")
_MARK = re.compile(r"([0-9a-f]{32})\.json")


def is_op(text: str) -> bool:
    """Whether this is an operation id, and so can be a file name."""
    return _OP.fullmatch(text) is not None


def name_ciphertext(op: OpId) -> str:
    """Give the name of the file that holds the secret of an operation."""
    return f"{op}.age"


def name_mark(op: OpId) -> str:
    """Give the name of the file that says whose that secret is."""
    return f"{op}.json"


def op_of_ciphertext(name: str) -> OpId | None:
    """Give the operation that a ciphertext's name, or the pointer's target, speaks of."""
    found = _CIPHERTEXT.fullmatch(name)
    return OpId(found[1]) if found else None


def op_of_mark(name: str) -> OpId | None:
    """Give the operation that a mark's name speaks of."""
    found = _MARK.fullmatch(name)
    return OpId(found[1]) if found else None


def split_target(target: Target) -> tuple[str, ...]:
    """Give the folders that lead to a slot, each of which is a plain name."""
    parts = (*target.path.split("/"), target.field)
    if all(map(_is_plain, parts)) and "/" not in target.field:
        return parts
    raise StoreRefusedError(
        f"{target} cannot be a folder",
        remedy="Use a path of plain names with / between them, and a plain name as the field; "
        f"names such as {POINTER} or {TEMPORARY}… are the store's own",
    )


def _is_plain(part: str) -> bool:
    reserved = part in {"", ".", "..", POINTER} or part.startswith(TEMPORARY)
    taken = op_of_ciphertext(part) or op_of_mark(part)
    # Printable text has no lone surrogates, so that encoding it cannot fail.
    fits = part.isprintable() and len(part.encode()) <= _LONGEST
    return fits and not reserved and not taken
