"""Where everything of a text stands: line and column of each key and value, found by path.

One packed number per position in one array, since a manifest of 100,000 keys has millions of them.
A path is found by walking the loaded data, so that nothing but the array is kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final, TypeAlias

Data: TypeAlias = "dict[str, Data] | list[Data] | str | int | float | bool | None"
"""Plain data, as YAML text gives it."""

Path: TypeAlias = tuple[str | int, ...]
"""The way from the top of a document to one of its values."""

COLUMN_BITS: Final = 26
"""Enough for the longest line that a text can have: a manifest is limited to 50 MiB."""

_COLUMN_MASK = (1 << COLUMN_BITS) - 1


def pack(line: int, column: int) -> int:
    """Put a position, counted from zero, into one number that sorts like it."""
    return line << COLUMN_BITS | column


def unpack(mark: int) -> tuple[int, int]:
    """Give line and column as people count them: from one."""
    return (mark >> COLUMN_BITS) + 1, (mark & _COLUMN_MASK) + 1


class Places:
    """Positions of every entry of every container, by the container's identity.

    An entry of a mapping has two marks, of its key and of its value; one of a list only one. What
    an alias repeats is one container: its entries stand where the anchor is.
    """

    def __init__(self) -> None:
        self._marks = array("Q")
        self._starts: dict[int, int] = {}
        self._orders: dict[int, dict[str, int]] = {}

    def add(self, container: dict[str, Data] | list[Data], marks: list[int]) -> None:
        """Keep the marks of a finished container, in the order of its entries."""
        self._starts[id(container)] = len(self._marks)
        self._marks.extend(marks)

    def of_keys(self, container: dict[str, Data]) -> Iterator[tuple[str, int]]:
        """Give every key of a mapping with its mark."""
        start = self._starts.get(id(container), 0)
        for number, name in enumerate(container):
            yield name, self._marks[start + 2 * number]

    def find(self, top: Data, path: Path, *, key: bool = False) -> int:
        """Give the mark of what a path leads to; with `key`, of the key that names it.

        Where the path leads further than the data, the nearest key above is meant.
        """
        marks, here = (0, 0), top
        for step in path:
            entry = self._entry(here, step)
            if entry is None:
                return marks[0]
            marks, here = entry
        return marks[0 if key else 1]

    def _entry(self, here: Data, step: str | int) -> tuple[tuple[int, int], Data] | None:
        if isinstance(here, dict) and isinstance(step, str) and step in here:
            start = self._starts[id(here)] + 2 * self._order(here)[step]
            return (self._marks[start], self._marks[start + 1]), here[step]
        if isinstance(here, list) and isinstance(step, int) and step < len(here):
            mark = self._marks[self._starts[id(here)] + step]
            return (mark, mark), here[step]
        return None

    def _order(self, container: dict[str, Data]) -> dict[str, int]:
        order = self._orders.get(id(container))
        if order is None:
            order = {name: number for number, name in enumerate(container)}
            self._orders[id(container)] = order
        return order
