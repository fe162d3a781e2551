"""What an apply did, as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.steps import Plan, Result
from reconciler.render.jsonable import FORMAT_VERSION, to_json
from reconciler.render.outcomes import applied, outcomes


def report_json(
    plan: Plan | None, results: Sequence[Result], *, stopped: bool, declined: bool
) -> str:
    """Write the whole report; without a plan where the run ended before there was one."""
    counts, found = applied(results), outcomes(results)
    done = len(results) == sum(result.outcome == "done" for result in results)
    whole = plan is not None and plan.complete
    return to_json(
        {
            "format_version": FORMAT_VERSION,
            "stack": plan.stack if plan else None,
            "lineage": plan.lineage if plan else None,
            "serial": plan.serial if plan else None,
            "made_at": plan.made_at if plan else None,
            "digest": plan.digest if plan else None,
            "stopped": stopped,
            "declined": declined,
            "complete": whole and done and not stopped and not declined,
            "summary": {
                "added": counts.add,
                "changed": counts.change,
                "destroyed": counts.destroy,
                **{str(outcome): number for outcome, number in found.items()},
                "held": len(plan.holds) if plan else 0,
            },
            "results": results,
        }
    )
