"""From what pydantic refuses of a dialect to sentences for who writes one.

pydantic's own errors carry the input: only their kind and place are used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, get_args

from pydantic import StringConstraints
from pydantic_core import ErrorDetails

from reconciler.documents.findings import Findings
from reconciler.documents.places import Data, Path
from reconciler.documents.predicates import (
    WRONG_TYPE,
    join_types,
    look_up,
    word_choice,
    word_error,
)
from reconciler.documents.suggestions import dot, nearest, suggest
from reconciler.providers.dialect import model, parts
from reconciler.providers.dialect_types import TAGS, kinds_at, names_at

_KEY: Final = "[key]"
_UNIONS: Final = ("union_tag_invalid", "union_tag_not_found")


def _pattern_of(annotated: object) -> str:
    """Find the pattern of a kind of text, so that it is written down once."""
    found = (each for each in get_args(annotated) if isinstance(each, StringConstraints))
    return next(str(each.pattern) for each in found)


_HELP: Final = {
    _pattern_of(parts.Path): "must be a path below the base URL, such as /keys/{id}:"
    " no host, no `?`, no spaces",
    _pattern_of(parts.BodyPath): "must be names joined by dots, such as data.name",
    _pattern_of(parts.HeaderName): "must be the name of a header: letters, digits and dashes",
    _pattern_of(parts.Word): "must be lower-case letters, digits and underscores,"
    " and begin with a letter",
    _pattern_of(model.FieldName): "must be name, scopes, enabled, rate_limit, expires_at,"
    " or begin with `options.`",
    r"^[a-z0-9][a-z0-9-]{0,62}$": "must be 1 to 63 lower-case letters, digits or dashes",
}


def complain_about_errors(errors: Iterable[ErrorDetails], data: Data, findings: Findings) -> None:
    """Report what does not have the shape of a dialect."""
    located = [(place_of(error, data), error) for error in errors]
    for path, error in located:
        if error["type"] == "extra_forbidden":
            _complain_about_field(path, data, findings)
    for path in dict.fromkeys(path for path, _ in located):
        alike = [error for other, error in located if other == path]
        deeper = any(len(other) > len(path) and other[: len(path)] == path for other, _ in located)
        if deeper and all(error["type"] in WRONG_TYPE for error in alike):
            continue  # it can be one of several types, and another one nearly fitted
        where, sentence = _word(path, alike, data)
        is_name = alike[0]["loc"][-1:] == (_KEY,)
        findings.report(where, f"{dot(where) or 'the dialect'}: {sentence}", key=is_name)


def _complain_about_field(path: Path, data: Data, findings: Findings) -> None:
    """Report an unknown field. The one that was meant may be missing now: that is said with it."""
    known, name = names_at(path[:-1], data), str(path[-1])
    findings.report(path, f"{dot(path)}: unknown field{suggest(name, known)}", key=True)
    meant = nearest(name, tuple(sorted(known)))
    if meant is not None and not _has(look_up(data, path[:-1]), meant):
        findings.settle((*path[:-1], meant))


def damaged(error: ErrorDetails, data: Data, stand_ins: Data) -> Path:
    """Say what has to go so that the rest can be checked: nothing, where something stands in."""
    path = place_of(error, data)
    if error["type"] != "missing" or look_up(stand_ins, path) is not None:
        return path
    return path[:-1]


def place_of(error: ErrorDetails, data: Data) -> Path:
    """Give the path of an error in the file: pydantic's has the kinds of parts in it as well."""
    path: list[str | int] = []
    here, entered, last = data, True, len(error["loc"]) - 1
    for number, step in enumerate(error["loc"]):
        names_a_field = number == last and error["type"] in ("missing", "extra_forbidden")
        if entered and not names_a_field and _is_kind(here, step):
            entered = False
        elif names_a_field or _has(here, step):
            path.append(step)
            here, entered = look_up(here, (step,)), True
    return tuple(path)


def _is_kind(here: Data, step: str | int) -> bool:
    return isinstance(here, dict) and step in [here.get(tag) for tag in TAGS]


def _has(here: Data, step: str | int) -> bool:
    if isinstance(here, dict):
        return step in here
    return isinstance(here, list) and isinstance(step, int) and step < len(here)


def _word(path: Path, errors: list[ErrorDetails], data: Data) -> tuple[Path, str]:
    """Word what is wrong at one place, whatever of several types it could have been."""
    better = [error for error in errors if error["type"] not in WRONG_TYPE]
    error = (better or errors)[0]
    kind, context, value = error["type"], error.get("ctx", {}), look_up(data, path)
    if kind == "missing":
        return path, "is missing"
    if kind in _UNIONS:
        return _word_kind(path, kind, context, data)
    if error["loc"][-1:] == (_KEY,):
        return path, f"is not a valid name: it {_HELP.get(context.get('pattern', ''), 'is wrong')}"
    if kind in ("literal_error", "enum"):
        expected = [each["ctx"]["expected"] for each in better if "ctx" in each]
        return path, word_choice(", ".join(expected).replace(" or ", ", "), value)
    if not better:
        return path, join_types([each["type"] for each in errors], value)
    return path, word_error(kind, context, value, _HELP)


def _word_kind(path: Path, kind: str, context: dict[str, Any], data: Data) -> tuple[Path, str]:
    tag = str(context["discriminator"]).strip("'")
    known = kinds_at(path, data)
    listed = ", ".join(map(repr, known))
    if kind == "union_tag_not_found":
        return (*path, tag), f"is missing: one of {listed}"
    return (*path, tag), word_choice(listed, context["tag"])
