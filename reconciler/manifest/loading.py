"""From the path of a manifest to its meaning: the order in which everything else here is used.

The only module here that reads a file, apart from `references`.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from reconciler.core.capabilities import Capabilities
from reconciler.errors import ManifestError
from reconciler.manifest.credentials import find_credentials
from reconciler.manifest.declaring import declare
from reconciler.manifest.document import parse_document
from reconciler.manifest.places import pack, unpack
from reconciler.manifest.problems import Problems
from reconciler.manifest.references import LITERAL
from reconciler.manifest.settings import Manifest
from reconciler.manifest.shape import MINIMUM, read_top

MAX_BYTES: Final = 50 * 1024 * 1024

_INVISIBLE = re.compile("[\x85\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def load(
    path: Path,
    find_dialect: Callable[[str], Capabilities | None],
    dialect_names: Callable[[], tuple[str, ...]],
) -> Manifest:
    """Read a manifest and everything that is wrong with it. See `load_manifest`."""
    with _collector_paused():
        # What was needed in between is gone when this returns: the collector never sees it.
        return _load(path, read_text(path), find_dialect, dialect_names)


def _load(
    path: Path,
    text: str,
    find_dialect: Callable[[str], Capabilities | None],
    dialect_names: Callable[[], tuple[str, ...]],
) -> Manifest:
    document = parse_document(text)
    problems = Problems(str(path), document)
    model = read_top(document, problems)
    manifest = None
    if model is not None:
        manifest = declare(model, document, problems, path, find_dialect, dialect_names)
    _refuse_credentials(text, problems)
    if problems or manifest is None:
        raise ManifestError(problems.texts())
    return manifest


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking a growing heap again and again, to no use."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_text(path: Path) -> str:
    """Read the text of a manifest; every reason why that cannot be is one sentence."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        problem = _look_at(content)
        if problem is None:
            return content.decode("utf-8-sig")
    except FileNotFoundError:
        problem = "there is no such file; `keywright init` writes one"
    except IsADirectoryError:
        problem = "is a folder; name the file in it"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text (byte {error.start + 1}); save it as UTF-8"
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        problem = f"cannot be read: {reason or 'this is no path'}"
    raise ManifestError((f"{path}: {problem}",))


def _look_at(content: bytes) -> str | None:
    if len(content) > MAX_BYTES:
        return f"is larger than {MAX_BYTES // 1024 // 1024} MiB"
    if not content.strip():
        return f"the manifest is empty; {MINIMUM}"
    return None


_WAY_OUT = f"{LITERAL}, and revoke this one if it was ever shared"


def _refuse_credentials(text: str, problems: Problems) -> None:
    """Refuse what looks like a secret, comments included, and what hides in the text."""
    refused = problems.lines_saying(LITERAL)
    places = _Lines(text)
    for offset, title in sorted(find_credentials(text)):
        mark = places.mark(offset)
        if unpack(mark)[0] not in refused:
            problems.add(mark, f"this looks like {title}; {_WAY_OUT}")
    if not text.isascii():
        for found in _INVISIBLE.finditer(text):
            sign = f"U+{ord(found[0]):04X}"
            problems.add(
                places.mark(found.start()), f"the invisible character {sign} is here; remove it"
            )


class _Lines:
    """Turns rising offsets into marks without counting the lines anew each time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 0
        self._start = 0

    def mark(self, offset: int) -> int:
        if offset < self._start:
            self._line = self._start = 0
        line_start = self._text.rfind("\n", self._start, offset) + 1
        if line_start:
            self._line += self._text.count("\n", self._start, line_start)
            self._start = line_start
        return pack(self._line, offset - self._start)
