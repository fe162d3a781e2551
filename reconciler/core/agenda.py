"""What a plan says beside its steps: what time will bring, and what is worth a look.

None of it calls for a step by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import Cause, Stage
from reconciler.core.knowledge import Knowledge
from reconciler.core.recorded import KeyRow, Version
from reconciler.core.renewal import minute
from reconciler.core.retirement import idle_since, retires_at, span
from reconciler.core.situation import Situation
from reconciler.core.steps import MINTS, Action, Reason, Remark, Scheduled, Step, Topic

SOON = timedelta(days=14)
"""What ends within this time, and nothing replaces, is worth a look."""


def notice(step: Step, how: str) -> Step:
    """Tell consumers of the version that a step makes."""
    return replace(
        step,
        action=Action.NOTIFY,
        cause=Cause.CONFIG,
        reason=Reason.NOT_ANNOUNCED,
        sentence=f"consumers are told of v{step.number}, by {how}",
        impact=None,
        due_at=None,
        replaces=None,
        overlap=None,
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
        ends = retires_at(version, row.current, key.rotation)
        if ends is not None and ends > known.now:
            yield Scheduled(row.address, version.number, Action.RETIRE, ends)
    elif key is not None and version is row.current:
        due = known.situation(key, row).due
        if due is not None and due.at > known.now:
            yield Scheduled(row.address, version.number, Action.ROTATE, due.at)


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
        yield from _ends(key, row.current, situation)
        yield from _old(key, row.current, situation)
        if (idle := idle_since(situation)) is not None:
            used = situation.live.last_used_at if situation.live else None
            topic = Topic.LONG_UNUSED if used else Topic.NEVER_USED
            yield Remark(key.address, row.current.number, topic, idle)
        if owned and key.owner is None:
            yield Remark(key.address, row.current.number, Topic.NO_OWNER, "it has no `owner`")


def _ends(key: DesiredKey, version: Version, s: Situation) -> Iterator[Remark]:
    ends = s.ends_at
    if ends is None or not s.now < ends <= s.now + SOON:
        return
    if s.due is not None and s.due.at < ends:
        return
    said = f"v{version.number} expires on {minute(ends)}, and nothing replaces it: declare "
    way_out = "`rotate`" if not key.rotation.due_some_day else "a relative `expires`"
    yield Remark(key.address, version.number, Topic.EXPIRES, said + way_out, ends)


def _old(key: DesiredKey, version: Version, s: Situation) -> Iterator[Remark]:
    every = key.rotation.every
    if every is None or version.created_at + every > s.now:
        return
    said = f"v{version.number} is older than {span(every)}, and is not replaced yet"
    yield Remark(key.address, version.number, Topic.TOO_OLD, said, version.created_at + every)
