"""How every key stands, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Unpack

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import Address, Stage
from reconciler.core.observed import Observed
from reconciler.core.recorded import Recorded
from reconciler.core.steps import Action, Scheduled
from reconciler.render.coming import Beside
from reconciler.render.incidents import plain_incident
from reconciler.render.jsonable import FORMAT_VERSION, plain, to_json
from reconciler.render.standing import (
    Standing,
    expiring_within,
    given,
    not_yet_effective,
    open_intents,
    problems,
    projects,
    spooled,
    standings,
    switches,
    unmade,
)


def status_json(
    recorded: Recorded,
    observed: Observed,
    keys: Mapping[Address, DesiredKey],
    now: datetime,
    **beside: Unpack[Beside],
) -> str:
    """Write what `status_text` writes, with exact instants; the stack's salt stays out."""
    within, scheduled = beside.get("within"), beside.get("scheduled", ())
    known = tuple(standings(recorded, observed, keys, beside))
    found = known if within is None else expiring_within(known, now, within)
    return to_json(
        {
            "format_version": FORMAT_VERSION,
            "stack": recorded.meta.stack,
            "lineage": recorded.meta.lineage,
            "serial": recorded.meta.serial,
            "read_at": now,
            "versions": [{**plain(each), "secret": str(each.secret)} for each in found],
            "provider_keys": [
                {**plain(each), "source": str(each.source)} for each in given(recorded, observed)
            ],
            "switches": switches(recorded, observed),
            "projects": projects(observed),
            "not_made": unmade(recorded, keys),
            "intents": [
                {**plain(intent), "target": str(intent.target)} for intent in open_intents(recorded)
            ],
            "not_yet_effective": [intent.op for intent in not_yet_effective(recorded, observed)],
            "given_up": recorded.retired,
            "spool": spooled(recorded, observed),
            "spool_readable": observed.spool.readable,
            "scheduled": _scheduled(known, scheduled),
            "remarks": beside.get("remarks", ()),
            "incidents": [plain_incident(incident) for incident in recorded.incidents],
            "expiring_within": within,
            "problems": problems(observed),
        }
    )


def _scheduled(
    known: Sequence[Standing], scheduled: Sequence[Scheduled]
) -> list[dict[str, object]]:
    """Give what a plan foresees; recorded deletions are due also where there is no plan."""
    told = {(each.address, each.number) for each in scheduled}
    recorded = [
        Scheduled(each.key, each.version, Action.DELETE, each.delete_at)
        for each in known
        if each.stage is Stage.DISABLED
        and each.delete_at is not None
        and (each.key, each.version) not in told
    ]
    return [
        {"key": each.address, "version": each.number, "action": str(each.action), "at": each.at}
        for each in (*scheduled, *recorded)
    ]
