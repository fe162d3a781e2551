"""The life of keys as their owner lives it: edit keys.yaml, plan, apply, look."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.cli.stage import NO_CHANGES, Stack


def test_a_key_is_made_changed_switched_off_and_on_and_removed(stack: Stack) -> None:
    assert stack.live() == {}
    stack.run("plan", "--detailed-exitcode").ended(2).said("+ create", "Plan: 1 to add")
    stack.apply().ended(0).said("Apply complete! Keys: 1 added, 0 changed, 0 destroyed.")
    stack.working("a")
    first = stack.live()["a"]
    assert first["scopes"] == ["chat"]
    for ran in stack.look("apply --auto-approve", "plan -detailed-exitcode"):
        ran.ended(0).said(NO_CHANGES)

    stack.edit("a: {}", "a: {scopes: [chat, 'agent:read'], rate_limit: 60/min}")
    changed = stack.run("plan", "-detailed-exitcode").ended(2)
    changed.said("~ scopes", '["chat"] -> ["agent:read", "chat"]', "Plan: 0 to add, 1 to change")
    assert stack.live()["a"]["scopes"] == ["chat"]
    stack.apply().ended(0).said("0 added, 1 changed, 0 destroyed")
    assert sorted(stack.live()["a"]["scopes"]) == ["agent:read", "chat"]
    assert stack.live()["a"]["id"] == first["id"]
    stack.apply().ended(0).said(NO_CHANGES)

    secret = stack.stored("a")
    stack.edit("rate_limit: 60/min", "enabled: false")
    stack.run("plan").ended(0).said("will be disabled", "the key stops working at once")
    stack.apply().ended(0)
    assert not stack.accepted(secret)
    stack.apply().ended(0).said(NO_CHANGES)
    stack.edit("enabled: false", "enabled: true")
    stack.apply().ended(0)
    assert stack.accepted(secret)
    assert stack.stored("a") == secret


def test_a_removed_key_is_off_at_once_and_gone_when_its_time_is_over(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack("a: {}\nb: {}\nc: {}\nd: {rotate: {delete_after: 0s}}")
    stack.apply().ended(0)
    kept, gone = stack.stored("a"), stack.stored("d")

    stack.edit("  a: {}\n", "")
    stack.run("plan").ended(0).said("destroy later", "it is not in the manifest any more")
    stack.apply().ended(0)
    assert not stack.accepted(kept)
    assert sorted(stack.live()) == ["a", "b", "c", "d"]
    assert stack.stored("a") == kept
    status, document, plan = stack.look(
        "status", "status --format json", "plan --detailed-exitcode"
    )
    status.ended(0).said("Scheduled deletions:", "a v1 will be destroyed")
    told = re.search(r"after (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", status.text)
    assert told is not None
    due = datetime.fromisoformat(told[1]).replace(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < due < timedelta(days=30)
    assert json.loads(document.ended(0).out)["scheduled"]
    plan.ended(0).said("Under way:", NO_CHANGES)

    stack.edit("  d: {rotate: {delete_after: 0s}}\n", "")
    stack.run("apply", "--auto-approve").ended(3).said("--allow-revoke 1", "Nothing was changed")
    assert stack.accepted(gone)
    stack.apply("--allow-revoke", "1").ended(0)
    assert stack.apply("--allow-revoke", "1").code == 0
    assert sorted(stack.live()) == ["a", "b", "c"]
    assert not stack.accepted(gone)
    assert stack.stored("d") is None
    stack.run("plan", "--detailed-exitcode").ended(0).said(NO_CHANGES)


def test_a_removed_key_that_comes_back_is_switched_on_again(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack("a: {}\nb: {}\nc: {}\nd: {}")
    stack.apply().ended(0)
    secret = stack.stored("a")
    stack.edit("  a: {}\n", "")
    stack.apply().ended(0)
    assert not stack.accepted(secret)
    stack.edit("keys:\n", "keys:\n  a: {}\n")
    stack.apply().ended(0)
    assert stack.accepted(secret)
    stack.run("plan", "--detailed-exitcode").ended(0).said(NO_CHANGES)


def test_a_protected_key_stays_until_that_is_taken_back(new_stack: Callable[..., Stack]) -> None:
    stack = new_stack("a: {protect: true}\nb: {}\nc: {}\nd: {}")
    stack.apply().ended(0)
    stack.edit("  a: {protect: true}\n", "")
    stack.run("plan", "--detailed-exitcode").ended(2).said("it left the manifest but is protected")
    stack.apply("--allow-revoke", "9").ended(0).said("protect: false")
    assert stack.accepted(stack.stored("a"))
    stack.edit("keys:\n", "keys:\n  a: {protect: false}\n")
    stack.apply().ended(0)
    stack.edit("  a: {protect: false}\n", "")
    stack.apply().ended(0)
    assert not stack.accepted(stack.stored("a"))


def test_what_people_do_outside_is_held_made_anew_or_undone(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack("a: {}\nb: {}\nc: {}\nd: {}\ne: {}")
    stack.apply().ended(0)
    live = stack.live()
    old = stack.stored("b")
    stack.api.post(f"/api-keys/{live['a']['id']}/deactivate").raise_for_status()
    stack.api.delete(f"/api-keys/{live['b']['id']}").raise_for_status()
    changed = {"scopes": ["chat", "admin"]}
    stack.api.put(f"/api-keys/{live['c']['id']}", json=changed).raise_for_status()
    foreign = stack.api.post("/api-keys", json={"name": "somebody-elses"}).json()["data"]

    plan = stack.run("plan", "--detailed-exitcode").ended(2)
    plan.said("# a waits for you", "disabled outside Keywright, which may be an incident")
    plan.said("v1 was deleted outside Keywright", "it was changed outside Keywright", "# drift")
    plan.said("Unmanaged keys (1)", '"somebody-elses"', foreign["id"])
    plan.said("Plan: 1 to add, 1 to change, 0 to destroy. 1 held.")
    stack.apply().ended(0)

    after = stack.live()
    assert not after["a"]["is_active"]
    assert after["b"]["id"] != live["b"]["id"]
    assert after["c"]["scopes"] == ["chat"]
    assert after["somebody-elses"] == {k: v for k, v in foreign.items() if k != "key"}
    new = stack.stored("b")
    assert new != old
    assert stack.accepted(new)

    before = stack.writes()
    waiting, idle = stack.look("plan --detailed-exitcode", "apply --auto-approve")
    waiting.ended(2).said("1 key waits for you")
    idle.ended(0)
    assert stack.writes() == before
    stack.api.post(f"/api-keys/{live['a']['id']}/activate").raise_for_status()
    stack.run("plan", "--detailed-exitcode").ended(0).said(NO_CHANGES)


def test_unmanaged_keys_can_be_ignored_or_forbidden(stack: Stack) -> None:
    stack.api.post("/api-keys", json={"name": "foreign"}).raise_for_status()
    stack.edit("    limits:", "    unmanaged: ignore\n    limits:")
    stack.run("plan").ended(0).not_said("foreign")
    stack.edit("unmanaged: ignore", "unmanaged: fail")
    stack.run("plan").ended(3).said("1 unmanaged key", "forbids that")
    before = stack.writes()
    stack.apply().ended(3).said("Nothing was changed")
    assert stack.writes() == before


def test_a_twin_by_name_is_told_apart(stack: Stack) -> None:
    twin = stack.api.post("/api-keys", json={"name": "a"}).json()["data"]["id"]
    stack.run("plan").ended(0).said("has the name of declared key a but not our mark")
    stack.apply().ended(0)
    assert len(stack.items()) == 2
    assert any(item["id"] == twin and item["name"] == "a" for item in stack.items())
