from __future__ import annotations

import json
from dataclasses import replace
from textwrap import dedent

import pytest

from reconciler.core.keys import Address
from reconciler.core.steps import Action, Outcome, Reason, Result, Step
from reconciler.render import (
    apply_exit_code,
    apply_line,
    apply_summary,
    outcome_table,
    plan_exit_code,
    report_json,
)
from tests.render.stacks import (
    CREATE,
    CROWDED,
    DELETE,
    DISABLE,
    ENABLE,
    FORGET,
    HOLD,
    RECOVER,
    UNREAD,
    UPDATE,
    plan,
    step,
)

MADE = Result(CREATE, Outcome.DONE, "v1 created (9f3e), secret in local:crm/agents#KEY")
FAILED = Result(DELETE, Outcome.FAILED, "the API said HTTP 500, three times in a row")
UNKNOWN = Result(DISABLE, Outcome.UNKNOWN, "no answer came; the next run looks at it again")
REFUSED = Result(UPDATE, Outcome.REFUSED, "the API refused: no such scope")
SKIPPED = Result(ENABLE, Outcome.SKIPPED, "not begun: the run was asked to stop")


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (
            MADE,
            "crm-prod-agent-call: created v1 (9f3e), secret in local:crm/agents#KEY",
        ),
        (Result(UPDATE, Outcome.DONE, "v2: scopes"), "billing-staging: updated v2: scopes"),
        (
            Result(ENABLE, Outcome.DONE, "v2 switched on"),
            "billing-staging: switched on v2",
        ),
        (
            Result(DELETE, Outcome.DONE, "v2 deleted (08b8), confirmed gone"),
            "billing-staging: deleted v2 (08b8), confirmed gone",
        ),
        (
            Result(replace(FORGET, number=None), Outcome.DONE, "its record was removed"),
            "billing-staging: forgotten (its record was removed)",
        ),
        (
            Result(RECOVER, Outcome.DONE, "the interrupted create is closed"),
            "billing-staging: recovered v2 (the interrupted create is closed)",
        ),
        (
            FAILED,
            "billing-staging: delete v2 FAILED: the API said HTTP 500, three times in a row",
        ),
        (SKIPPED, "billing-staging: enable v2 SKIPPED: not begun: the run was asked to stop"),
        (
            Result(replace(FORGET, number=None), Outcome.FAILED, "x\n::error::y \x1b[2J"),
            "billing-staging: forget FAILED: x\\n::error::y \\x1b[2J",
        ),
    ],
)
def test_one_outcome_on_one_line(result: Result, line: str) -> None:
    assert apply_line(result) == line


def test_every_action_has_a_word_for_being_done() -> None:
    for action in Action:
        line = apply_line(Result(step(action, Reason.MISSING, ""), Outcome.DONE, "v2"))
        assert line.startswith("billing-staging: ")
        assert line.endswith(" v2")


def test_the_table_puts_what_went_wrong_last_with_what_to_do_next() -> None:
    text = outcome_table((FAILED, UNKNOWN, MADE, REFUSED, SKIPPED), width=72, color=False)
    assert text == dedent(
        """\
        KEY                  ACTION      OUTCOME  WHAT HAPPENED
        crm-prod-agent-call  create v1   done     v1 created (9f3e), secret in
                                                  local:crm/agents#KEY
        billing-staging      enable v2   SKIPPED  not begun: the run was asked
                                                  to stop
        billing-staging      update v2   REFUSED  the API refused: no such scope
        billing-staging      disable v2  UNKNOWN  no answer came; the next run
                                                  looks at it again
        billing-staging      delete v2   FAILED   the API said HTTP 500, three
                                                  times in a row

        What to do next:
          * Failed (1 step): remove the cause, then run `keywright apply` again;
            it goes on.
          * No clear answer (1 step): run `keywright plan`; it finds out what
            happened.
          * Refused (1 step), and nothing changed there: correct what was
            objected to.
          * Not begun (1 step): run `keywright apply` again."""
    )


def test_the_table_is_stacked_where_there_is_no_room() -> None:
    assert outcome_table((MADE, FAILED), width=40, color=False).splitlines()[:5] == [
        "crm-prod-agent-call create v1 done",
        "    v1 created (9f3e), secret in",
        "    local:crm/agents#KEY",
        "billing-staging delete v2 FAILED",
        "    the API said HTTP 500, three times",
    ]


def test_failures_are_loud() -> None:
    text = outcome_table((MADE, FAILED), width=120, color=True)
    assert "\x1b[1;31mFAILED\x1b[0m" in text
    assert "\x1b[32mdone\x1b[0m" in text


def test_a_table_of_nothing() -> None:
    assert outcome_table((), width=80, color=False) == "Nothing was done."


@pytest.mark.parametrize(
    ("results", "summary"),
    [
        ((), "Apply complete! Keys: 0 added, 0 changed, 0 destroyed."),
        ((MADE,), "Apply complete! Keys: 1 added, 0 changed, 0 destroyed."),
        (
            (MADE, replace(FAILED, outcome=Outcome.DONE), replace(REFUSED, outcome=Outcome.DONE)),
            "Apply complete! Keys: 1 added, 1 changed, 1 destroyed.",
        ),
        (
            (MADE, FAILED, SKIPPED, SKIPPED),
            "Apply incomplete: Keys: 1 added, 0 changed, 0 destroyed; 1 failed, 2 skipped.",
        ),
    ],
)
def test_the_last_sentence_of_an_apply(results: tuple[Result, ...], summary: str) -> None:
    assert apply_summary(results) == summary


def test_every_kind_of_trouble_is_counted() -> None:
    text = apply_summary((UNKNOWN, REFUSED, FAILED))
    assert text.endswith("; 1 failed, 1 unknown, 1 refused.")


def test_a_report_has_every_result() -> None:
    document = json.loads(report_json(CROWDED, (MADE, FAILED), stopped=False, declined=False))
    assert document["summary"] == {
        "added": 1,
        "changed": 0,
        "destroyed": 0,
        "done": 1,
        "refused": 0,
        "failed": 1,
        "unknown": 0,
        "skipped": 0,
        "held": 1,
    }
    assert [result["outcome"] for result in document["results"]] == ["done", "failed"]
    assert document["results"][1]["step"]["address"] == "billing-staging"
    assert document["results"][1]["sentence"] == FAILED.sentence
    assert (document["complete"], document["stopped"], document["declined"]) == (False,) * 3


def test_a_report_is_complete_when_all_that_was_agreed_is_done() -> None:
    document = json.loads(report_json(plan(CREATE), (MADE,), stopped=False, declined=False))
    assert document["complete"] is True


@pytest.mark.parametrize(
    ("results", "refused", "interrupted", "code"),
    [
        ((), False, False, 0),
        ((MADE,), False, False, 0),
        ((FAILED,), False, False, 1),
        ((UNKNOWN,), False, False, 1),
        ((REFUSED,), False, False, 1),
        ((SKIPPED,), False, False, 1),
        ((MADE, FAILED), False, False, 4),
        ((MADE, UNKNOWN), False, False, 4),
        ((MADE, REFUSED), False, False, 4),
        ((MADE, SKIPPED), False, False, 4),
        ((), True, False, 3),
        ((MADE, FAILED), True, False, 3),
        ((), False, True, 130),
        ((MADE, FAILED), True, True, 130),
    ],
)
def test_exit_codes_of_an_apply(
    results: tuple[Result, ...], refused: bool, interrupted: bool, code: int
) -> None:
    assert apply_exit_code(results, refused=refused, interrupted=interrupted) == code


@pytest.mark.parametrize(
    ("steps", "unread", "refusals", "plainly", "detailed"),
    [
        ((), False, (), 0, 0),
        ((CREATE,), False, (), 0, 2),
        ((HOLD,), False, (), 0, 2),
        ((), True, (), 1, 1),
        ((CREATE,), True, (), 1, 1),
        ((), False, ("no",), 3, 3),
        ((CREATE,), True, ("no",), 3, 3),
    ],
)
def test_exit_codes_of_a_plan(
    steps: tuple[Step, ...],
    unread: bool,
    refusals: tuple[str, ...],
    plainly: int,
    detailed: int,
) -> None:
    made = replace(plan(), steps=steps, providers=(UNREAD,) if unread else ())
    assert plan_exit_code(made, refusals, detailed=False) == plainly
    assert plan_exit_code(made, refusals, detailed=True) == detailed


def test_no_row_is_wider_than_the_terminal_because_of_a_long_word() -> None:
    long = (
        "v1 created (5c7a79b4-4438-446e-8ebc-977625c6905f), secret in local:gateway-upstream#secret"
    )
    made = Result(replace(CREATE, address=Address("gateway-voice-upstream")), Outcome.DONE, long)
    text = outcome_table([made], width=80, color=False)
    assert max(map(len, text.splitlines())) <= 80
    assert "5c7a79b4-4438-446e-8ebc-977625c6905f" in text
