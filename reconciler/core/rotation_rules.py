"""What a key may be told of rotation: what its dialect honours, and what fits together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from reconciler.core.capabilities import Capabilities, Complaint
from reconciler.core.desired import DesiredKey, OnExternalDisable, OnUnused
from reconciler.core.keys import EXPIRES_AT, After, At, Never

PARTS: Final = 3
"""`before_expiry` counts for one third of a granted lifetime at most: a key is used for longer than
it is being replaced."""

_EVERY = "rotate.every"
_BEFORE = "rotate.before_expiry"
_OVERLAP = "rotate.overlap"
_WHOLE_DAYS = timedelta(days=4)
_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


@dataclass(frozen=True, slots=True)
class Clash:
    """Fields of one key that do not fit each other, by their names in keys.yaml.

    `fields` begins with the one that is most to blame; `sentence` is whole.
    """

    fields: tuple[str, ...]
    sentence: str


def rotation_complaints(key: DesiredKey, able: Capabilities) -> Iterator[Complaint]:
    """List what the dialect cannot honour of how a key is rotated, watched and brought back."""
    cannot = f"cannot be honoured: {able.dialect}"
    if key.rotation.before_expiry is not None and EXPIRES_AT not in able.fields:
        yield Complaint(_BEFORE, f"{cannot} keys have no expiry; write `{_EVERY}` instead")
    if key.on_external_disable is OnExternalDisable.REACTIVATE and not able.can_enable:
        said = "has no way to switch a key on again; write `rotate` or `hold`"
        yield Complaint("on_external_disable", f"{cannot} {said}")
    disables = key.on_unused is OnUnused.DISABLE
    if not able.tells_last_use:
        untold = f"{cannot} does not tell when a key was last used; remove"
        if key.unused_after is not None:
            yield Complaint("unused_after", f"{untold} `unused_after`")
        if disables:
            yield Complaint("on_unused", f"{untold} `on_unused`")
    elif disables and not able.can_disable:
        yield Complaint("on_unused", f"{cannot} has no way to switch a key off; write `report`")


def clashes(key: DesiredKey) -> Iterator[Clash]:
    """List the fields of a key that contradict each other, whatever its dialect."""
    yield from _overlap(key)
    yield from _expiry(key)
    if key.on_unused is OnUnused.DISABLE and key.unused_after is None:
        yield Clash(
            ("on_unused", "unused_after"),
            "`on_unused` is `disable`, but nothing says after how long without use; write it, as in"
            " `unused_after: 90d`",
        )


def _overlap(key: DesiredKey) -> Iterator[Clash]:
    every, before, overlap = _spans(key)
    if every is not None and overlap >= every:
        yield Clash(
            (_OVERLAP, _EVERY),
            f"`{_OVERLAP}` ({word(overlap)}) must be shorter than `{_EVERY}` ({word(every)}): a key"
            " would be replaced again before its former version has gone",
        )
    if before is not None and before < overlap:
        yield Clash(
            (_BEFORE, _OVERLAP),
            f"`{_BEFORE}` ({word(before)}) must not be shorter than `{_OVERLAP}` ({word(overlap)}):"
            " the old key would end while it is still to work beside the new one",
        )


def _expiry(key: DesiredKey) -> Iterator[Clash]:
    every, before, overlap = _spans(key)
    match key.lifetime:
        case After(span) if before is not None and span < PARTS * overlap:
            yield Clash(
                ("expires", _OVERLAP, _BEFORE),
                f"`expires` ({word(span)}) must be at least {PARTS} times `{_OVERLAP}`"
                f" ({word(overlap)}): `{_BEFORE}` begins in the last third of a lifetime, and the"
                f" overlap has to fit into that; write {word(PARTS * overlap)} or more, or a"
                " shorter overlap",
            )
        case After(span) if before is None and every is not None and every + overlap > span:
            yield Clash(
                (_EVERY, "expires", _OVERLAP),
                f"`{_EVERY}` ({word(every)}) and `{_OVERLAP}` ({word(overlap)}) are together longer"
                f" than `expires` ({word(span)}): the key would end before its replacement has"
                f" taken over; set `{_BEFORE}`, or a longer `expires`",
            )
        case At() | Never() if before is not None:
            which = "is `never`"
            if isinstance(key.lifetime, At):
                which = "is an absolute date, which never triggers a rotation"
            yield Clash(
                (_BEFORE, "expires"),
                f"`{_BEFORE}` has no effect: `expires` {which}; write `expires: {{after: 90d}}`,"
                f" or `{_EVERY}` instead of `{_BEFORE}`",
            )
        case _:
            pass


def _spans(key: DesiredKey) -> tuple[timedelta | None, timedelta | None, timedelta]:
    return key.rotation.every, key.rotation.before_expiry, key.rotation.overlap


def word(span: timedelta) -> str:
    """Write a span as people write it in keys.yaml: 90d, 48h, 1h30m."""
    if span >= _WHOLE_DAYS and not span % timedelta(days=1):
        return f"{span.days}d"
    text, rest = "", span
    for letter, unit in _UNITS if span >= _WHOLE_DAYS else _UNITS[1:]:
        count, rest = divmod(rest, unit)
        text += f"{count}{letter}" if count else ""
    seconds = rest // timedelta(seconds=1)
    return f"{text}{seconds}s" if seconds or not text else text
