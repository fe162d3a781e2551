"""How rows of an older format become rows of this one.

What changes between formats is the text of rows; the tables around them keep their shape. A
migration is pure, so that `read` can apply it without writing, and `lock` can make it last.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeAlias

from reconciler.core.recorded import FORMAT
from reconciler.errors import StateDamagedError, StateTooNewError

Fields: TypeAlias = dict[str, object]
Migration: TypeAlias = Callable[[str, Fields], Fields]
"""Takes a row's kind and its fields in one format, and gives its fields in the next."""


def _to_2(_kind: str, fields: Fields) -> Fields:
    """Format 2 adds fields that have defaults, and rows of provider keys."""
    return fields


def _to_3(kind: str, fields: Fields) -> Fields:
    """Format 3 says of each version where its secret is, and adds rows of incidents.

    Up to format 2 a key had one slot at a time, so all of its versions are in the row's own. What
    else is new has defaults; a wrong shape is left to the strict reading of format 3.
    """
    versions = fields.get("versions")
    if kind != "key" or not isinstance(versions, list):
        return fields
    return fields | {"versions": [_in_slot(version, fields.get("target")) for version in versions]}


def _in_slot(version: object, target: object) -> object:
    if not isinstance(version, dict):
        return version
    if "target" in version:
        raise ValueError("a version of format 2 has no slot")
    return version | {"target": target}


MIGRATIONS: tuple[Migration, ...] = (_to_2, _to_3)
"""The first leads from format 1 to 2, and so on: always one fewer than FORMAT."""


def steps_from(written: int, where: str) -> tuple[Migration, ...]:
    """Give what leads from a written format to ours.

    StateTooNewError when it is above ours, StateDamagedError when there never was such a format.
    """
    if written > FORMAT:
        raise StateTooNewError(
            f"the state has format {written}, and this Keywright knows formats up to {FORMAT}",
            where=where,
            effect="Nothing was changed",
            remedy="Use the newer Keywright that wrote it",
        )
    if written < 1:
        raise StateDamagedError(
            f"the state says that it has format {written}, which there never was",
            where=where,
            effect="Nothing was changed",
            remedy="Restore the state from a backup",
        )
    return MIGRATIONS[written - 1 :]


def migrate_body(kind: str, body: bytes, steps: tuple[Migration, ...]) -> bytes:
    """Lead one row's text through the steps. ValueError when it is no JSON object."""
    try:
        fields = json.loads(body)
    except RecursionError:
        raise ValueError(kind) from None
    if not isinstance(fields, dict):
        raise ValueError(kind)  # noqa: TRY004 - all that is wrong with a text is one error
    for step in steps:
        fields = step(kind, fields)
    return json.dumps(fields).encode()
