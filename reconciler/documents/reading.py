"""The text of a file, and what in it should not be there: credentials and invisible characters.

The only module here that touches a disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from reconciler.documents.credentials import find_credentials
from reconciler.documents.places import pack

_INVISIBLE = re.compile("[\x85\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class UnreadableTextError(Exception):
    """A text cannot be had; `problem` ends a sentence that begins with the name of its file."""

    def __init__(self, problem: str, *, missing: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.missing = missing


def names_file(text: str) -> bool:
    """Whether a text names a file of the user's own, rather than one of the names we ship."""
    return text.startswith((".", "/")) or text.endswith((".yaml", ".yml"))


def read_text(path: Path, most: int) -> str:
    """Read the text of a file of at most so many bytes."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
        if len(content) <= most:
            return decode(content)
        problem = f"is larger than {most // 1024 // 1024} MiB"
    except FileNotFoundError:
        raise UnreadableTextError("there is no such file", missing=True) from None
    except IsADirectoryError:
        problem = "is a folder; name the file in it"
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        problem = f"cannot be read: {reason or 'this is no path'}"
    raise UnreadableTextError(problem)


def decode(content: bytes) -> str:
    """Give bytes as text."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text (byte {error.start + 1}); save it as UTF-8"
    # Raised out here: an error that is being handled would carry the content along.
    raise UnreadableTextError(problem)


def locate_credentials(text: str) -> Iterator[tuple[int, str]]:
    """Give the mark and the title of whatever looks like a credential, comments included."""
    lines = _Lines(text)
    for offset, title in sorted(find_credentials(text)):
        yield lines.mark(offset), title


def locate_invisible(text: str) -> Iterator[tuple[int, str]]:
    """Give the mark of every character that hides, or turns text around, with a sentence."""
    if text.isascii():
        return
    lines = _Lines(text)
    for found in _INVISIBLE.finditer(text):
        sign = f"U+{ord(found[0]):04X}"
        yield lines.mark(found.start()), f"the invisible character {sign} is here; remove it"


class _Lines:
    """Turns rising offsets into marks without counting the lines anew each time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 0
        self._start = 0

    def mark(self, offset: int) -> int:
        line_start = self._text.rfind("\n", self._start, offset) + 1
        if line_start:
            self._line += self._text.count("\n", self._start, line_start)
            self._start = line_start
        return pack(self._line, offset - self._start)
