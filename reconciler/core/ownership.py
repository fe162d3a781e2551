"""Whose is a live key? The mark in its name says which stack and which operation made it.

A mark reads `kw-<stack tag>-<operation tag>`: six hex digits of SHA-256 of the stack's name, eight
of the operation id. It is permanent, tells versions of a key apart, and lets a lost create be found
again. A recorded id always wins over a mark, and a name alone never says anything.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from reconciler.core.keys import OpId

_MARK = re.compile(r"\bkw-([0-9a-f]{6})-([0-9a-f]{8})\b")
_STACK_DIGITS = 6
_OP_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """The stack tag and the operation tag that a name carries."""

    stack: str
    op: str

    def __str__(self) -> str:
        return f"kw-{self.stack}-{self.op}"


def mark_of(stack: str, op: OpId) -> Mark:
    """Give the mark of one operation of one stack."""
    return Mark(stack_tag(stack), op_tag(op))


@lru_cache(maxsize=8)
def stack_tag(stack: str) -> str:
    """Give the part of a mark that every key of a stack shares; survives a lost state."""
    return hashlib.sha256(stack.encode()).hexdigest()[:_STACK_DIGITS]


def op_tag(op: OpId) -> str:
    """Give the part of a mark that only one operation has."""
    return op[:_OP_DIGITS]


def read_mark(name: str) -> Mark | None:
    """Find the mark in a live name; None for a key that no Keywright made."""
    found = _MARK.search(name)
    return Mark(found[1], found[2]) if found else None


def mark_name(template: str, name: str, mark: Mark, limit: int | None) -> str:
    """Put a mark into a name by the provider's template, cutting the name to the API's limit."""
    room = len(name)
    if limit is not None:
        overhead = len(template.format(name="", mark=mark))
        room = max(0, min(room, limit - overhead))
    return template.format(name=name[:room], mark=mark)
