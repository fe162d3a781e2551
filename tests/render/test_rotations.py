"""How rotations, revocations and what follows from them are drawn in a plan."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from textwrap import dedent

import pytest

from reconciler.core.keys import Address
from reconciler.core.steps import (
    Action,
    Outcome,
    Plan,
    Reason,
    Remark,
    Result,
    Scheduled,
    Step,
    Topic,
)
from reconciler.render import apply_line, outcome_table, plan_json, plan_text
from reconciler.render.events import step_line
from tests.render.printed import too_wide
from tests.render.stacks import (
    BILLING,
    CRM,
    DELETE,
    HOLD,
    KEYS,
    NOTIFY,
    NOW,
    RESTORE,
    RETIRE,
    REVOKE,
    ROTATE,
    plan,
    step,
)

OLD_RETIRE = replace(RETIRE, reason=Reason.SUPERSEDED, number=1, impact=None)
OLD_DELETE = replace(DELETE, reason=Reason.SUPERSEDED, number=1, impact=None)


def shown(what: Plan, *, width: int = 100, verbose: bool = False) -> str:
    return plan_text(what, KEYS, (), width=width, color=False, verbose=verbose)


def heading(of: Step) -> str:
    return next(line for line in shown(plan(of)).splitlines() if line.startswith("  # "))


def test_a_rotation_shows_what_is_made_and_what_forced_it() -> None:
    text = shown(plan(ROTATE))
    assert text == dedent(
        """\
        Actions are indicated with the following symbols:
        +/- create replacement and then retire the old key

        Keywright will perform the following actions:

          # crm-prod-agent-call (old key works until 2026-11-23 02:00 UTC) must be replaced
            (the API cannot change scopes)
        +/- key "crm-prod-agent-call" {
              ~ version           = v1 -> v2
              + name              = "crm-prod-agent-call"
              + provider          = "agents"
              + owner             = "team-crm"
              + service           = "crm"
              + environment       = "prod"
              + labels.purpose    = "agent-call"
              + expires           = in 120d
              + enabled           = true
              + options.agent_ids = ["1a2b", "3f0e"]
              + rate_limit        = 600/min
              ~ scopes            = ["chat", "x"] -> ["chat"]  (- x)  # forces rotation
              ~ options.region    = "eu" -> "us"  # forces rotation  # drift
              + secret            = (secret value) -> local:crm/agents#CLOUISLE_API_KEY
            }

        Plan: 1 to add, 0 to change, 0 to destroy. 1 rotation."""
    )


def test_only_an_immutable_field_forces_a_rotation() -> None:
    text = shown(plan(replace(ROTATE, reason=Reason.TOO_OLD)))
    assert '~ scopes            = ["chat", "x"] -> ["chat"]  (- x)\n' in text
    assert "# forces rotation" not in text


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (ROTATE, "crm-prod-agent-call (old key works until 2026-11-23 02:00 UTC) must be replaced"),
        (
            replace(ROTATE, due_at=None),
            f"{CRM} (old key works until consumers are told, and for 48h after) must be replaced",
        ),
        (
            replace(ROTATE, overlap=timedelta()),
            "crm-prod-agent-call (old key stops once the new one is in use) must be replaced",
        ),
        (
            replace(ROTATE, overlap=timedelta(), reason=Reason.COMPROMISED),
            "crm-prod-agent-call (old key is revoked) must be replaced",
        ),
        (
            replace(ROTATE, overlap=None, due_at=None),
            "crm-prod-agent-call must be replaced",
        ),
        (REVOKE, "billing-staging v2 will be revoked at once"),
        (NOTIFY, "billing-staging: consumers will be told"),
        (RESTORE, "billing-staging will get its former key back"),
        (
            OLD_RETIRE,
            "billing-staging v1 will be disabled now, and destroyed after 2026-12-21 02:00 UTC",
        ),
        (OLD_DELETE, "billing-staging v1 will be destroyed"),
        (replace(HOLD, reason=Reason.STILL_USED), "billing-staging v2 stays for now"),
        (replace(HOLD, reason=Reason.NOT_USED_YET), "billing-staging v2 stays for now"),
        (replace(HOLD, reason=Reason.NOT_ANNOUNCED), "billing-staging v2 stays for now"),
        (replace(HOLD, reason=Reason.UNPROVEN), "billing-staging v2 stays for now"),
        (replace(HOLD, reason=Reason.ENABLED_OUTSIDE), "billing-staging v2 stays for now"),
        (replace(HOLD, reason=Reason.STILL_USED, number=None), "billing-staging waits for you"),
        (replace(HOLD, reason=Reason.ROLLED_BACK), "billing-staging waits for you"),
    ],
)
def test_the_heading_names_what_it_is_about(of: Step, words: str) -> None:
    assert heading(of) == f"  # {words}"


def test_other_steps_of_versions() -> None:
    text = shown(plan(REVOKE, RESTORE, NOTIFY))
    assert '- key "billing-staging" {\n      - id      = "08b8-41d2"\n      - version = v2' in text
    assert 'id      = "08b8-41d2"\n      ~ version = v2 -> v1\n' in text
    loud = plan_text(plan(REVOKE), KEYS, (), width=100, color=True)
    assert '\x1b[1;31m- key "billing-staging"\x1b[0m {' in loud


def test_rotations_are_counted_before_what_is_held() -> None:
    text = shown(plan(ROTATE, replace(ROTATE, address=BILLING), HOLD))
    assert text.endswith("Plan: 2 to add, 0 to change, 0 to destroy. 2 rotations, 1 held.")


def due(number: int, days: int, action: Action = Action.ROTATE) -> Scheduled:
    return Scheduled(Address(f"key-{number}"), 1, action, NOW + timedelta(days=days))


def test_what_time_makes_due_is_listed_and_of_rotations_the_nearest() -> None:
    retire = Scheduled(CRM, 1, Action.RETIRE, NOW + timedelta(hours=47))
    rotations = tuple(due(number, 1000 - number) for number in range(900))
    many = plan(scheduled=(due(7, 29, Action.DELETE), *rotations, retire))
    assert shown(many) == dedent(
        """\
        Under way:
          key-7 v1 is disabled, and will be destroyed after 2026-12-20 02:00 UTC (in 29d)
          crm-prod-agent-call v1 works until 2026-11-23 01:00 UTC (in 1d 23h), then it is disabled
          key-899 v1 is rotated next after 2027-03-02 02:00 UTC (in 101d)
          key-898 v1 is rotated next after 2027-03-03 02:00 UTC (in 102d)
          key-897 v1 is rotated next after 2027-03-04 02:00 UTC (in 103d)
          … and 897 more (--verbose lists them all)

        No changes. Your keys match the manifest."""
    )
    assert shown(many, verbose=True).count("is rotated next") == 900
    assert len(json.loads(plan_json(many))["scheduled"]) == 902


def test_a_few_rotations_are_listed_whole() -> None:
    assert "more" not in shown(plan(scheduled=(due(1, 1), due(2, 2), due(3, 3))))


def test_remarks_are_worth_a_look_and_no_change() -> None:
    soon = Remark(CRM, 2, Topic.EXPIRES, "it expires soon", NOW + timedelta(days=1))
    later = Remark(CRM, 1, Topic.EXPIRES, "it expires later", NOW + timedelta(days=9))
    ownerless = Remark(BILLING, 1, Topic.NO_OWNER, "it has no owner")
    text = shown(replace(plan(), remarks=(ownerless, later, soon)))
    assert text == dedent(
        """\
        Worth a look:
          crm-prod-agent-call v2: it expires soon
          crm-prod-agent-call v1: it expires later
          billing-staging v1: it has no owner

        No changes. Your keys match the manifest."""
    )
    many = replace(plan(), remarks=(ownerless,) * 12)
    assert "  … and 2 more (--verbose lists them all)\n" in shown(many)
    assert shown(many, verbose=True).count("it has no owner") == 12


def test_a_rotation_as_json() -> None:
    remark = Remark(CRM, 2, Topic.EXPIRES, "it expires soon", NOW)
    what = replace(plan(ROTATE, scheduled=(due(1, 1),)), remarks=(remark,))
    document = json.loads(plan_json(what))
    assert (document["steps"][0]["replaces"], document["steps"][0]["overlap"]) == (1, 172800)
    assert document["summary"]["rotations"] == 1
    assert document["scheduled"] == [
        {"address": "key-1", "number": 1, "action": "rotate", "at": "2026-11-22T02:00:00Z"}
    ]
    assert document["remarks"] == [
        {
            "address": "crm-prod-agent-call",
            "number": 2,
            "topic": "expires",
            "sentence": "it expires soon",
            "at": "2026-11-21T02:00:00Z",
        }
    ]


def test_verbose_tells_the_overlap() -> None:
    assert "overlap           = 2d" in shown(plan(ROTATE), verbose=True)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_rotations_fit_the_terminal(width: int) -> None:
    steps = (ROTATE, replace(ROTATE, due_at=None), REVOKE, NOTIFY, RESTORE, OLD_RETIRE)
    assert not too_wide(shown(plan(*steps), width=width), width)


@pytest.mark.parametrize(
    ("of", "begins", "ends"),
    [
        (ROTATE, "rotating", "rotated v2 (secret stored)"),
        (REVOKE, "revoking", "revoked v2 (secret stored)"),
        (NOTIFY, "telling consumers", "announced v2 (secret stored)"),
        (RESTORE, "bringing the former key back", "restored v1 (secret stored)"),
    ],
)
def test_progress_is_told_in_words(of: Step, begins: str, ends: str) -> None:
    assert step_line(of) == f"{of.address}: {begins}..."
    assert apply_line(Result(of, Outcome.DONE, "secret stored")) == f"{of.address}: {ends}"


def test_every_action_and_reason_can_be_shown() -> None:
    for action in Action:
        for reason in Reason:
            of = step(action, reason, "because")
            assert "(because)" in shown(plan(of))
        assert step_line(of).endswith("...")
        assert str(of.number) in outcome_table(
            [Result(of, Outcome.DONE, "")], width=80, color=False
        )


def test_escapes_in_the_words_of_others_stay_harmless() -> None:
    text = shown(plan(replace(ROTATE, sentence="\x1b[2J\nPlan: x")))
    assert "(\\x1b[2J\\nPlan: x)" in text
