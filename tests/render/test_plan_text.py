from __future__ import annotations

from dataclasses import replace
from textwrap import dedent, indent

import pytest

from reconciler.core.keys import Address, At, Never
from reconciler.core.steps import Plan, Step
from reconciler.render import plan_text
from tests.render.stacks import (
    BILLING,
    CONDEMNED,
    CREATE,
    CRM,
    CRM_KEY,
    CROWDED,
    DELETE,
    DISABLE,
    ENABLE,
    FORGET,
    HOLD,
    KEYS,
    NOW,
    RECOVER,
    RETIRE,
    STRANGER,
    TWIN,
    UNDER_WAY,
    UNREAD,
    UPDATE,
    plan,
)


def shown(what: Plan, *refusals: str, verbose: bool = False) -> str:
    return plan_text(what, KEYS, refusals, width=100, color=False, verbose=verbose)


def body(step: Step) -> str:
    """Give the lines of one step alone."""
    after_title = shown(plan(step)).split(":\n\n", 1)[1]
    return after_title.rsplit("\n\n", 1)[0].strip("\n")


GOLDEN = [
    (
        CREATE,
        """
          # crm-prod-agent-call will be created
            (it does not exist yet)  keys.yaml:14:3
          + key "crm-prod-agent-call" {
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
              + scopes            = ["chat"]
              + secret            = (secret value) -> local:crm/agents#CLOUISLE_API_KEY
            }
        """,
    ),
    (
        UPDATE,
        """
          # billing-staging will be updated in-place
            (it was changed outside Keywright)
          ~ key "billing-staging" {
                id         = "08b8-41d2"
                version    = v2
              ~ scopes     = ["chat"] -> ["agent:read", "chat"]  (+ agent:read)  # drift
              ~ rate_limit = unlimited -> 600/min  # drift  # live key may do MORE than declared
              ~ expires    = (unknown) -> 2027-03-21 00:00 UTC
            }
        """,
    ),
    (
        ENABLE,
        """
          # billing-staging will be enabled
            (`enabled` is true)
          ~ key "billing-staging" {
                id      = "08b8-41d2"
                version = v2
              ~ enabled = false -> true
            }
        """,
    ),
    (
        DISABLE,
        """
          # billing-staging will be disabled
            (`enabled` is false)
            ! the key stops working at once
          ~ key "billing-staging" {
                id      = "08b8-41d2"
                version = v2
              ~ enabled = true -> false
            }
        """,
    ),
    (
        RETIRE,
        """
          # billing-staging will be disabled now, and destroyed after 2026-12-21 02:00 UTC
            (it is not in the manifest any more)
            ! the key stops working at once
          ~ key "billing-staging" {
                id      = "08b8-41d2"
                version = v2
              ~ enabled = true -> false
            }
        """,
    ),
    (
        DELETE,
        """
          # billing-staging will be destroyed
            (it left the manifest, and its time for undo ended)
            ! the key cannot be brought back
          - key "billing-staging" {
              - id      = "08b8-41d2" -> null
              - version = v2 -> null
            }
        """,
    ),
    (
        CONDEMNED,
        """
          # billing-staging v2 will be destroyed
            (the secret of v2 was lost in an interrupted run)
          - key "billing-staging" {
              - id      = "08b8-41d2" -> null
              - version = v2 -> null
            }
        """,
    ),
    (
        FORGET,
        """
          # billing-staging will be forgotten
            (it is gone at the API)
          ~ key "billing-staging" {
                id      = "08b8-41d2"
                version = v2
            }
        """,
    ),
    (
        RECOVER,
        """
          # billing-staging is left over from an interrupted run
            (an interrupted create is finished)
          ~ key "billing-staging" {
                id        = "08b8-41d2"
                version   = v2
                operation = "3f9c2a1b3f9c2a1b3f9c2a1b3f9c2a1b" (finish)
            }
        """,
    ),
    (
        HOLD,
        """
          # billing-staging waits for you
            (it was disabled outside Keywright, which may be an incident)
          ! key "billing-staging" {
                id      = "08b8-41d2"
                version = v2
            }
        """,
    ),
]


@pytest.mark.parametrize(("step", "golden"), GOLDEN, ids=lambda value: getattr(value, "action", ""))
def test_every_kind_of_step(step: Step, golden: str) -> None:
    assert body(step) == indent(dedent(golden).strip(), "  ")


def test_a_whole_plan_from_the_legend_to_the_summary() -> None:
    text = shown(
        plan(DELETE, HOLD, foreign=(TWIN, STRANGER), scheduled=(UNDER_WAY,)),
        "1 of 2 keys would be removed",
    )
    assert text == dedent(
        """\
        Actions are indicated with the following symbols:
          - destroy
          ! wait for you

        Keywright will perform the following actions:

          # billing-staging will be destroyed
            (it left the manifest, and its time for undo ended)
            ! the key cannot be brought back
          - key "billing-staging" {
              - id      = "08b8-41d2" -> null
              - version = v2 -> null
            }

        Keywright leaves these keys alone until you decide:

          # billing-staging waits for you
            (it was disabled outside Keywright, which may be an incident)
          ! key "billing-staging" {
                id      = "08b8-41d2"
                version = v2
            }

        Unmanaged keys (2), which are left alone:
          "crm-prod-agent-call" at 'agents', id "77aa", no known use
              has the name of declared key crm-prod-agent-call but not our mark; it is left alone
          "old-billing" at 'agents', id "99bb", last used 2026-11-01 08:30 UTC

        Under way:
          billing-staging v3 is disabled, and will be destroyed after 2026-12-21 02:00 UTC (in 30d)

        Apply would refuse this plan:
          * 1 of 2 keys would be removed

        Plan: 0 to add, 0 to change, 1 to destroy. 1 held, 1 refused."""
    )


def test_a_provider_that_could_not_be_read_is_prominent() -> None:
    text = shown(plan(CREATE, providers=(UNREAD,)))
    assert "\nWarning: provider 'studio' could not be read\n  HTTP 503 from GET /keys" in text
    assert text.endswith("Plan: 1 to add, 0 to change, 0 to destroy. 1 not read.")


@pytest.mark.parametrize(
    ("what", "refusals", "summary"),
    [
        (plan(), (), "No changes. Your keys match the manifest."),
        (plan(foreign=(TWIN,)), (), "No changes. Your keys match the manifest."),
        (plan(CREATE), (), "Plan: 1 to add, 0 to change, 0 to destroy."),
        (plan(RETIRE, FORGET), (), "Plan: 0 to add, 2 to change, 0 to destroy."),
        (plan(RECOVER), (), "Plan: 0 to add, 1 to change, 0 to destroy. 1 left over."),
        (
            plan(RECOVER, CREATE, HOLD),
            (),
            "Plan: 1 to add, 1 to change, 0 to destroy. 1 held, 1 left over.",
        ),
        (plan(HOLD), (), "No changes to make. 1 key waits for you (see above)."),
        (plan(HOLD, HOLD), (), "No changes to make. 1 key waits for you (see above)."),
        (
            plan(HOLD, replace(HOLD, address=CRM)),
            (),
            "No changes to make. 2 keys wait for you (see above).",
        ),
        (plan(providers=(UNREAD,)), (), "Nothing can be said about provider 'studio'."),
        (
            plan(HOLD, providers=(UNREAD, replace(UNREAD, name="crm"))),
            (),
            "Nothing can be said about providers 'studio', 'crm'. 1 key waits for you (see above).",
        ),
        (
            plan(),
            ("the state is stale",),
            "No changes to make, but apply would refuse this plan (see above).",
        ),
    ],
)
def test_the_last_line_says_it_exactly(what: Plan, refusals: tuple[str, ...], summary: str) -> None:
    text = shown(what, *refusals)
    assert text.rsplit("\n", 1)[-1] == summary
    assert ("No changes. Your keys" in text) is summary.startswith("No changes. ")


def test_the_summary_is_not_broken_on_a_narrow_terminal() -> None:
    text = plan_text(CROWDED, KEYS, width=40, color=False)
    assert "\nPlan: 1 to add, 6 to change, 2 to destroy.\n" in text


def test_the_legend_explains_only_what_occurs() -> None:
    legend = shown(CROWDED).split("\n\n", 1)[0].splitlines()
    assert legend == [
        "Actions are indicated with the following symbols:",
        "  ~ finish or undo what an interrupted run left over",
        "  + create",
        "  ~ disable",
        "  ~ update in-place",
        "  ~ enable",
        "  ~ disable now, destroy later",
        "  - destroy",
        "  ~ forget",
        "  ! wait for you",
    ]
    assert shown(plan(HOLD)).splitlines()[1:3] == ["  ! wait for you", ""]


def test_expiries_as_they_are_declared() -> None:
    dated = replace(CRM_KEY, lifetime=At(NOW), protect=True)
    for key, line in (
        (dated, "+ expires           = 2026-11-21 02:00 UTC"),
        (dated, "+ protect           = true"),
        (replace(CRM_KEY, lifetime=Never()), "+ expires           = never"),
    ):
        assert line in plan_text(plan(CREATE), {CRM: key}, width=100, color=False)
    unmanaged = replace(CRM_KEY, lifetime=None)
    assert "expires" not in plan_text(plan(CREATE), {CRM: unmanaged}, width=100, color=False)


def test_a_create_that_the_manifest_does_not_explain_names_its_provider() -> None:
    assert '+ provider = "agents"' in plan_text(plan(CREATE), {}, width=100, color=False)


def test_a_later_version_is_named() -> None:
    assert "+ version           = v3" in shown(plan(replace(CREATE, number=3)))


def test_only_ten_unmanaged_keys_are_listed_unless_asked_for_more() -> None:
    many = tuple(replace(STRANGER, name=f"old-{number:02}") for number in range(12))
    text = shown(plan(foreign=(*many, TWIN)))
    assert "Unmanaged keys (13)" in text
    assert "  … and 3 more (--verbose lists them all)\n" in text
    assert '"old-09"' not in text
    assert text.index("no known use") < text.index('"old-00"')
    assert '"old-11"' in shown(plan(foreign=many), verbose=True)


def test_verbose_tells_cause_and_precondition() -> None:
    text = shown(plan(UPDATE), verbose=True)
    assert "cause        = drift, changed" in text
    assert 'precondition = "ab12cd34"' in text


def test_long_sets_are_cut_and_say_so() -> None:
    scopes = tuple(f"scope-{number:03}" for number in range(50))
    wide = replace(UPDATE.differences[0], after=scopes, added=scopes)
    text = shown(plan(replace(UPDATE, differences=(wide,))))
    assert '"scope-019", … 30 more]' in " ".join(text.split())
    assert "scope-020" not in text


def test_times_that_differ_by_less_than_is_shown_are_shown_whole() -> None:
    late = replace(UPDATE.differences[2], before=NOW, after=NOW.replace(microsecond=7), known=True)
    text = shown(plan(replace(UPDATE, differences=(late,))))
    assert "2026-11-21 02:00:00+00:00 -> 2026-11-21 02:00:00.000007+00:00" in text


def test_a_name_cannot_pass_itself_off_as_a_summary() -> None:
    forged = "x\nPlan: 0 to add, 0 to change, 0 to destroy.\nError: y"
    text = shown(
        plan(
            replace(DELETE, address=Address(forged), sentence=forged, impact=forged),
            foreign=(replace(TWIN, name=forged, twin_of=Address(forged)),),
            scheduled=(replace(UNDER_WAY, address=Address(forged)),),
            providers=(replace(UNREAD, name=forged, problem=forged),),
        ),
        forged,
    )
    assert [line for line in text.split("\n") if line.startswith(("Plan:", "Error:"))] == [
        "Plan: 0 to add, 0 to change, 1 to destroy. 1 not read, 1 refused."
    ]


def test_what_pull_request_tools_look_for_in_terraform_plans_is_there() -> None:
    """The patterns of tfcmt's parser, which are anchored at the end of the line."""
    lines = shown(CROWDED).split("\n")
    assert f"  # {CRM} will be created" in lines
    assert f"  # {BILLING} will be updated in-place" in lines
    assert f"  # {BILLING} will be destroyed" in lines
    assert sum(line.startswith("Plan: 1 to add") for line in lines) == 1


def test_ten_thousand_steps_are_written_whole() -> None:
    steps = tuple(replace(CREATE, address=Address(f"key-{number}")) for number in range(10_000))
    text = shown(plan(*steps))
    assert text.count("will be created") == 10_000
    assert text.endswith("Plan: 10000 to add, 0 to change, 0 to destroy.")
