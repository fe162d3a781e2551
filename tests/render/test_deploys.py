"""What is shown of APIs whose keys count on a deploy, have no names, or have one switch for all."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.keys import Cause
from reconciler.core.observed import Deployment, Observed, ProviderView
from reconciler.core.recorded import ProviderRow
from reconciler.core.steps import (
    Action,
    Difference,
    Foreign,
    Outcome,
    ProviderState,
    Reason,
    Result,
    Step,
    provider_address,
)
from reconciler.render import apply_line, outcome_table, plan_text, status_json, status_text
from tests.render.stacks import CRM, CRM_KEY, CURRENT, ESCAPE, KEYS, NOW, OBSERVED, RECORDED, plan

STUDIO = "agents"
TOGGLE = Step(
    address=provider_address(STUDIO),
    provider=STUDIO,
    action=Action.SWITCH_OFF,
    cause=Cause.CONFIG,
    reason=Reason.TOGGLED,
    sentence="`keys_enabled` is false",
    differences=(Difference("keys_enabled", before=True, after=False, cause=Cause.CONFIG),),
    impact="2 working keys stop at once, 1 of them not ours: key abc (not ours), crm",
)
DEPLOY = Step(
    address=provider_address(STUDIO),
    provider=STUDIO,
    action=Action.DEPLOY,
    cause=Cause.CONFIG,
    reason=Reason.NOT_DEPLOYED,
    sentence="new keys count only after a deploy: crm",
    projects=("backoffice", f"store{ESCAPE}[31mfront"),
)


def shown(*steps: Step, nameless: bool = False, foreign: tuple[Foreign, ...] = ()) -> str:
    state = ProviderState(STUDIO, "https://x.example", "studio", None, None, nameless=nameless)
    made = replace(plan(*steps), foreign=foreign, scheduled=(), providers=(state,))
    return plan_text(made, KEYS, (), width=100, color=False)


def test_the_switch_is_a_line_of_its_own_and_says_whom_it_hits() -> None:
    text = shown(TOGGLE)
    assert "# provider agents will have all its keys switched off" in text
    assert "! 2 working keys stop at once, 1 of them not ours" in text
    assert '~ provider "agents" {' in text
    assert "~ keys_enabled = true -> false" in text
    assert "Plan: 0 to add, 1 to change, 0 to destroy." in text


def test_a_deploy_names_its_projects_in_order_and_no_control_characters() -> None:
    text = shown(DEPLOY, replace(DEPLOY, action=Action.REDEPLOY))
    assert "# provider agents will be deployed\n" in text
    assert "will be deployed, once keys are gone" in text
    assert '~ projects = "backoffice", then "store' in text
    assert ESCAPE not in text
    assert "Plan: 0 to add, 2 to change, 0 to destroy." in text


def test_a_key_without_a_name_shows_none() -> None:
    create = Step(
        address=CRM,
        provider=STUDIO,
        action=Action.CREATE,
        cause=Cause.CONFIG,
        reason=Reason.MISSING,
        sentence="it does not exist yet",
    )
    assert "+ name " in shown(create)
    foreign = (Foreign(STUDIO, CURRENT.key_id, "", None),)
    text = shown(create, nameless=True, foreign=foreign)
    assert "+ name " not in text
    assert f"(no name) at '{STUDIO}', id \"{CURRENT.key_id}\"" in text


def test_a_field_that_cannot_be_read_back_says_so() -> None:
    difference = Difference("options.note", "a", "b", Cause.CONFIG, known=False, write_only=True)
    step = replace(TOGGLE, address=CRM, action=Action.UPDATE, differences=(difference,))
    assert "# cannot be read back" in shown(step)


def test_outcomes_of_a_provider_are_told_in_words() -> None:
    results = (
        Result(DEPLOY, Outcome.DONE, "backoffice, storefront"),
        Result(TOGGLE, Outcome.FAILED, "the API refused"),
    )
    assert apply_line(results[0]) == "providers/agents: deployed (backoffice, storefront)"
    assert apply_line(results[1]) == "providers/agents: switch off FAILED: the API refused"
    assert "switch off" in outcome_table(results, width=100, color=False)


def observed(*deployments: Deployment, enabled: bool | None = True) -> Observed:
    (view,) = OBSERVED.providers
    seen: ProviderView = replace(view, deployments=deployments, enabled=enabled)
    return replace(OBSERVED, providers=(seen,))


def deployment(project: str, *, holds: bool, enabled: bool = True) -> Deployment:
    return Deployment(
        project=project,
        stage="deployed",
        running=True,
        failed=False,
        deployed_at=NOW,
        key_ids=frozenset({CURRENT.key_id}) if holds else frozenset(),
        enabled=enabled,
    )


def status(seen: Observed, *, set_to: bool | None = None) -> str:
    provider = ProviderRow(
        name=STUDIO, origin="o", dialect="studio", tenant=None, keys_enabled=set_to
    )
    recorded = replace(RECORDED, providers=(provider,))
    return status_text(recorded, seen, KEYS, NOW, width=240, color=False)


def test_applied_is_not_yet_effective_until_a_deploy_carries_it() -> None:
    assert "IN EFFECT" not in status(OBSERVED)
    waiting = status(observed(deployment("backoffice", holds=False)))
    assert "IN EFFECT" in waiting
    assert "not yet" in waiting
    text = status(
        observed(deployment("backoffice", holds=True), deployment("storefront", holds=False))
    )
    assert "agents backoffice: deployed, deployed 0s ago with 1 key" in text
    assert "agents storefront: deployed, deployed 0s ago with 0 keys" in text
    off = status(observed(deployment("backoffice", holds=True, enabled=False)))
    assert "all switched off" in off


def test_the_switch_is_shown_and_whether_it_is_ours() -> None:
    seen = observed(deployment("backoffice", holds=True), enabled=False)
    assert "agents: all keys are off\n" in status(seen, set_to=False)
    assert "off, which is not how we had set them" in status(seen, set_to=True)
    document = status_json(RECORDED, seen, {CRM: CRM_KEY}, NOW)
    assert '"projects"' in document
    assert '"switches"' in document
