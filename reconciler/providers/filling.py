"""Filling the {names} of a dialect's texts: of tenant variables, and what belongs to one call."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"\{(\w+)\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of their names; a name without a value stays as it is."""
    return _NAME.sub(lambda found: values.get(found[1], found[0]), text)


def fill_all(node: object, values: Mapping[str, str]) -> object:
    """Give a copy of a body in which every text is filled."""
    if isinstance(node, str):
        return fill(node, values)
    if isinstance(node, dict):
        return {name: fill_all(each, values) for name, each in node.items()}
    if isinstance(node, list | tuple):
        return [fill_all(each, values) for each in node]
    return node
