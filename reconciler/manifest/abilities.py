"""Which dialect each provider speaks, shipped or the user's own, and so what it can do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.core.capabilities import Capabilities
from reconciler.documents.reading import UnreadableTextError, names_file
from reconciler.documents.suggestions import quote, suggest
from reconciler.errors import DialectError
from reconciler.manifest.models import ManifestModel
from reconciler.manifest.problems import Problems
from reconciler.manifest.provider_checks import check_provider


def find_abilities(
    model: ManifestModel,
    problems: Problems,
    folder: Path,
    find_dialect: Callable[[str], Capabilities | None],
    dialect_names: Callable[[], tuple[str, ...]],
) -> dict[str, Capabilities]:
    """Give the abilities of every provider whose dialect is known; check the provider by them."""
    able: dict[str, Capabilities] = {}
    files: dict[str, Path] = {}
    for name, provider in model.providers.items():
        path = ("providers", name, "dialect")
        found = _find(provider.dialect, path, problems, find_dialect, dialect_names)
        if found is None:
            continue
        able[name] = found
        check_provider(name, provider, found, problems)
        if names_file(provider.dialect):
            file = (folder / provider.dialect).resolve()
            if files.setdefault(found.dialect, file) != file:
                two = "which another file of this manifest is called as well; rename one"
                problems.complain(path, f"is called {quote(found.dialect)} inside, {two}")
    return able


def _find(
    written: str,
    path: tuple[str, ...],
    problems: Problems,
    find_dialect: Callable[[str], Capabilities | None],
    dialect_names: Callable[[], tuple[str, ...]],
) -> Capabilities | None:
    try:
        found = find_dialect(written)
    except UnreadableTextError as error:
        problems.complain(path, f"is the file {quote(written)}: {error.problem}")
        return None
    except DialectError as error:
        problems.pass_on(error.problems)
        return None
    if found is None:
        near = suggest(written, dialect_names())
        problems.say(path, f"unknown dialect {quote(written)}{near}")
    return found
