"""Whatever a plan, a record or a result holds: rendering never fails, and never does harm."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.desired import DesiredKey
from reconciler.core.observed import Observed
from reconciler.core.recorded import Incident, Recorded
from reconciler.core.secret import Secret
from reconciler.core.steps import Plan, Result
from reconciler.render import (
    apply_exit_code,
    apply_line,
    apply_summary,
    incident_json,
    incident_text,
    outcome_table,
    plan_exit_code,
    plan_json,
    plan_summary,
    plan_text,
    report_json,
    state_list_text,
    state_show_text,
    status_json,
    status_text,
)
from reconciler.render.coming import Beside
from reconciler.render.jsonable import plain
from tests.render.printed import assert_harmless, without_colour
from tests.render.strategies import (
    BESIDE,
    INCIDENTS,
    KEYS,
    OBSERVATIONS,
    PLANS,
    RECORDS,
    REFUSALS,
    RESULTS,
    TIMES,
)

WIDTHS = st.integers(-1, 240)
slow = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None
)


@slow
@given(PLANS, st.lists(KEYS, max_size=2), REFUSALS, WIDTHS, st.booleans())
def test_any_plan_is_written_as_text(
    plan: Plan, keys: list[DesiredKey], refusals: tuple[str, ...], width: int, verbose: bool
) -> None:
    declared = {key.address: key for key in keys}
    plain, coloured = (
        plan_text(plan, declared, refusals, width=width, color=color, verbose=verbose)
        for color in (False, True)
    )
    assert_harmless(coloured)
    assert "\x1b" not in plain
    assert without_colour(coloured) == plain
    told = [line for line in plain.split("\n") if line.startswith(("Plan: ", "No changes"))]
    assert len(told) <= 1


@slow
@given(PLANS, REFUSALS)
def test_any_plan_is_written_as_json(plan: Plan, refusals: tuple[str, ...]) -> None:
    text = plan_json(plan, refusals)
    assert_harmless(text)
    assert text.isascii()
    assert json.loads(text)["stack"] == plan.stack
    assert json.loads(text)["refusals"] == list(refusals)
    assert_harmless(plan_summary(plan, refusals))


@slow
@given(PLANS, RESULTS, WIDTHS, st.booleans(), st.booleans())
def test_any_outcome_is_written(
    plan: Plan, results: list[Result], width: int, stopped: bool, declined: bool
) -> None:
    plain, coloured = (outcome_table(results, width=width, color=color) for color in (False, True))
    assert without_colour(coloured) == plain
    report = report_json(plan, results, stopped=stopped, declined=declined)
    for text in (coloured, report, apply_summary(results), *map(apply_line, results)):
        assert_harmless(text)
    assert all("\n" not in apply_line(result) for result in results)
    assert apply_exit_code(results, refused=declined, interrupted=stopped) in {0, 1, 3, 4, 130}
    assert plan_exit_code(plan, (), detailed=stopped) in {0, 1, 2}


@slow
@given(RECORDS, OBSERVATIONS, st.tuples(TIMES, WIDTHS), BESIDE)
def test_any_standing_is_written(
    recorded: Recorded, observed: Observed, seen: tuple[datetime, int], beside: Beside
) -> None:
    now, width = seen
    plain, coloured = (
        status_text(recorded, observed, {}, now, width=width, color=color, **beside)
        for color in (False, True)
    )
    assert without_colour(coloured) == plain
    texts: list[str] = [coloured, status_json(recorded, observed, {}, now, **beside)]
    texts += [state_list_text(recorded)]
    texts += [state_show_text(recorded, row.address, width=width) for row in recorded.keys]
    for text in texts:
        assert_harmless(text)


@slow
@given(st.lists(INCIDENTS, max_size=3), WIDTHS)
def test_any_incident_is_written(incidents: list[Incident], width: int) -> None:
    plain, coloured = (
        incident_text(incidents, width=width, color=color) for color in (False, True)
    )
    assert without_colour(coloured) == plain
    assert_harmless(coloured)
    text = incident_json(incidents)
    assert_harmless(text)
    assert len(json.loads(text)["incidents"]) == len(incidents)


@pytest.mark.parametrize("value", [Secret("sk-live"), b"salt", {1, 2}, 1.5, object()])
def test_what_could_hold_a_secret_is_not_written_as_json(value: object) -> None:
    with pytest.raises(TypeError, match="is not written as JSON") as raised:
        plain({"value": [value]})
    assert "sk-live" not in str(raised.value)
