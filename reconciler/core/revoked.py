"""The checks on versions that a person took out of service in an emergency.

They come before everything else: what was revoked is never switched on, kept or handed out again,
whatever the manifest says.
"""

from __future__ import annotations

from reconciler.core.keys import Cause
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import Incident
from reconciler.core.renewal import AT_ONCE, minute, rotate
from reconciler.core.situation import Finding, Situation, hold, stands
from reconciler.core.steps import Action, Reason


def still_works(s: Situation) -> Finding | None:
    """It was revoked, and its API still shows it as working."""
    if s.incident is None or s.version is None or not stands(s, LiveStatus.ACTIVE):
        return None
    return Finding(
        Action.REVOKE,
        Cause.RECOVERY,
        Reason.COMPROMISED if s.incident.compromised else Reason.REVOKED,
        f"v{s.version.number} {tell(s.incident)}, and still works",
        f"v{s.version.number} stops working at once",
    )


def replaced_or_not(s: Situation) -> Finding | None:
    """The version in use was revoked: a new one takes its place, if that was asked for."""
    incident, version = s.incident, s.version
    if incident is None:
        return None
    reason = Reason.COMPROMISED if incident.compromised else Reason.REVOKED
    said = f"v{incident.number} {tell(incident)}"
    if not (incident.replace or s.asked):
        address = s.key.address if s.key else incident.address
        way_out = f"`keywright rotate {address}` makes a new version, or remove the key"
        return hold(Reason.REVOKED, f"{said}, without a replacement: {way_out}", Cause.CONFIG)
    if version is None or s.absent:
        return Finding(Action.CREATE, Cause.RECOVERY, reason, f"{said}: it is replaced")
    return rotate(s, reason, Cause.RECOVERY, f"{said}: it is replaced", AT_ONCE)


def tell(incident: Incident) -> str:
    """Word who revoked a version, when, and why."""
    as_what = " as compromised" if incident.compromised else ""
    return f"was revoked{as_what} on {minute(incident.at)} by {incident.by} ({incident.reason})"
