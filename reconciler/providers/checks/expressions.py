"""JMESPath expressions: whether each can be read, and calls functions that there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jmespath
from jmespath.exceptions import IncompleteExpressionError, JMESPathError
from jmespath.functions import Functions

from reconciler.documents.suggestions import quote, suggest


def check_expression(text: str) -> None:
    """Raise ValueError, with the end of a sentence, for what is not JMESPath."""
    try:
        tree = jmespath.compile(text).parsed
    except IncompleteExpressionError:
        problem = "is not a JMESPath expression: it ends too early"
    except JMESPathError as error:
        place = getattr(error, "lex_position", None)
        where = "" if place is None else f": it goes wrong at character {place + 1}"
        problem = f"is not a JMESPath expression{where}"
    else:
        known: dict[str, Any] = Functions.FUNCTION_TABLE
        unknown = next((name for name in _functions(tree) if name not in known), None)
        if unknown is None:
            return
        near = suggest(unknown, known)
        problem = f"calls {quote(unknown)}, which is no function of JMESPath{near}"
    raise ValueError(problem)


def _functions(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        if tree.get("type") == "function_expression":
            yield str(tree["value"])
        for child in tree.get("children", ()):
            yield from _functions(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _functions(child)
