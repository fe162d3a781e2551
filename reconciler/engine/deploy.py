"""Deploying the projects of a tenant, one after another, until each runs what it must.

The first is the canary: if it goes wrong, the others are not begun. A deploy that somebody else
runs is waited for. What a project runs is asked of the API, never concluded from a start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from reconciler.core.deploys import aim_after, aim_before, current_of
from reconciler.core.keys import KeyId
from reconciler.core.observed import Deployment
from reconciler.core.recorded import IntentKind
from reconciler.core.steps import Action, Outcome, Result, Step
from reconciler.core.tenant import Aim, settled
from reconciler.engine.transaction import Run, done
from reconciler.interfaces.driver import Done, Refused, Unknown

LONGEST = timedelta(minutes=15)
"""How long one project is waited for."""
_MINUTE = timedelta(minutes=1)
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 5.0
_BUSY = 409
_UNANSWERED_STARTS = 3
_GOES_ON = "the next run waits for it"


async def deploy(run: Run, step: Step) -> Result:
    """Bring what was made into every project, before anything is taken away."""
    tenant = run.tenants[step.provider]
    aim = aim_before(tenant, _holds(run, step), _gone(run, step.provider))
    return await _roll_out(run, step, aim)


async def redeploy(run: Run, step: Step) -> Result:
    """Take what was deleted out of every project."""
    tenant = run.tenants[step.provider]
    parked = {p.key_id for p in run.parked if p.step.provider == step.provider}
    drops = _gone(run, step.provider) | parked
    return await _roll_out(run, step, aim_after(tenant, _holds(run, step), drops))


def _gone(run: Run, provider: str) -> frozenset[KeyId]:
    """Give the ids of ours that the API has no more, and that containers may hold."""
    interrupted = {
        version.key_id
        for intent in run.intents.values()
        if intent.kind is IntentKind.DELETE and intent.provider == provider
        for version in run.rows[intent.address].living
        if version.number == intent.number
    }
    dead = interrupted.union(run.tenants[provider].dead, run.revoked.get(provider, ()))
    return frozenset(key_id for key_id in dead if (provider, key_id) not in run.live)


def _holds(run: Run, step: Step) -> frozenset[KeyId]:
    """Give the ids that every project has to hold: of current versions, and of those just made."""
    current = current_of(step.provider, run.keys.keys(), run.rows.values(), run.live)
    made = {
        parked.key_id
        for parked in run.parked
        if parked.step.provider == step.provider and parked.until is Action.DEPLOY
    }
    return frozenset(made | current.keys())


async def _roll_out(run: Run, step: Step, aim: Aim) -> Result:
    deployed: list[str] = []
    for project in step.projects:
        if run.stop.asked:
            return Result(step, Outcome.UNKNOWN, f"stopped before {project}; the next run goes on")
        rollout = _Rollout(run, step, project, aim, run.world.clock.now() + LONGEST)
        if (trouble := await rollout.bring()) is not None:
            return trouble
        deployed += [project] if rollout.ours else []
    if not deployed:
        return done(step, "every project runs what it should already")
    return done(step, f"{', '.join(deployed)} deployed")


class _Verdict(NamedTuple):
    """What one look at a project says. Without an outcome, it is looked at again."""

    stage: str
    outcome: Outcome | None = None


@dataclass(slots=True)
class _Rollout:
    """One project on its way. `ours`: we began the latest deploy; `before`: what ran until then."""

    run: Run
    step: Step
    project: str
    aim: Aim
    deadline: datetime
    ours: bool = False
    moved: bool = False
    before: datetime | None = None
    unanswered: int = 0

    async def bring(self) -> Result | None:
        """Get it to run what it must; give what stands against that, None for nothing."""
        run, waits = self.run, _waits()
        while True:
            verdict = await self._look()
            if verdict.outcome is Outcome.DONE:
                return None
            if verdict.outcome is not None:
                return self._ended(verdict.outcome, verdict.stage)
            if run.stop.asked:
                return self._ended(Outcome.UNKNOWN, f"still {verdict.stage}; {_GOES_ON}")
            if run.world.clock.now() >= self.deadline:
                late = f"still {verdict.stage} after {LONGEST // _MINUTE} minutes; {_GOES_ON}"
                return self._ended(Outcome.UNKNOWN, late)
            run.world.reporter.waiting(self.step, f"{self.project}: {verdict.stage}")
            await run.world.clock.sleep(next(waits))

    async def _look(self) -> _Verdict:
        """Look once, and begin a deploy where one is due."""
        match await self.run.driver(self.step.provider).deployment(self.project):
            case Refused(reason):
                return _Verdict(f"could not be looked at: {reason}", Outcome.FAILED)
            case Unknown(reason):
                return _Verdict(f"not seen ({reason})")
            case Done(seen):
                self.run.saw(self.step.provider, seen)
                return await self._judge(seen)

    async def _judge(self, seen: Deployment) -> _Verdict:
        if settled(seen) and self.aim.fits(seen):
            return _Verdict(seen.stage, Outcome.DONE)
        if not self.ours:
            return await self._start(seen) if settled(seen) else _Verdict(seen.stage)
        if seen.failed:
            return _Verdict(f"its deploy ended as {seen.stage}", Outcome.FAILED)
        self.moved = self.moved or not seen.running
        if seen.running and (self.moved or seen.deployed_at != self.before):
            return _Verdict(f"it was deployed, and {self._missing(seen)}", Outcome.FAILED)
        return _Verdict(seen.stage)

    async def _start(self, seen: Deployment) -> _Verdict:
        match await self.run.driver(self.step.provider).deploy(self.project):
            case Done():
                self.ours, self.before = True, seen.deployed_at
                return _Verdict("begun")
            case Refused(_, status) if status == _BUSY:
                return _Verdict("busy with another deploy")
            case Refused(reason):
                return _Verdict(f"its deploy was refused: {reason}", Outcome.FAILED)
            case Unknown(reason):
                self.unanswered += 1
                over = self.unanswered >= _UNANSWERED_STARTS
                stage = f"not known to have begun ({reason})"
                return _Verdict(stage, Outcome.UNKNOWN if over else None)

    def _missing(self, seen: Deployment) -> str:
        if lacks := sorted(self.aim.holds - seen.key_ids):
            return f"does not hold {', '.join(lacks)}"
        if holds := sorted(self.aim.drops & seen.key_ids):
            return f"still holds {', '.join(holds)}"
        return f"has all keys switched {'off' if self.aim.enabled else 'on'}"

    def _ended(self, outcome: Outcome, why: str) -> Result:
        return Result(self.step, outcome, f"{self.project}: {why}")


def _waits() -> Iterator[float]:
    """Give the seconds between two looks: few at first, more later, for ever."""
    wait = _FIRST_WAIT
    while True:
        yield wait
        wait = min(wait * 1.5, _LONGEST_WAIT)
