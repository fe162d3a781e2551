"""Fields of the manifest that are decided but not built yet: refused with a clear sentence.

A field that is accepted and ignored would be a promise that nobody keeps.
"""

from __future__ import annotations

from typing import Final

KEY_SECTIONS: Final = ("keys", "environments", "defaults")
"""Where fields of keys stand."""

_ROTATION = "rotation is planned"

_KEY_FIELDS: Final = {
    "rotate.every": _ROTATION,
    "rotate.overlap": _ROTATION,
    "rotate.before_expiry": _ROTATION,
    "rotate.idle": _ROTATION,
    "rotate.hold_at_most": _ROTATION,
    "verify": "declaring checks is planned; the dialect's own one is made",
    "on_promoted": "telling consumers about a new secret is planned",
}
LATER_BACKENDS: Final = ("postgres", "object")
LATER_STORES: Final = ("vault", "aws", "gcp", "azure", "kubernetes", "github")
_LATER_ANSWERS: Final = ("rotate", "reactivate")

_NOT_YET = "not supported by this version yet"


def explain_later(section: str, field: str) -> str | None:
    """Say that a field of a section comes later; None for a field that nobody planned.

    `section` is `keys`, `environments`, `defaults`, or another one; `field` is dotted, as in
    `rotate.every`.
    """
    plan = _KEY_FIELDS.get(field) if section in KEY_SECTIONS else None
    return plan and f"`{field}` is {_NOT_YET}; leave it out ({plan})"


def read_single_target(value: object) -> object:
    """Refuse a list of targets, before anything else is said about it."""
    if isinstance(value, list):
        raise ValueError(f"as a list of targets is {_NOT_YET}; write one target")  # noqa: TRY004 - pydantic passes only ValueError on
    return value


def read_hold(value: object) -> object:
    """Refuse the answers to an outside disable that come later."""
    if isinstance(value, str) and value in _LATER_ANSWERS:
        raise ValueError(f"with the value `{value}` is {_NOT_YET}; leave it out ({_ROTATION})")
    return value
