"""Every system of the seeds, end to end: its example creates, changes, switches off, revokes and
deletes keys over a real socket; a second apply rests, and the plan after it is empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.stage import running_sandbox
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess
from tests.systems.story import Example, Stage, open_stage

CLOUISLE = Example(name="clouisle", dialects=("clouisle",))
PINBRIDGE = Example(
    name="pinbridge",
    dialects=("pinbridge",),
    slots={"scheduler-prod": "scheduler/prod/PINBRIDGE_API_KEY"},
)
ITELLICO = Example(name="itellico", dialects=("itellico",))
INTELLITHING = Example(name="intellithing", dialects=("intellithing",))
AI_CONTROLLER = Example(name="ai-controller", dialects=("ai-controller", "itellico"))


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def stage_of(tmp_path: Path, sandbox: SandboxProcess) -> Callable[[Example], Stage]:
    return lambda example: open_stage(example, tmp_path / example.name, sandbox)


def test_clouisle(stage_of: Callable[[Example], Stage]) -> None:
    stage = stage_of(CLOUISLE)
    stage.apply().ended(0).said("4 added, 0 changed, 0 destroyed")
    stage.rests()
    secret = stage.stored("billing-prod-workflows")
    assert stage.accepts(secret)

    stage.edit("rate_limit: 60/min", "rate_limit: 90/min")
    stage.apply().ended(0).said("0 added, 1 changed")
    stage.rests()
    stage.edit("enabled: true ", "enabled: false")
    stage.apply().ended(0)
    assert not stage.accepts(secret)
    stage.rests()

    gone = stage.stored("export-nightly")
    stage.edit('  export-nightly:\n    scopes: ["agent:read"]\n    expires: {after: 30d}\n', "")
    stage.apply().ended(0).said("0 added, 1 changed, 0 destroyed")
    assert not stage.accepts(gone)
    stage.rests()


def test_pinbridge(stage_of: Callable[[Example], Stage]) -> None:
    stage = stage_of(PINBRIDGE)
    stage.apply().ended(0).said("4 added, 0 changed, 0 destroyed")
    stage.rests()
    assert stage.accepts(stage.stored("scheduler-prod"))

    stage.edit("worker-prod:\n    scopes: [read, write]", "worker-prod:\n    scopes: [read]")
    stage.run("plan").ended(0).said("~ scopes", '["read", "write"] -> ["read"]')
    stage.apply().ended(0).said("0 added, 1 changed")
    stage.rests()

    gone = stage.stored("reports-prod")
    stage.edit("  reports-prod:\n    scopes: [read]\n", "")
    stage.run("plan").ended(3).said("would be deleted for good (reports-prod)")
    stage.apply("--allow-revoke", "1").ended(0).said("0 added, 0 changed, 1 destroyed")
    assert not stage.accepts(gone)
    stage.rests()


def test_pinbridge_refuses_what_its_keys_have_not(stage_of: Callable[[Example], Stage]) -> None:
    stage = stage_of(PINBRIDGE)
    stage.edit(
        "reports-prod:\n    scopes: [read]",
        "reports-prod:\n    expires: {after: 9d}\n    enabled: false",
    )
    ran = stage.run("validate").ended(1)
    ran.said(
        "pinbridge keys have no expiry: they never expire",
        "they can only be revoked, not switched off",
        "`scopes` must be declared: PinBridge gives a key every scope",
    )


def test_itellico(stage_of: Callable[[Example], Stage]) -> None:
    stage = stage_of(ITELLICO)
    stage.apply().ended(0).said("4 added, 0 changed, 0 destroyed")
    stage.rests()
    secret = stage.stored("ci-github-actions")
    assert stage.accepts(secret)

    stage.edit("prod: {expires: {after: 90d}}", "prod: {expires: {after: 120d}}")
    stage.apply().ended(0).said("0 added, 2 changed")
    stage.rests()
    stage.edit("enabled: true ", "enabled: false")
    stage.apply().ended(0)
    assert not stage.accepts(secret)
    stage.rests()
    stage.edit("enabled: false", "enabled: true ")
    stage.apply().ended(0)
    assert stage.accepts(secret)
    stage.rests()

    gone = stage.stored("webhook-handler-staging")
    stage.edit("  webhook-handler-staging: {environment: staging}\n", "")
    stage.apply().ended(0).said("0 added, 1 changed, 0 destroyed")
    assert not stage.accepts(gone)
    stage.rests()


def test_intellithing(stage_of: Callable[[Example], Stage]) -> None:
    stage = stage_of(INTELLITHING)
    plan = stage.run("plan").ended(0)
    plan.said("keys_enabled", "4 to add")
    stage.apply().ended(0).said("4 added")
    assert stage.accepts(stage.stored("shop-frontend"))
    stage.rests()

    gone = stage.stored("shop-monitoring")
    stage.edit("  shop-monitoring: {}\n", "")
    stage.apply("--allow-revoke", "1").ended(0).said("1 destroyed")
    assert not stage.accepts(gone)
    assert stage.accepts(stage.stored("shop-frontend"))
    stage.rests()

    stage.edit("keys_enabled: true ", "keys_enabled: false")
    stage.apply().ended(3).said("--allow-revoke 3")
    assert stage.accepts(stage.stored("shop-frontend"))
    stage.apply("--allow-revoke", "3").ended(0)
    assert not stage.accepts(stage.stored("shop-frontend"))
    stage.rests()
    stage.edit("keys_enabled: false", "keys_enabled: true ")
    stage.apply().ended(0)
    assert stage.accepts(stage.stored("shop-frontend"))
    stage.rests()


def test_ai_controller(stage_of: Callable[[Example], Stage]) -> None:
    stage = stage_of(AI_CONTROLLER)
    stage.apply().ended(0).said("4 added, 1 changed, 0 destroyed")
    assert stage.accepts(stage.stored("crm-prod-assistant"))
    assert stage.accepts(stage.stored("gateway-voice-upstream"), "itellico")
    stage.rests()

    stage.edit("expires: {after: 90d}", "expires: {after: 60d}")
    stage.apply().ended(0).said("0 added, 4 changed")
    stage.rests()

    gone = stage.stored("search-prod-assistant")
    stage.edit('  search-prod-assistant:\n    provider: gateway\n    options: {user: "1"}\n', "")
    stage.apply("--allow-revoke", "1").ended(0).said("1 destroyed")
    assert not stage.accepts(gone)
    stage.rests()


def test_the_plan_says_what_else_a_key_reaches(
    stage_of: Callable[[Example], Stage], sandbox: SandboxProcess
) -> None:
    stage = stage_of(ITELLICO)
    answer = httpx.post(
        f"{sandbox.url}/itellico/v1/accounts/me/subaccounts",
        json={"name": "Acme Europe"},
        headers={"Authorization": f"Bearer {sandbox.credentials('itellico')['token']}"},
        verify=NO_CERTIFICATES,
    )
    answer.raise_for_status()
    stage.run("plan").ended(0).said("it will also reach Acme Europe")


def test_use_of_a_deployed_key_is_told(stage_of: Callable[[Example], Stage]) -> None:
    stage = stage_of(INTELLITHING)
    stage.apply().ended(0)
    found = json.loads(stage.run("status", "--format", "json").ended(0).out)
    assert all(version["last_used_at"] for version in found["versions"])
