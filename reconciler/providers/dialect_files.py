"""Dialect files: YAML to a checked dialect, every problem in it reported at once."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import ValidationError

from reconciler.errors import ProviderError
from reconciler.providers.dialect.model import Dialect

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_dialect(content: bytes, name: str) -> Dialect:
    """Read one dialect file; ProviderError lists what is wrong with it, field by field."""
    try:
        return Dialect.model_validate(yaml.load(content, Loader=_Loader))  # noqa: S506 - a safe one
    except yaml.YAMLError:
        problem = "is not YAML"
    except ValidationError as error:
        problem = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False, include_context=False)
        )
    raise ProviderError(f"dialect {name!r}: {problem}")
