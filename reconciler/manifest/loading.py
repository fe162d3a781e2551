"""From the path of a manifest to its meaning: the order in which everything else here is used."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from reconciler.core.capabilities import Capabilities
from reconciler.documents.places import unpack
from reconciler.documents.reading import (
    UnreadableTextError,
    locate_credentials,
    locate_invisible,
    read_text,
)
from reconciler.documents.yaml_text import parse_document
from reconciler.errors import ManifestError
from reconciler.manifest.declaring import declare
from reconciler.manifest.problems import Problems
from reconciler.manifest.references import LITERAL, NO_LITERAL
from reconciler.manifest.settings import Manifest
from reconciler.manifest.shape import MINIMUM, read_top

MAX_BYTES: Final = 50 * 1024 * 1024


def load(
    path: Path,
    find_dialect: Callable[[str], Capabilities | None],
    dialect_names: Callable[[], tuple[str, ...]],
    *,
    tolerant: bool = False,
) -> Manifest:
    """Read a manifest and everything that is wrong with it. See `load_manifest`."""
    with _collector_paused():
        # What was needed in between is gone when this returns: the collector never sees it.
        manifest, problems = _load(path, _read(path), find_dialect, dialect_names)
    if manifest is None or (problems and not tolerant):
        raise ManifestError(problems)
    return replace(manifest, problems=problems) if problems else manifest


def _load(
    path: Path,
    text: str,
    find_dialect: Callable[[str], Capabilities | None],
    dialect_names: Callable[[], tuple[str, ...]],
) -> tuple[Manifest | None, tuple[str, ...]]:
    document = parse_document(text)
    problems = Problems(str(path), document)
    model = read_top(document, problems)
    manifest = None
    if model is not None:
        manifest = declare(model, document, problems, path, find_dialect, dialect_names)
    _refuse_credentials(text, problems)
    return manifest, problems.texts()


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


def _read(path: Path) -> str:
    """Read the text of a manifest; every reason why that cannot be is one sentence."""
    try:
        text = read_text(path, MAX_BYTES)
    except UnreadableTextError as error:
        hint = "; `keywright init` writes one" if error.missing else ""
        raise ManifestError((f"{path}: {error.problem}{hint}",)) from None
    if not text.strip():
        raise ManifestError((f"{path}: the manifest is empty; {MINIMUM}",))
    return text


_WAY_OUT = f"{LITERAL}, and revoke this one if it was ever shared"


def _refuse_credentials(text: str, problems: Problems) -> None:
    """Refuse what looks like a secret, comments included, and what hides in the text."""
    refused = problems.lines_saying(NO_LITERAL)
    for mark, title in locate_credentials(text):
        if unpack(mark)[0] not in refused:
            problems.add(mark, f"this looks like {title}; {_WAY_OUT}")
    for mark, sentence in locate_invisible(text):
        problems.add(mark, sentence)
