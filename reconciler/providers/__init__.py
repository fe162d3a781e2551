"""Family 1, key APIs: the table of dialects, and one generic driver for all of them.

Light at import: pydantic, YAML and JMESPath are loaded when a dialect is, httpx with the driver.
"""

from __future__ import annotations

from functools import cache
from pkgutil import get_data
from typing import TYPE_CHECKING, Final

from reconciler.errors import ProviderError

if TYPE_CHECKING:
    from reconciler.core.capabilities import Capabilities
    from reconciler.providers.dialect.model import Dialect

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
    return parse_dialect(content, name)


@cache
def capabilities_of(name: str) -> Capabilities:
    """Say what a shipped dialect can do."""
    from reconciler.providers.abilities import capabilities  # noqa: PLC0415 - light at import

    return capabilities(load_dialect(name))
