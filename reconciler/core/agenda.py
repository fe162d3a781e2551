"""What a plan says beside its steps: what time will bring, and what is worth a look.

None of it calls for a step by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import ENABLED, At, Cause, Stage
from reconciler.core.knowledge import Knowledge
from reconciler.core.observed import LiveStatus
from reconciler.core.recorded import KeyRow, Version
from reconciler.core.renewal import minute
from reconciler.core.retirement import idle_since, retires_at, span
from reconciler.core.situation import Situation, wants
from reconciler.core.steps import MINTS, Action, Reason, Remark, Scheduled, Settlement, Step, Topic
from reconciler.core.usage import never_used

SOON = timedelta(days=14)
"""What ends within this time, and nothing replaces, is worth a look."""


def announce(steps: Iterable[Step], known: Knowledge) -> Iterator[Step]:
    """Add that consumers are told of the versions that are made, where the manifest says how."""
    for step in steps:
        yield step
        key = known.keys.get(step.address)
        if _promotes(step) and key is not None and key.on_promoted is not None:
            yield _notice(step, key.on_promoted)


def _promotes(step: Step) -> bool:
    """Whether consumers read another version after a step than before it."""
    finished = step.settlement in {Settlement.FINISH, Settlement.PUBLISH}
    return step.action in {*MINTS, Action.RESTORE} or (step.action is Action.RECOVER and finished)


def _notice(step: Step, how: str) -> Step:
    return replace(
        step,
        action=Action.NOTIFY,
        cause=Cause.CONFIG,
        reason=Reason.NOT_ANNOUNCED,
        sentence=f"consumers are told of v{step.number}, by {how}",
        key_id=None,
        differences=(),
        impact=None,
        due_at=None,
        replaces=None,
        overlap=None,
        op=None,
        settlement=None,
        precondition="",
    )


def schedule(known: Knowledge, steps: tuple[Step, ...]) -> Iterator[Scheduled]:
    """List what will be due by time alone, by key and version; what is due now is in the steps."""
    busy = {(step.address, step.key_id) for step in steps}
    for row in sorted(known.recorded.keys, key=lambda row: row.address):
        for version in row.living:
            if (row.address, version.key_id) not in busy:
                yield from _next(known, row, version)


def _next(known: Knowledge, row: KeyRow, version: Version) -> Iterator[Scheduled]:
    key = known.keys.get(row.address)
    if version.stage is Stage.DISABLED and version.delete_at is not None:
        going = key is None or version.superseded
        if going and version.delete_at > known.now:
            yield Scheduled(row.address, version.number, Action.DELETE, version.delete_at)
    elif version.superseded and key is not None and row.current is not None:
        ends = retires_at(version, row.current, key)
        if ends is not None and ends > known.now:
            yield Scheduled(row.address, version.number, Action.RETIRE, ends)
    elif key is not None and version is row.current and not _off(known, key, version):
        due = known.situation(key, row).due
        if due is not None and due.at > known.now:
            yield Scheduled(row.address, version.number, Action.ROTATE, due.at)


def _off(known: Knowledge, key: DesiredKey, version: Version) -> bool:
    """Whether a key is switched off, so that time does not replace it."""
    live = known.live(version)
    off = live is not None and live.status is LiveStatus.DISABLED
    return off or key.attributes.get(ENABLED) is False


def remark(known: Knowledge, steps: tuple[Step, ...]) -> Iterator[Remark]:
    """List what somebody should look at some day, by key."""
    replaced = {step.address for step in steps if step.action in MINTS}
    owned = any(key.owner for key in known.desired.keys)
    for key in known.desired.keys:
        row = known.rows.get(key.address)
        if row is None or row.current is None or key.address in replaced:
            continue
        situation = known.situation(key, row)
        if situation.absent:
            continue
        if not (row.disabled_by_us or wants(situation, enabled=False)):
            yield from _ends(key, row.current, situation)
            yield from _old(key, row.current, situation)
        live = situation.live
        if live is not None and (idle := idle_since(situation)) is not None:
            topic = Topic.NEVER_USED if never_used(live, row.current) else Topic.LONG_UNUSED
            yield Remark(key.address, row.current.number, topic, idle)
        if owned and key.owner is None:
            yield Remark(key.address, row.current.number, Topic.NO_OWNER, "it has no `owner`")


def _ends(key: DesiredKey, version: Version, s: Situation) -> Iterator[Remark]:
    ends = s.ends_at
    if ends is None or not s.now < ends <= s.now + SOON:
        return
    if s.due is not None and s.due.at < ends:
        return
    way_out = "declare `rotate`"
    if isinstance(key.lifetime, At):
        way_out = "give it a later `expires`, or a relative one"
    elif key.rotation.due_some_day:
        way_out = "declare `before_expiry`"
    said = f"it expires on {minute(ends)}, and nothing replaces it: {way_out}"
    yield Remark(key.address, version.number, Topic.EXPIRES, said, ends)


def _old(key: DesiredKey, version: Version, s: Situation) -> Iterator[Remark]:
    every = key.rotation.every
    if every is None or version.created_at + every > s.now:
        return
    said = f"it is older than {span(every)}, and is not replaced yet"
    yield Remark(key.address, version.number, Topic.TOO_OLD, said, version.created_at + every)
