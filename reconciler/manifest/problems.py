"""Every problem of one manifest: collected with its place, named by its subject, told in order.

A problem reads `keys.yaml:14:7: key 'crm-prod': 'owner' must be text`. Nothing below a credential
is ever named: what stands there may be the secret itself.
"""

from __future__ import annotations

from typing import Final

from reconciler.manifest.document import Document
from reconciler.manifest.places import Path, unpack
from reconciler.manifest.suggestions import quote, show

SECTION_TITLES: Final = {
    "keys": "key",
    "providers": "provider",
    "stores": "store",
    "environments": "environment",
}
_ENTRY_DEPTH = 2
_CREDENTIALS: Final = ("auth", "identity", "value")


class Problems:
    """What is wrong with a manifest. What a path leads to is complained about only once."""

    def __init__(self, file: str, document: Document) -> None:
        self._file = file
        self._document = document
        self._found: set[tuple[int, str]] = set()
        self._settled: set[Path] = set()
        self._above: set[Path] = set()

    def __bool__(self) -> bool:
        return bool(self._found)

    def complain(self, path: Path, predicate: str, *, key: bool = False) -> None:
        """Report what a path leads to, by the end of a sentence that begins with its name.

        `key` places the problem at the field's name rather than at its value.
        """
        is_entry = path[:1] and path[0] in SECTION_TITLES and len(path) == _ENTRY_DEPTH
        self._report(path, f"{name_path(path)} {predicate}", key=key or bool(is_entry))

    def say(self, path: Path, sentence: str, *, key: bool = False) -> None:
        """Report what a path leads to, by a sentence of its own."""
        subject, _ = describe_path(path)
        self._report(path, f"{subject}: {sentence}" if subject else sentence, key=key)

    def add(self, mark: int, sentence: str) -> None:
        """Report a place of the text that no path leads to."""
        self._found.add((mark, sentence))

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

    def word(self, path: Path, predicate: str) -> str:
        """Word a remark about a value in the way of a problem, without making it one."""
        return f"{self.place(path)}: {name_path(path)} {predicate}"

    def texts(self) -> tuple[str, ...]:
        """Give every problem as one line, in the order of the file."""
        return tuple(f"{self.locate(mark)}: {text}" for mark, text in sorted(self._found))

    def locate(self, mark: int) -> str:
        """Write a mark as people click on it."""
        line, column = unpack(mark)
        return f"{self._file}:{line}:{column}"

    def _report(self, path: Path, sentence: str, *, key: bool) -> None:
        if self.settled(path):
            return
        self._settled.add(path)
        self._above.update(path[:length] for length in range(len(path)))
        mark = self._document.places.find(self._document.data, path, key=key)
        self._found.add((mark, sentence))


def describe_path(path: Path) -> tuple[str, str]:
    """Give the subject that a path is about, and the name of the field inside it; each may be "".

    ("keys", "crm", "rotate", "every") is "key 'crm'" and "'rotate.every'".
    """
    if len(path) > 1 and path[0] in SECTION_TITLES:
        subject, rest = f"{SECTION_TITLES[str(path[0])]} {quote(str(path[1]))}", path[2:]
    elif len(path) > 1:
        subject, rest = show(str(path[0])), path[1:]
    else:
        subject, rest = "", path
    secret = credential_depth(path)
    if secret is not None and len(path) > secret:
        return subject, f"an entry of '{path[secret - 1]}'"
    return subject, f"'{dot(rest)}'" if rest else ""


def name_path(path: Path) -> str:
    """Name what a path leads to, at the beginning of a sentence."""
    return ": ".join(filter(None, describe_path(path))) or "the manifest"


def credential_depth(path: Path) -> int | None:
    """Say how many steps of a path may be named because a credential begins there, if one does."""
    if path[:1] == ("provider_keys",):
        return 1
    depth = 2 if path[:1] == ("state",) else 3
    return depth if len(path) >= depth and path[depth - 1] in _CREDENTIALS else None


def dot(path: Path) -> str:
    """Join the steps of a path as people write them: `rotate.every`, `recipients[0]`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{show(step)}" for step in path)
    return "".join(steps).removeprefix(".")
