"""Turning the switch for all keys of a tenant.

What is recorded tells our own switching off from somebody else's: off is recorded before it is
done, on only once it was.
"""

from __future__ import annotations

from reconciler.core.steps import Result, Step
from reconciler.engine.transaction import Run, done, refused, unknown
from reconciler.interfaces.driver import Done, Refused, Unknown


async def switch_on(run: Run, step: Step) -> Result:
    """Let the keys of a tenant work; where they are deployed, each project from its next one on."""
    match await run.driver(step.provider).switch_all(on=True):
        case Done():
            await run.note_switch(step.provider, on=True)
            run.switched(step.provider, on=True)
            return done(step, "all keys are switched on")
        case Refused(reason):
            return refused(step, f"the API refused: {reason}")
        case Unknown(reason):
            return unknown(step, f"{reason}; the next run looks at it again")


async def switch_off(run: Run, step: Step) -> Result:
    """Stop every key of a tenant, at once."""
    before = run.providers[step.provider].keys_enabled
    await run.note_switch(step.provider, on=False)
    match await run.driver(step.provider).switch_all(on=False):
        case Done():
            run.switched(step.provider, on=False)
            return done(step, "all keys are switched off")
        case Refused(reason):
            await run.note_switch(step.provider, on=before)
            return refused(step, f"the API refused: {reason}")
        case Unknown(reason):
            return unknown(step, f"{reason}; the next run looks at it again")
