"""Dialects as JSON, for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from reconciler.core.capabilities import Capabilities
from reconciler.core.profile import Profile
from reconciler.render.dialect_text import word_step
from reconciler.render.jsonable import FORMAT_VERSION, to_json


def dialect_list_json(profiles: Sequence[Profile]) -> str:
    """Write all dialects with their capabilities."""
    return to_json(
        {"format_version": FORMAT_VERSION, "dialects": [_document(each) for each in profiles]}
    )


def dialect_show_json(profile: Profile) -> str:
    """Write one dialect with its capabilities."""
    return to_json({"format_version": FORMAT_VERSION, **_document(profile)})


def _document(profile: Profile) -> Mapping[str, object]:
    return {
        "name": profile.name,
        "title": profile.title,
        "source": {"reference": profile.reference, "run_live": profile.run_live},
        "file": profile.file,
        "access": profile.access,
        "calls": profile.calls,
        "capabilities": _capabilities(profile.able),
    }


def _capabilities(able: Capabilities) -> Mapping[str, object]:
    """Give every capability; sets are sorted, and the step of times has a name."""
    whole: dict[str, object] = {}
    for field in fields(able):
        value = getattr(able, field.name)
        whole[field.name] = sorted(value) if isinstance(value, frozenset) else value
    return {
        **whole,
        "refusals": dict(able.refusals),
        "expiry_step": word_step(able.expiry_step),
    }
