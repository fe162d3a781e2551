"""The calls with which a user tries out a new key: read-only, and only at the key API itself.

The readers raise ValueError with the end of a sentence that begins with the field's name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from reconciler.core.capabilities import climbs
from reconciler.core.desired import Call
from reconciler.documents.suggestions import quote

_SAFE = r"A-Za-z0-9._~!$&'()*+,;=:@%-"
_PATH = rf"/|(/[{_SAFE}]+)+/?"
_QUERY = rf"(\?[/?{_SAFE}]*)?"
CALL_PATTERN: Final = rf"^(GET|HEAD) ({_PATH}){_QUERY}$"
_TARGET = re.compile(rf"(?P<path>{_PATH}){_QUERY}")
_HALF_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_METHODS = ("GET", "HEAD")
_MAX_TARGET = 2048
_EXAMPLE = "such as GET /admin/audit-logs"


def read_call(value: object) -> Call:
    """Read `GET /path` or `HEAD /path`; the path is joined to the provider's own address."""
    method, _, target = value.partition(" ") if isinstance(value, str) else ("", "", "")
    if not target:
        raise ValueError(f"must be a call {_EXAMPLE}")
    if method not in _METHODS:
        raise ValueError("must begin with GET or HEAD: any other call could change something")
    if not target.startswith("/") or target.startswith("//"):
        raise ValueError(f"must be a path without a host, which begins with one slash, {_EXAMPLE}")
    match = _TARGET.fullmatch(target)
    if match is None or _HALF_ENCODED.search(target) or len(target) > _MAX_TARGET:
        raise ValueError(
            "must be a path without `//`, `#`, spaces or special characters; encode them as in %20"
        )
    path = unquote(unquote(match["path"]))
    if climbs(path) or not path.isprintable():
        raise ValueError("must not have a `.`, a `..` or a control character in its path")
    return Call(method, target)


def read_trials(allowed: Sequence[Call], denied: Sequence[Call]) -> None:
    """Refuse a call that is listed twice, and one that would have to succeed and to fail."""
    both = next((call for call in allowed if call in denied), None)
    if both is not None:
        raise ValueError(f"has {quote(str(both))} as allowed and as denied; a key cannot be both")
    for calls in (allowed, denied):
        twice = next((call for call in calls if calls.count(call) > 1), None)
        if twice is not None:
            raise ValueError(f"names {quote(str(twice))} twice")
