"""Listing keys: order, paging, filters and counts."""

from typing import Any

import pytest

from tests.sandbox.conftest import Params, Person, Value
from tests.sandbox_process import SandboxProcess


def names(person: Person, **params: Value) -> list[str]:
    return [key["name"] for key in person.data("GET", "/api-keys", params=params)["items"]]


@pytest.fixture
def seven(member: Person) -> list[str]:
    return [member.create(name=f"key {number}")["name"] for number in range(7)]


def test_the_newest_comes_first(member: Person, seven: list[str]) -> None:
    shown = member.data("GET", "/api-keys")
    assert {name: shown[name] for name in ("total", "page", "page_size")} == {
        "total": 7,
        "page": 1,
        "page_size": 20,
    }
    assert [key["name"] for key in shown["items"]] == seven[::-1]
    assert all("key" not in key for key in shown["items"])


def test_equal_times_keep_a_stable_order(member: Person, sandbox: SandboxProcess) -> None:
    sandbox.control.put("/time", json={"fixed": "2030-01-01T00:00:00Z"})
    member.log_in()
    made = [member.create(name=f"key {number}") for number in range(6)]
    assert len({key["created_at"] for key in made}) == 1
    pages = [names(member, page=page, page_size=2) for page in (1, 2, 3)]
    assert [name for page in pages for name in page] == [key["name"] for key in made[::-1]]


def test_pages_cover_everything_and_the_next_one_is_empty(member: Person, seven: list[str]) -> None:
    pages = [names(member, page=page, page_size=3) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert [name for page in pages for name in page] == seven[::-1]
    assert len(names(member, page_size=1_000_000)) == 7
    assert member.data("GET", "/api-keys", params={"page": 99})["total"] == 7


def test_offsets_shift_when_keys_are_created_meanwhile(member: Person, seven: list[str]) -> None:
    first = names(member, page=1, page_size=3)
    member.create(name="late")
    assert names(member, page=2, page_size=3)[0] == first[-1]
    assert len(seven) == 7


@pytest.mark.parametrize(
    "params", [{"page": 0}, {"page": -1}, {"page_size": -5}, {"page": 0, "page_size": -1}]
)
def test_a_negative_window_breaks(member: Person, params: Params) -> None:
    assert member.refused("GET", "/api-keys", params=params) == (500, -1)


def test_a_window_beyond_all_numbers_breaks(member: Person) -> None:
    assert member.refused("GET", "/api-keys", params={"page": 10**30}) == (500, -1)


def test_a_page_that_is_no_number_is_invalid(member: Person) -> None:
    answer = member.call("GET", "/api-keys", params={"page": "one"})
    assert answer.status_code == 422
    assert list(answer.json()["data"]["errors"]) == ["query.page"]


def test_status_filters_can_be_combined(member: Person) -> None:
    member.create(name="active")
    member.create(name="lasting", expires_at="2999-01-01")
    off = member.create(name="off")
    member.create(name="expired", expires_at="2001-01-01")
    both = member.create(name="both", expires_at="2001-01-01")
    for key in (off, both):
        member.data("POST", f"/api-keys/{key['id']}/deactivate")
    assert names(member, status="active") == ["lasting", "active"]
    assert names(member, status="inactive") == ["both", "off"]
    assert names(member, status="expired") == ["both", "expired"]
    assert len(names(member, status=["active", "expired"])) == 4
    assert names(member, status="expired", search="XPIR") == ["expired"]
    stats = member.data("GET", "/api-keys/stats")
    assert stats == {"total": 5, "active": 2, "inactive": 2, "expired": 2}


def test_a_key_expires_when_its_time_comes(member: Person, sandbox: SandboxProcess) -> None:
    sandbox.control.put("/time", json={"fixed": "2030-01-01T00:00:00Z"})
    member.log_in()
    member.create(expires_at="2030-01-01T00:00:01Z")
    assert len(names(member, status="active")) == 1
    sandbox.control.put("/time", json={"fixed": "2030-01-01T00:00:02Z"})
    assert names(member, status="active") == []
    assert len(names(member, status="expired")) == 1


def test_search_looks_at_names_and_prefixes(member: Person) -> None:
    key = member.create(name="Ärger 100%_a")
    other = member.create(name="plain")
    assert names(member, search="ÄRGER") == [key["name"]]
    assert names(member, search="%_") == [key["name"]]
    assert names(member, search="0%a") == []
    assert names(member, search=other["key_prefix"]) == ["plain"]


def test_a_member_cannot_ask_for_the_keys_of_others(admin: Person, member: Person) -> None:
    foreign, own = admin.create(name="admin's"), member.create(name="own")
    assert names(member, user_id=foreign["user_id"]) == ["own"]
    assert names(admin, user_id=[foreign["user_id"], own["user_id"]]) == ["own", "admin's"]
    assert member.refused("GET", "/api-keys", params={"user_id": "nope"}) == (422, 1001)


def test_bindings_are_listed_with_their_keys(
    member: Person, agent: dict[str, Any], workflow: dict[str, Any]
) -> None:
    member.create(name="free")
    member.create(name="bound", agent_ids=[agent["id"]], workflow_ids=[workflow["id"]])
    bound, free = member.data("GET", "/api-keys")["items"]
    assert [one["id"] for one in bound["agents"]] == [agent["id"]]
    assert [one["id"] for one in bound["workflows"]] == [workflow["id"]]
    assert free["agents"] == free["workflows"] == []
