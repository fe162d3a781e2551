"""Every problem of one file: collected with its place, each once, and told in the file's order."""

from __future__ import annotations

from reconciler.documents.places import Path, unpack
from reconciler.documents.yaml_text import Document


class Findings:
    """What is wrong with a text. What a path leads to is complained about only once."""

    def __init__(self, file: str, document: Document) -> None:
        self._file = file
        self._document = document
        self._found: set[tuple[int, str]] = set()
        self._settled: set[Path] = set()
        self._above: set[Path] = set()

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, mark: int, sentence: str) -> None:
        """Report a place of the text that no path leads to."""
        self._found.add((mark, sentence))

    def report(
        self, path: Path, sentence: str, *, key: bool = False, at: Path | None = None
    ) -> None:
        """Report what a path leads to, unless that, or anything around it, was reported before.

        `key` places the problem at the field's name rather than at its value; `at` places it
        somewhere else, as for what is missing.
        """
        if self.settled(path):
            return
        self._settled.add(path)
        self._above.update(path[:length] for length in range(len(path)))
        place = path if at is None else at
        self._found.add((self._document.places.find(self._document.data, place, key=key), sentence))

    def settle(self, path: Path) -> None:
        """Take a problem as told, because another one that was told explains it."""
        self._settled.add(path)

    def settled(self, path: Path) -> bool:
        """Whether a problem at, above or below a path is known, so that another would be noise."""
        if path in self._above:
            return True
        return any(path[:length] in self._settled for length in range(len(path) + 1))

    def place(self, path: Path, *, key: bool = False) -> str:
        """Say where a path leads to: file, line and column."""
        return self.locate(self._document.places.find(self._document.data, path, key=key))

    def lines_saying(self, sentence: str) -> set[int]:
        """Give the lines, from one, that have a problem with this in it."""
        return {unpack(mark)[0] for mark, text in self._found if sentence in text}

    def texts(self) -> tuple[str, ...]:
        """Give every problem as one line, in the order of the file."""
        return tuple(f"{self.locate(mark)}: {text}" for mark, text in sorted(self._found))

    def locate(self, mark: int) -> str:
        """Write a mark as people click on it."""
        line, column = unpack(mark)
        return f"{self._file}:{line}:{column}"
