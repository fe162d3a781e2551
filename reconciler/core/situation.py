"""All that is known of one version when it is decided on, and the form that a decision has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.core.capabilities import Capabilities
from reconciler.core.desired import DesiredKey
from reconciler.core.keys import ENABLED, EXPIRES_AT, Cause
from reconciler.core.observed import Head, LiveKey, LiveStatus
from reconciler.core.recorded import Incident, KeyRow, Version
from reconciler.core.rotation import Due
from reconciler.core.steps import Action, Difference, Reason
from reconciler.core.tenant import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that is known of one version. For a key's own decision, it is the one in use, or last so.

    `absent` means confirmed gone; with neither `live` nor `absent` nothing is known. `revoked`:
    it is gone, and still shown as revoked. `unread` says why the provider could not be read,
    `store_unread` the same of the store. `lagging`: it was made so recently that the list may not
    show it. `dying` is when a version that is gone at the API stops to be accepted. `provable`: it
    could be tried out in this run. `due` is when time makes a new version due. `asked`: a person
    wants a new version now. `incident` is what it was revoked in, or the last version that there
    was. `slot_is_ours`: nobody else has put his mark on the slot of its secret.
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
    revoked: bool = False
    due: Due | None = None
    asked: bool = False
    incident: Incident | None = None
    slot_is_ours: bool = True

    @property
    def ends_at(self) -> datetime | None:
        """When the version ends by itself: as its API tells, or as it was granted."""
        told = self.live.attributes.get(EXPIRES_AT) if self.live else None
        granted = self.version.expires_at if self.version else None
        return told if isinstance(told, datetime) else granted

    @property
    def predecessor(self) -> Version | None:
        """An older version that still works beside the one in use."""
        living = self.row.living if self.row else ()
        return next((v for v in living if v.superseded and _works_on(v, self.version)), None)

    @property
    def stuck(self) -> tuple[Difference, ...]:
        """The differences that this API cannot mend in place."""
        able = self.able
        return tuple(d for d in self.differences if able and d.field not in able.mutable)

    @property
    def mendable(self) -> tuple[Difference, ...]:
        """The differences that it can."""
        able = self.able
        return tuple(d for d in self.differences if able and d.field in able.mutable)


def _works_on(version: Version, current: Version | None) -> bool:
    return version.disabled_at is None and version is not current and not version.condemned


@dataclass(frozen=True, slots=True)
class Finding:
    """A decision on one version. `overlap` is how long the one that is replaced works on."""

    action: Action
    cause: Cause
    reason: Reason
    sentence: str
    impact: str | None = None
    overlap: timedelta | None = None


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
