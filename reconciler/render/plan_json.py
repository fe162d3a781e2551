"""A plan as JSON, for programs: every field of every step, and what text says beside them."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.steps import Action, Plan, count
from reconciler.render.jsonable import FORMAT_VERSION, to_json


def plan_json(plan: Plan, refusals: Sequence[str] = ()) -> str:
    """Write a whole plan, names and ids exactly as they are."""
    counts = count(plan.steps)
    return to_json(
        {
            "format_version": FORMAT_VERSION,
            "stack": plan.stack,
            "lineage": plan.lineage,
            "serial": plan.serial,
            "made_at": plan.made_at,
            "digest": plan.digest,
            "managed": plan.managed,
            "providers": plan.providers,
            "steps": plan.steps,
            "foreign": plan.foreign,
            "scheduled": plan.scheduled,
            "remarks": plan.remarks,
            "summary": {
                "add": counts.add,
                "change": counts.change,
                "destroy": counts.destroy,
                "rotations": sum(step.action is Action.ROTATE for step in plan.steps),
                "held": len(plan.holds),
            },
            "complete": plan.complete,
            "refusals": list(refusals),
        }
    )
