"""Family 1, key APIs: the table of dialects, and one generic driver for all of them.

Light at import: pydantic, YAML and JMESPath are loaded when a dialect is, httpx with the driver.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pkgutil import get_data
from typing import TYPE_CHECKING, Final

from reconciler.documents.reading import read_text
from reconciler.errors import ProviderError

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.core.capabilities import Capabilities
    from reconciler.core.profile import Profile
    from reconciler.providers.dialect.model import Dialect

MAX_BYTES: Final = 1024 * 1024
"""No dialect file is larger."""

_FILES: Final = {
    name: f"dialects/{name}.yaml"
    for name in (
        "ai-controller",
        "clouisle",
        "gitlab",
        "intellithing",
        "itellico",
        "openrouter",
        "pinbridge",
    )
}


def dialect_names() -> tuple[str, ...]:
    """List the shipped dialects."""
    return tuple(sorted(_FILES))


@cache
def load_dialect(name: str) -> Dialect:
    """Load a shipped dialect; ProviderError for a name that is not in the table."""
    from reconciler.providers.dialect_files import parse_dialect  # noqa: PLC0415 - light at import

    if name not in _FILES:
        raise ProviderError(
            f"there is no dialect {name!r}", remedy=f"Shipped: {', '.join(dialect_names())}"
        )
    content = get_data(__name__, _FILES[name])
    if content is None:
        raise ProviderError(f"the file of dialect {name!r} is missing: install Keywright again")
    return parse_dialect(content, _FILES[name])


def load_own_dialect(path: Path) -> Dialect:
    """Load a dialect file of a user's: DialectError has every problem, UnreadableTextError why not.

    It is read each time, and understood once for each content.
    """
    return _parse(read_text(path, MAX_BYTES), str(path))


@lru_cache(maxsize=64)
def _parse(text: str, file: str) -> Dialect:
    from reconciler.providers.dialect_files import parse_own_dialect  # noqa: PLC0415

    return parse_own_dialect(text, file, dialect_names())


@cache
def capabilities_of(name: str) -> Capabilities:
    """Say what a shipped dialect can do."""
    return abilities_of(load_dialect(name))


def abilities_of(dialect: Dialect) -> Capabilities:
    """Say what a dialect can do."""
    from reconciler.providers.abilities import capabilities  # noqa: PLC0415 - light at import

    return capabilities(dialect)


def describe_dialect(name: str) -> Profile:
    """Tell all about a shipped dialect."""
    return _describe(load_dialect(name), None)


def describe_own_dialect(path: Path) -> Profile:
    """Tell all about a dialect file of a user's; raises what `load_own_dialect` does."""
    return _describe(load_own_dialect(path), str(path))


def _describe(dialect: Dialect, file: str | None) -> Profile:
    from reconciler.providers.profiles import describe  # noqa: PLC0415 - light at import

    return describe(dialect, file)


def dialect_schema_text() -> str:
    """Give the JSON Schema as schemas/dialect.schema.json holds it."""
    from reconciler.providers.dialect_meanings import schema_text  # noqa: PLC0415 - light at import

    return schema_text()
