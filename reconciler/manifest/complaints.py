"""From what YAML and pydantic refuse to sentences for people.

pydantic's own errors carry the input, which may be a secret: only their kind and place are used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from reconciler.documents.places import Data, Path
from reconciler.documents.predicates import look_up, word_error
from reconciler.documents.suggestions import dot, quote, suggest
from reconciler.documents.yaml_text import MERGE_KEY, Document
from reconciler.manifest.later import LATER_BACKENDS
from reconciler.manifest.models import (
    AgeModel,
    HookModel,
    KeyModel,
    LimitsModel,
    ManifestModel,
    ProviderKeyModel,
    ProviderModel,
    RotateModel,
    SecretModel,
    SharedModel,
    StateModel,
    TlsModel,
    VerifyModel,
)
from reconciler.manifest.problems import (
    SECTION_TITLES,
    Problems,
    below_credential,
    credential_depth,
    name_path,
)
from reconciler.manifest.references import LITERAL, BadReferenceError
from reconciler.manifest.sources import LITERAL_VALUE
from reconciler.manifest.words import PATTERN_HELP

_KEY_SECTIONS: Final = ("keys", "environments", "defaults")
_SECTIONS: Final[dict[str, type[BaseModel]]] = {
    "state": StateModel,
    "stores": AgeModel,
    "providers": ProviderModel,
    "defaults": SharedModel,
    "environments": SharedModel,
    "keys": KeyModel,
    "provider_keys": ProviderKeyModel,
}
_PARTS: Final[dict[str, type[BaseModel]]] = {
    "limits": LimitsModel,
    "tls": TlsModel,
    "rotate": RotateModel,
    "secret": SecretModel,
    "verify": VerifyModel,
    "on_promoted": HookModel,
}
_EXPLICIT: Final = {
    "expires": "write `never`",
    "rate_limit": "write `unlimited`",
    "scopes": "write `[]`",
    "every": "write `never`",
    "before_expiry": "write `never`",
    "hold_at_most": "write `never`",
    "unused_after": "write `never`",
    "on_promoted": "write `none`",
}


def complain_about_text(document: Document, problems: Problems) -> None:
    """Report what the text itself has wrong: broken YAML, repeated names, tags."""
    for fault in document.faults:
        if fault.spoils:
            problems.complain(fault.path, fault.predicate)
        else:
            hint = "; use `defaults`" if fault.predicate == MERGE_KEY else ""
            problems.add(fault.mark, f"{name_path(fault.path)} {fault.predicate}{hint}")
    if document.broken:
        problems.add(document.broken.mark, document.broken.sentence)


def complain_about_nulls(document: Document, problems: Problems) -> None:
    """Report every value that is missing: leaving out and emptying are two different things."""
    for path in document.nulls:
        if path == ("keys",):
            continue
        if credential_depth(path) is not None:
            problems.say(path, _no_literal(path), key=True)
            continue
        field = path[-1] if path else None
        if path[:-1] and path[0] in _KEY_SECTIONS and field in _EXPLICIT:
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
    if below_credential(path):
        problems.complain(path, "is unknown; what stands there is not repeated", key=True)
    elif section in _KEY_SECTIONS[1:] and not inner[1:] and field in KeyModel.model_fields:
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
    elif credential_depth(path) is not None and reason is None:
        problems.say(path, _no_literal(path))
    elif path[:1] == ("stores",) and path[2:] == () and reason is not None:
        problems.complain((*path, "type"), str(reason))
    else:
        problems.complain(path, _predicate(error["type"], context, look_up(data, path), path))


def _no_literal(path: Path) -> str:
    return LITERAL_VALUE if path[:1] == ("provider_keys",) else LITERAL


def _predicate(kind: str, context: dict[str, Any], value: Data, path: Path) -> str:
    if path == ("state", "backend") and kind == "literal_error" and value in LATER_BACKENDS:
        return f"is not supported by this version yet: {value}; leave it out, or write `file`"
    if kind == "model_type" and path[-1:] == ("secret",):
        return "must name a slot, as in {store: prod, path: crm/agents}; it never holds a value"
    if kind == "model_type" and path[-1:] == ("on_promoted",):
        return "must say how, as in {webhook: {env: NAME}} or {command: [./reload.sh]}, or `none`"
    return word_error(kind, context, value, PATTERN_HELP)
