"""From what YAML and pydantic refuse to sentences for people.

pydantic's own errors carry the input, which may be a secret: only their kind and place are used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from reconciler.manifest.document import Document
from reconciler.manifest.later import (
    KEY_SECTIONS,
    LATER_BACKENDS,
    explain_later,
)
from reconciler.manifest.models import (
    AgeModel,
    KeyModel,
    LimitsModel,
    ManifestModel,
    ProviderModel,
    RotateModel,
    SecretModel,
    SharedModel,
    StateModel,
    TlsModel,
)
from reconciler.manifest.places import Data, Path
from reconciler.manifest.problems import (
    SECTION_TITLES,
    Problems,
    credential_depth,
    dot,
    name_path,
)
from reconciler.manifest.references import LITERAL, BadReferenceError
from reconciler.manifest.suggestions import quote, suggest
from reconciler.manifest.words import PATTERN_HELP

_SECTIONS: Final[dict[str, type[BaseModel]]] = {
    "state": StateModel,
    "stores": AgeModel,
    "providers": ProviderModel,
    "defaults": SharedModel,
    "environments": SharedModel,
    "keys": KeyModel,
}
_PARTS: Final[dict[str, type[BaseModel]]] = {
    "limits": LimitsModel,
    "tls": TlsModel,
    "rotate": RotateModel,
    "secret": SecretModel,
}
_EXPLICIT: Final = {
    "expires": "write `never`",
    "rate_limit": "write `unlimited`",
    "scopes": "write `[]`",
}
_TYPES: Final = {
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
}


def complain_about_text(document: Document, problems: Problems) -> None:
    """Report what the text itself has wrong: broken YAML, repeated names, tags."""
    for fault in document.faults:
        if fault.spoils:
            problems.complain(fault.path, fault.predicate)
        else:
            problems.add(fault.mark, f"{name_path(fault.path)} {fault.predicate}")
    if document.broken:
        problems.add(document.broken.mark, document.broken.sentence)


def complain_about_nulls(document: Document, problems: Problems) -> None:
    """Report every value that is missing: leaving out and emptying are two different things."""
    for path in document.nulls:
        if path == ("keys",):
            continue
        if credential_depth(path) is not None:
            problems.say(path, LITERAL, key=True)
            continue
        field = path[-1] if path else None
        if path[:-1] and path[0] in KEY_SECTIONS and field in _EXPLICIT:
            hint = f"{_EXPLICIT[str(field)]}, or leave it out"
        else:
            hint = "give it one, or leave it out"
        problems.complain(path, f"has no value; {hint}", key=True)


def complain_about_errors(
    errors: Iterable[ErrorDetails], above: Path, document: Document, problems: Problems
) -> None:
    """Report what does not have the shape of a manifest; `above` leads to what was validated."""
    for error in errors:
        path = (*above, *error["loc"])
        if path and path[-1] == "[key]":
            pattern = error.get("ctx", {}).get("pattern", "")
            help_ = PATTERN_HELP.get(pattern, "must be a name")
            problems.complain(path[:-1], f"is not a valid name: it {help_}", key=True)
        elif error["type"] == "extra_forbidden":
            _complain_about_field(path, problems)
        elif error["type"] == "missing":
            problems.complain(path, "is missing", key=True)
        else:
            _complain_about_value(error, path, document.data, problems)


def _complain_about_field(path: Path, problems: Problems) -> None:
    field, section = str(path[-1]), str(path[0]) if path[1:] else ""
    inner = path[2 if section in SECTION_TITLES else 1 :] if section else path
    later = explain_later(section, dot(inner))
    if later:
        problems.say(path, later, key=True)
    elif section in KEY_SECTIONS and section != "keys" and field in KeyModel.model_fields:
        problems.complain(path, "can only be set on a key itself", key=True)
    else:
        model = _model_around(path)
        nearest = suggest(dot(inner[-1:]), model.model_fields)
        problems.say(path, f"unknown field {quote(dot(inner))}{nearest}", key=True)


def _model_around(path: Path) -> type[BaseModel]:
    """Find the type whose fields stand beside the last step of a path."""
    if not path[1:]:
        return ManifestModel
    section = str(path[0])
    fields = 2 if section in SECTION_TITLES else 1
    return _SECTIONS[section] if len(path) == fields + 1 else _PARTS[str(path[fields])]


def _complain_about_value(error: ErrorDetails, path: Path, data: Data, problems: Problems) -> None:
    context: dict[str, Any] = error.get("ctx", {})
    reason = context.get("error")
    if isinstance(reason, BadReferenceError):
        problems.say(path, str(reason))
    elif credential_depth(path) is not None:
        problems.say(path, LITERAL)
    elif path[:1] == ("stores",) and path[2:] == () and reason is not None:
        problems.complain((*path, "type"), str(reason))
    else:
        problems.complain(path, _predicate(error["type"], context, look_up(data, path), path))


def _predicate(kind: str, context: dict[str, Any], value: Data, path: Path) -> str:
    match kind:
        case "value_error":
            said = str(context["error"])
        case "string_type":
            scalar = isinstance(value, (int, float))
            said = "must be text; put it in quotes" if scalar else "must be text"
        case "string_pattern_mismatch":
            said = PATTERN_HELP.get(context["pattern"], "is not written correctly")
        case "string_too_long":
            said = f"must have at most {context['max_length']} characters"
        case "greater_than_equal":
            said = f"must be at least {context['ge']}"
        case "less_than_equal":
            said = f"must be at most {context['le']}"
        case "literal_error":
            said = _choice(context["expected"], value, path)
        case "model_type" if path[-1:] == ("secret",):
            said = "must name a slot, as in {store: prod, path: crm/agents}; it never holds a value"
        case _:
            said = _TYPES.get(kind, "is not valid here")
    return said


def _choice(expected: str, value: Data, path: Path) -> str:
    if path == ("state", "backend") and value in LATER_BACKENDS:
        return f"is not supported by this version yet: {value}; leave it out, or write `file`"
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
            here = here[step]
    return here
