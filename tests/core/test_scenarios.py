"""Every scenario file: desired, observed, recorded and now in, the steps of the plan out."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.capabilities import Capabilities
from reconciler.core.guard import refuse
from reconciler.core.plan import make_plan
from reconciler.core.steps import Action, Counts, Plan, Reason, Settlement, Step, count
from reconciler.core.tenant import markless_of
from tests.core.builders import PROVIDER
from tests.core.scenario import Scenario, load_scenario
from tests.core.story import load_story

FILES = sorted(Path(__file__).parent.joinpath("scenarios").glob("*.yaml"))
STORIES = sorted(Path(__file__).parent.joinpath("stories").glob("*.yaml"))


def able_of(scenario: Scenario) -> dict[str, Capabilities]:
    able = {p.name: scenario.able for p in scenario.desired.providers}
    if any(key.provider != PROVIDER for key in scenario.desired.keys):
        able["other"] = scenario.able
    return able


def plan_of(scenario: Scenario) -> Plan:
    able = able_of(scenario)
    return make_plan(scenario.desired, scenario.observed, scenario.recorded, able, scenario.now)


def describe(step: Step) -> str:
    where = f" [{', '.join(step.projects)}]" if step.projects else ""
    told = f"{step.action} {step.address} {step.reason} {step.cause}: {step.sentence}{where}"
    return f"{told} ! {step.impact}" if step.action is Action.SWITCH_OFF else told


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_scenario(path: Path) -> None:
    scenario = load_scenario(path)
    plan = plan_of(scenario)
    assert [describe(step) for step in plan.steps] == scenario.expect
    assert [
        f"{f.name} {f.key_id}" + (f" twin of {f.twin_of}" if f.twin_of else "")
        for f in plan.foreign
    ] == scenario.foreign
    assert [
        f"{s.action} {s.address} v{s.number} {s.at:%Y-%m-%d}" for s in plan.scheduled
    ] == scenario.scheduled
    refusals = refuse(
        plan,
        scenario.desired,
        scenario.observed,
        scenario.recorded,
        scenario.approval,
        scenario.now,
        markless_of(able_of(scenario)),
    )
    assert len(refusals) == len(scenario.refused), refusals
    assert all(
        told.startswith(start) for told, start in zip(refusals, scenario.refused, strict=True)
    )


def test_there_are_many_scenarios() -> None:
    assert len(FILES) >= 60


def test_every_reason_and_every_settlement_has_a_scenario() -> None:
    plans = [plan_of(load_scenario(path)) for path in FILES]
    plans += [moment.plan for path in STORIES for moment in load_story(path).values()]
    steps = [step for plan in plans for step in plan.steps]
    assert {step.reason for step in steps} == set(Reason)
    assert {step.settlement for step in steps} == {*Settlement, None}


def test_every_plan_that_writes_counts_more_than_nothing() -> None:
    for path in FILES:
        plan = plan_of(load_scenario(path))
        assert bool(plan.actions) is (count(plan.steps) != Counts(0, 0, 0))
