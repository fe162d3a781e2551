from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

from reconciler.core.steps import Difference, Plan, Step
from reconciler.render import plan_json, report_json
from tests.render.stacks import CREATE, CROWDED, EVERY_STEP, HOLD, STRANGER, UPDATE, plan


def read(what: Plan, *refusals: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(plan_json(what, refusals))
    return document


def test_a_plan_round_trips() -> None:
    document = read(CROWDED, "too many removals")
    assert list(document) == [
        "format_version",
        "stack",
        "lineage",
        "serial",
        "made_at",
        "digest",
        "managed",
        "providers",
        "steps",
        "foreign",
        "scheduled",
        "remarks",
        "summary",
        "complete",
        "refusals",
    ]
    assert document["format_version"] == "1.0"
    assert document["made_at"] == "2026-11-21T02:00:00Z"
    assert document["summary"] == {"add": 1, "change": 6, "destroy": 2, "rotations": 0, "held": 1}
    assert document["complete"] is False
    assert document["refusals"] == ["too many removals"]
    assert [step["action"] for step in document["steps"]] == [str(s.action) for s in EVERY_STEP]
    assert document["providers"][1]["problem"] == "HTTP 503 from GET /keys, 3 times"
    assert document["foreign"][1]["twin_of"] == "crm-prod-agent-call"
    assert document["scheduled"][0]["at"] == "2026-12-21T02:00:00Z"


def test_every_field_of_a_step_is_there() -> None:
    (step,) = read(plan(UPDATE))["steps"]
    assert list(step) == [field.name for field in fields(Step)]
    assert list(step["differences"][0]) == [field.name for field in fields(Difference)]
    assert step["differences"][0]["before"] == ["chat"]
    assert step["differences"][1] == {
        "field": "rate_limit",
        "before": None,
        "after": 600,
        "cause": "drift",
        "known": True,
        "added": [],
        "removed": [],
        "widens": True,
        "write_only": False,
    }
    assert step["differences"][2]["after"] == "2027-03-21T00:00:00Z"


def test_names_are_exact_and_give_no_orders() -> None:
    name = "##[set-env name=PATH]\x1b[2J\u202e::error::é##"
    text = plan_json(plan(foreign=(replace(STRANGER, name=name),)))
    assert json.loads(text)["foreign"][0]["name"] == name
    assert text.isascii()
    assert "##" not in text
    assert "\x1b" not in text


def test_the_same_plan_gives_the_same_text() -> None:
    assert plan_json(CROWDED) == plan_json(CROWDED)
    assert plan_json(plan(CREATE, HOLD)) != plan_json(plan(HOLD, CREATE))


def test_a_report_without_a_plan() -> None:
    document = json.loads(report_json(None, (), stopped=True, declined=False))
    assert document["stack"] is None
    assert document["complete"] is False
    assert document["stopped"] is True
