"""What a value should have been, worded from the kind of error that pydantic found.

Only the kind and its limits are used: pydantic's own text would repeat the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from reconciler.documents.places import Data, Path
from reconciler.documents.suggestions import suggest

WRONG_TYPE: Final = {
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
"""Kinds of errors that say no more than that a value is of another type."""

_LIMITS: Final = {
    "string_too_short": "not be empty",
    "string_too_long": "have at most {max_length} characters",
    "too_short": "have at least {min_length} entries",
    "greater_than_equal": "be at least {ge}",
    "less_than_equal": "be at most {le}",
}


def word_error(kind: str, context: Mapping[str, Any], value: Data, helps: Mapping[str, str]) -> str:
    """End a sentence that begins with a value's name; `helps` explains patterns."""
    match kind:
        case "value_error":
            said = str(context["error"])
        case "string_type" if isinstance(value, (int, float)):
            said = "must be text; put it in quotes"
        case "string_pattern_mismatch":
            said = helps.get(context["pattern"], "is not written correctly")
        case "literal_error" | "enum":
            said = word_choice(context["expected"], value)
        case "too_short" if context["min_length"] == 1:
            said = "must not be empty"
        case _ if kind in _LIMITS:
            said = f"must {_LIMITS[kind].format(**context)}"
        case _ if kind in WRONG_TYPE:
            said = f"must be {WRONG_TYPE[kind]}"
        case _:
            said = "is not valid here"
    return said


def join_types(kinds: Iterable[str], value: Data) -> str:
    """Say which types a value may have, from the errors of each of them."""
    several = " or ".join(dict.fromkeys(WRONG_TYPE[kind] for kind in kinds))
    quotes = several == "text" and isinstance(value, (int, float))
    return f"must be {several}{'; put it in quotes' if quotes else ''}"


def word_choice(expected: str, value: Data) -> str:
    """Say which words there are, from pydantic's own list of them, and which one was meant."""
    known = re.findall("'([^']*)'", expected)
    several = "one of " if len(known) > 1 else ""
    near = suggest(value, known) if isinstance(value, str) else ""
    return f"must be {several}{expected}{near if 'did you mean' in near else ''}"


def look_up(data: Data, path: Path) -> Data:
    """Follow a path as far as it leads."""
    here = data
    for step in path:
        if isinstance(here, dict) and isinstance(step, str):
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int):
            here = here[step] if step < len(here) else None
    return here
