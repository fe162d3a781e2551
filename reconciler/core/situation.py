"""All that is known of one key when it is decided on, and the form that a decision has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.capabilities import Capabilities
from reconciler.core.desired import DesiredKey
from reconciler.core.keys import ENABLED, EXPIRES_AT, Cause
from reconciler.core.observed import Head, LiveKey, LiveStatus
from reconciler.core.recorded import KeyRow, Version
from reconciler.core.steps import Action, Difference, Reason
from reconciler.core.tenant import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that is known of one key. `version` is the one that consumers use, or used last.

    `absent` means confirmed gone; with neither `live` nor `absent` nothing is known. `unread` says
    why the provider could not be read, `store_unread` the same of the store. `lagging`: it was made
    so recently that the list may not show it. `dying` is when a version that is gone at the API
    stops to be accepted. `provable`: it could be tried out in this run.
    """

    now: datetime
    row: KeyRow | None
    key: DesiredKey | None
    version: Version | None
    live: LiveKey | None
    absent: bool
    unread: str | None
    head: Head | None
    store_unread: str | None
    can_read_secrets: bool
    able: Capabilities | None
    differences: tuple[Difference, ...] = ()
    expiry: datetime | None = None
    lagging: bool = False
    dying: Effect = Effect.NOW
    provable: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """A decision on one key."""

    action: Action
    cause: Cause
    reason: Reason
    sentence: str
    impact: str | None = None


def hold(reason: Reason, sentence: str, cause: Cause = Cause.DRIFT) -> Finding:
    """Give a decision to do nothing, and to say why a person has to look."""
    return Finding(Action.HOLD, cause, reason, sentence)


def stands(s: Situation, status: LiveStatus) -> bool:
    """Whether the live key is there, and has this status."""
    return s.live is not None and s.live.status is status


def lapsed(s: Situation) -> bool:
    """Whether the live key's time is over, also where it is switched off besides."""
    expires = s.live.attributes.get(EXPIRES_AT) if s.live else None
    return stands(s, LiveStatus.EXPIRED) or (isinstance(expires, datetime) and expires <= s.now)


def wants(s: Situation, *, enabled: bool) -> bool:
    """Whether the manifest asks for the key to be on, or off."""
    return s.key is not None and s.key.attributes.get(ENABLED) is enabled


def expiry_changes(s: Situation) -> bool:
    """Whether the manifest asks for another expiry than the live one."""
    return any(d.field == EXPIRES_AT for d in s.differences)
