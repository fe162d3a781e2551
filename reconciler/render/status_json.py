"""How every key stands, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reconciler.core.desired import DesiredKey
from reconciler.core.keys import Address, Stage
from reconciler.core.observed import Observed
from reconciler.core.recorded import Recorded
from reconciler.render.jsonable import FORMAT_VERSION, plain, to_json
from reconciler.render.standing import (
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
) -> str:
    """Write what `status_text` writes, with exact instants; the stack's salt stays out."""
    found = tuple(standings(recorded, observed, keys))
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
            "scheduled": [
                {"key": each.key, "version": each.version, "delete_at": each.delete_at}
                for each in found
                if each.stage is Stage.DISABLED and each.delete_at is not None
            ],
            "problems": problems(observed),
        }
    )
