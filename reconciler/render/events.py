"""What is told while a run goes: a line for people, a JSON object a line for machines."""

from __future__ import annotations

from reconciler.core.steps import Action, Result, Step
from reconciler.render.escaping import clean
from reconciler.render.jsonable import to_json_line

_DOING = {
    Action.RECOVER: "finishing what an earlier run began",
    Action.REVOKE: "revoking",
    Action.CREATE: "creating",
    Action.ROTATE: "rotating",
    Action.UPDATE: "updating",
    Action.ENABLE: "enabling",
    Action.VERIFY: "trying out",
    Action.RESTORE: "bringing the former key back",
    Action.NOTIFY: "telling consumers",
    Action.DISABLE: "disabling",
    Action.RETIRE: "switching off",
    Action.DELETE: "deleting",
    Action.FORGET: "forgetting",
    Action.PROVIDE: "handing over",
    Action.SWITCH_ON: "switching all keys on",
    Action.SWITCH_OFF: "switching all keys off",
    Action.DEPLOY: "deploying",
    Action.REDEPLOY: "deploying",
    Action.HOLD: "holding",
}


def step_line(step: Step) -> str:
    """Say that a step begins."""
    return clean(f"{step.address}: {_DOING[step.action]}...")


def event_json(
    kind: str, *, step: Step | None = None, result: Result | None = None, **fields: str | int
) -> str:
    """Write one event on one line."""
    event: dict[str, object] = {"type": kind, **fields}
    if result is not None:
        event |= {"outcome": str(result.outcome), "message": result.sentence}
        step = result.step
    if step is not None:
        event["step"] = step
    return to_json_line(event)
