"""`status` and `state`: what is, what is recorded, and mending the record."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.cli.stage import NO_CHANGES, Stack


def test_status_tells_what_is_declared_made_and_stored(new_stack: Callable[..., Stack]) -> None:
    stack = new_stack("a: {}\nb: {secret: {path: team/b, field: TOKEN}}")
    stack.run("status").ended(0).said("Declared, and not made yet: a b", "0 keys, 0 versions.")
    stack.apply().ended(0)
    text = stack.run("status", COLUMNS="200").ended(0)
    text.said("KEY VERSION STAGE API STORE", "current active current", "local:team/b#TOKEN")
    text.said("Stack cli: 2 keys, 2 versions.")
    document = json.loads(stack.run("status", "--format", "json").ended(0).out)
    live = stack.live()
    assert {v["key"]: v["key_id"] for v in document["versions"]} == {
        address: live[address]["id"] for address in ("a", "b")
    }
    assert {v["state"] for v in document["versions"]} == {"active"}
    assert document["problems"] == []


def test_status_says_what_it_cannot_see_and_exits_one(stack: Stack) -> None:
    stack.apply().ended(0)
    wrong, document = stack.look("status", "status --format json", KW_PASSWORD="wrong")
    wrong.ended(1).said("provider 'agents' could not be read", "password is wrong", "unknown")
    assert json.loads(document.ended(1).out)["problems"]


def test_the_record_is_listed_and_shown(stack: Stack) -> None:
    assert stack.run("state", "list").ended(0).err == ""
    stack.apply().ended(0)
    key_id = stack.live()["a"]["id"]
    assert stack.run("state", "list").ended(0).out == "a\n"
    stack.run("state", "show", "a").ended(0).said('key "a"', key_id, "(secret value)", "30d")
    looked = stack.look("state list --format json", "state show a --format json")
    listed, shown = (json.loads(ran.ended(0).out) for ran in looked)
    assert listed == [shown]
    assert shown["versions"][0]["key_id"] == key_id
    assert shown["delete_after"] == 30 * 86400
    assert shown["versions"][0]["created_at"].endswith("Z")
    for ran in stack.look("state show x", "state rm x", "state move-provider x"):
        ran.ended(1).said("'x' is recorded", "state list")
        assert len(ran.err.splitlines()) == 1


def test_a_forgotten_key_is_nobodys_and_left_alone(stack: Stack) -> None:
    stack.apply().ended(0)
    (forgotten,) = stack.items()
    secret = stack.stored("a")
    stack.run("state", "rm", "a").ended(0).said("The live key and its secret are untouched.")
    stack.working("a")
    assert stack.run("state", "list").out.strip() == ""
    stack.run("plan").ended(0).said("Unmanaged keys (1)", forgotten["id"], "Plan: 1 to add")
    stack.apply().ended(0)
    assert len(stack.items()) == 2
    assert stack.accepted(secret)
    assert stack.accepted(stack.stored("a"))
    assert stack.stored("a") != secret
    stack.run("plan", "--detailed-exitcode").ended(0).said(NO_CHANGES, forgotten["id"])


def test_keys_that_were_really_deleted_are_taken_out_of_the_record(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack("a: {}\nb: {}")
    stack.apply().ended(0)
    for key in stack.items():
        stack.api.delete(f"/api-keys/{key['id']}").raise_for_status()
    stack.apply().ended(3).said(
        "2 of 2 recorded keys", "wrong token or role", "`keywright state rm`"
    )
    assert stack.items() == []
    for address in ("a", "b"):
        stack.run("state", "rm", address).ended(0)
    stack.apply().ended(0)
    stack.working("a", "b")


def test_a_provider_that_moved_is_accepted_when_told(stack: Stack) -> None:
    stack.apply().ended(0)
    stack.edit("127.0.0.1", "localhost")
    stack.run("plan").ended(3).said("changed its origin", "keywright state move-provider agents")
    before = stack.writes()
    stack.apply().ended(3).said("Nothing was changed")
    assert stack.writes() == before
    stack.run("state", "move-provider", "agents").ended(0).said("is now http://localhost:")
    stack.run("plan", "--detailed-exitcode").ended(0).said(NO_CHANGES)
    stack.apply().ended(0).said(NO_CHANGES)
    stack.working("a")
