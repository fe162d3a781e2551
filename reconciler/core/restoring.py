"""Giving a key its former version back, because a person asks for it."""

from __future__ import annotations

from reconciler.core.keys import ENABLED, Address, Cause, Stage
from reconciler.core.knowledge import Knowledge, elders, fingerprint_of
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import KeyRow, Version
from reconciler.core.renewal import minute
from reconciler.core.revoked import tell
from reconciler.core.steps import Action, Reason, Step


def restore_step(address: Address, known: Knowledge) -> Step:
    """Point consumers back to the latest version that is still there; else say what hinders it."""
    row = known.rows.get(address)
    version = _former(row)
    if row is None or version is None:
        return _hold(address, known, None, "there is no former version to go back to")
    if address in known.keys and known.keys[address].attributes.get(ENABLED) is False:
        return _hold(address, known, version, "it is declared as switched off")
    if address not in known.keys:
        way_out = "declare it again and apply, which brings it back"
        return _hold(address, known, version, f"it is not in the manifest: {way_out}")
    if (obstacle := _obstacle(known, version)) is not None:
        return _hold(address, known, version, obstacle)
    current = row.current
    stage = "still works" if version.stage is Stage.RETIRING else "was switched off"
    went = f", and v{current.number} goes after its overlap" if current else ""
    return Step(
        address=address,
        provider=version.provider,
        action=Action.RESTORE,
        cause=Cause.CONFIG,
        reason=Reason.ASKED,
        sentence=f"you asked to go back to v{version.number}, which {stage}{went}",
        number=version.number,
        key_id=version.key_id,
        place=known.keys[address].place,
        precondition=fingerprint_of(known.live(version)),
        replaces=current.number if current else None,
        overlap=known.keys[address].rotation.overlap,
    )


def _former(row: KeyRow | None) -> Version | None:
    """Give the newest version beside the one in use, be it older or, after an undo, newer."""
    there = [v for v in elders(row) if v.stage in {Stage.RETIRING, Stage.DISABLED}]
    return max(there, key=lambda v: v.number, default=None)


def _obstacle(known: Knowledge, version: Version) -> str | None:
    number, live = version.number, known.live(version)
    incident = known.incident(version)
    if incident is not None:
        return f"v{number} {tell(incident)}: it never comes back"
    if live is None:
        return f"v{number} is not there any more, or could not be read"
    if live.status is LiveStatus.EXPIRED:
        return f"v{number} has expired"
    able = known.able.get(version.provider)
    if live.status is LiveStatus.DISABLED and version.stage is Stage.RETIRING:
        return f"v{number} was disabled outside Keywright, which may be an incident"
    if live.status is LiveStatus.DISABLED and not (able and able.can_enable):
        return f"v{number} was switched off, and this API cannot switch it on again"
    head = known.matches.heads.get(version.target)
    if head is None or not head.carries(version.op):
        return f"the secret of v{number} is not in {version.target} any more"
    ends = version.expires_at
    if ends is not None and ends <= known.now:
        return f"v{number} expired on {minute(ends)}"
    return None


def _hold(address: Address, known: Knowledge, version: Version | None, sentence: str) -> Step:
    key, row = known.keys.get(address), known.rows.get(address)
    here = version.provider if version else key.provider if key else row.provider if row else ""
    return Step(
        address=address,
        provider=here,
        action=Action.HOLD,
        cause=Cause.CONFIG,
        reason=Reason.ASKED,
        sentence=f"nothing is undone: {sentence}",
        number=version.number if version else None,
        key_id=version.key_id if version else None,
        place=key.place if key else None,
    )
