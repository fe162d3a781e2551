"""The life of a key: creating, showing, listing, changing, and deleting it softly."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.aicontroller.conftest import NEXT_YEAR, Params, Person
from tests.sandbox_process import SandboxProcess

GONE = (404, "NotFoundException")
INVALID = (422, "ValidationException")
FORBIDDEN = (403, "ForbiddenException")
UNKNOWN = "aic_999999999"


def listed(person: Person, **params: str | int) -> dict[str, Any]:
    wanted: Params = {"pageSize": 100, **params}
    return person.ask("GET", "/apikeys", params=wanted)


def ids(person: Person, **params: str | int) -> list[str]:
    return [key["id"] for key in listed(person, **params)["data"]]


def test_a_new_key_has_every_attribute_and_shows_its_secret_once(
    member: Person, provider: str, number_of: Callable[[Person], str]
) -> None:
    body = member.ask(
        "POST",
        "/apikeys",
        status=201,
        name="crm-prod",
        userId=number_of(member),
        providerId=provider,
        expiry="2199-05-02",
    )
    assert set(body) == {"code", "message", "data"}
    key = body["data"]
    secret = key["attributes"].pop("apiKey")
    assert re.fullmatch(r"aic_sk_[0-9A-Za-z_-]{43}", secret)
    assert re.fullmatch(r"aic_[1-9][0-9]{4,}", key["id"])
    created = key["attributes"].pop("created")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created)
    assert abs(datetime.fromisoformat(created) - datetime.now(UTC)) < timedelta(minutes=1)
    assert key["attributes"] == {
        "name": "crm-prod",
        "userId": number_of(member),
        "providerId": provider,
        "expiry": "2199-05-02",
        "lastUsed": None,
        "deleted": False,
    }
    shown = member.call("GET", f"/apikeys/{key['id']}")
    assert shown.json()["message"] == "OK"
    assert shown.json()["data"]["attributes"] == key["attributes"] | {"created": created}
    assert secret not in shown.text + member.call("GET", "/apikeys").text


def test_a_key_without_owner_and_provider_is_the_callers_and_free(
    member: Person, number_of: Callable[[Person], str]
) -> None:
    attributes = member.create()["attributes"]
    assert attributes["userId"] == number_of(member)
    assert attributes["providerId"] is None
    assert member.create(providerId=None)["attributes"]["providerId"] is None


def test_ids_count(member: Person) -> None:
    first, second = (int(member.create()["id"].removeprefix("aic_")) for _ in range(2))
    assert second == first + 1
    assert first > 10_000


def test_names_repeat(member: Person) -> None:
    twins = [member.create(name="  twin ") for _ in range(2)]
    assert [key["attributes"]["name"] for key in twins] == ["  twin "] * 2
    assert twins[0]["id"] != twins[1]["id"]
    assert twins[0]["attributes"]["apiKey"] != twins[1]["attributes"]["apiKey"]


WRONG = [
    {"name": ""},
    {"name": "x" * 101},
    {"name": None},
    {"name": 7},
    {"expiry": None},
    {"expiry": ""},
    {"expiry": 20270502},
    {"expiry": "soon"},
    {"expiry": "20270502"},
    {"expiry": "2027-5-2"},
    {"expiry": "2027-W01-1"},
    {"expiry": "2027-02-29"},
    {"expiry": "0000-01-01"},
    {"expiry": "2027-05-02T00:00:00Z"},
    {"expiry": "\uff12\uff10\uff12\uff17-05-02"},
    {"expiry": "2199-05-02\n"},
    {"userId": None},
    {"userId": 1},
    {"userId": "me"},
    {"userId": "-1"},
    {"userId": "01"},
    {"userId": "1" * 30},
    {"providerId": 2},
    {"providerId": ""},
    {"providerId": "openai"},
]


@pytest.mark.parametrize("attributes", WRONG, ids=str)
def test_wrong_attributes_are_invalid(admin: Person, attributes: dict[str, Any]) -> None:
    key = admin.create()
    given: dict[str, Any] = {"name": "a key", "expiry": NEXT_YEAR} | attributes
    assert admin.refused("POST", "/apikeys", **given) == INVALID
    assert admin.refused("PATCH", f"/apikeys/{key['id']}", **attributes) == INVALID
    assert admin.key(key["id"])["name"] == "a key"


@pytest.mark.parametrize("missing", ["name", "expiry"])
def test_name_and_expiry_are_mandatory(member: Person, missing: str) -> None:
    given: dict[str, Any] = {"name": "a key", "expiry": NEXT_YEAR}
    del given[missing]
    answer = member.call("POST", "/apikeys", json={"data": {"attributes": given}})
    assert answer.json() == {
        "code": 422,
        "exception": "ValidationException",
        "message": f"{missing} is missing",
    }


def test_the_longest_name_counts_characters_not_bytes(member: Person) -> None:
    assert member.create(name="ü" * 100)["attributes"]["name"] == "ü" * 100


def test_unknown_attributes_are_ignored(member: Person) -> None:
    key = member.create(id="aic_12345", deleted=True, apiKey="mine", lastUsed=NEXT_YEAR)
    assert key["id"] != "aic_12345"
    assert key["attributes"]["apiKey"] != "mine"
    assert key["attributes"]["deleted"] is False
    assert key["attributes"]["lastUsed"] is None


def test_an_owner_and_a_provider_must_exist(admin: Person) -> None:
    before = listed(admin)["meta"]["total"]
    key = admin.create()
    for name in ("userId", "providerId"):
        attributes: dict[str, Any] = {name: "999999"}
        given: dict[str, Any] = {"name": "a key", "expiry": NEXT_YEAR} | attributes
        assert admin.refused("POST", "/apikeys", **given) == GONE
        assert admin.refused("PATCH", f"/apikeys/{key['id']}", **attributes) == GONE
    assert listed(admin)["meta"]["total"] == before + 1


def test_an_expiry_in_the_past_is_no_way_to_begin_but_a_way_to_end(
    member: Person, use: Callable[..., httpx.Response]
) -> None:
    given: dict[str, Any] = {"name": "a key", "expiry": "2020-01-01"}
    assert member.refused("POST", "/apikeys", **given) == INVALID
    key = member.create()
    assert use(key).status_code == 200
    changed = member.ask("PATCH", f"/apikeys/{key['id']}", expiry="2020-01-01")
    assert changed["data"]["attributes"]["expiry"] == "2020-01-01"
    assert use(key).status_code == 401


def test_today_is_an_expiry_to_begin_with_and_yesterday_is_not(
    member: Person, sandbox: SandboxProcess
) -> None:
    sandbox.control.put("/time", json={"fixed": "2031-05-02T23:59:59Z"})
    member.log_in()
    assert member.create(expiry="2031-05-02")
    given: dict[str, Any] = {"name": "a key", "expiry": "2031-05-01"}
    assert member.refused("POST", "/apikeys", **given) == INVALID


def test_a_patch_changes_only_what_was_sent(
    admin: Person, member: Person, provider: str, number_of: Callable[[Person], str]
) -> None:
    key = member.create()
    path = f"/apikeys/{key['id']}"
    before = member.key(key["id"])
    assert member.ask("PATCH", path)["data"]["attributes"] == before
    renamed = member.ask("PATCH", path, name="new", lastUsed=NEXT_YEAR, created="x")
    assert renamed["message"] == "API key updated"
    assert renamed["data"] == {"id": key["id"], "attributes": before | {"name": "new"}}
    assert "apiKey" not in renamed["data"]["attributes"]
    moved = member.ask("PATCH", path, providerId=provider)["data"]["attributes"]
    assert moved == before | {"name": "new", "providerId": provider}
    freed = member.ask("PATCH", path, providerId=None, expiry="2199-06-01")["data"]["attributes"]
    assert freed == before | {"name": "new", "expiry": "2199-06-01"}
    given = admin.ask("PATCH", path, userId=number_of(admin))["data"]["attributes"]
    assert given["userId"] == number_of(admin)
    assert member.refused("GET", path) == FORBIDDEN


def test_a_deleted_key_stays_and_says_so(member: Person) -> None:
    key = member.create()
    path = f"/apikeys/{key['id']}"
    before = member.key(key["id"])
    answer = member.call("DELETE", path)
    assert (answer.status_code, answer.json()) == (200, {"code": 200, "message": "API key deleted"})
    assert member.key(key["id"]) == before | {"deleted": True}
    assert member.refused("DELETE", path) == GONE
    assert member.refused("PATCH", path, expiry="2020-01-01") == GONE


def test_deleted_keys_are_listed_only_on_demand(member: Person) -> None:
    kept, dropped = member.create(), member.create()
    member.ask("DELETE", f"/apikeys/{dropped['id']}")
    assert ids(member) == ids(member, includeDeleted="false") == [kept["id"]]
    assert listed(member)["meta"]["total"] == 1
    everything = listed(member, includeDeleted="true")
    assert everything["meta"]["total"] == 2
    deleted = {key["id"]: key["attributes"]["deleted"] for key in everything["data"]}
    assert deleted == {kept["id"]: False, dropped["id"]: True}


def test_lists_are_paged_in_the_order_of_ids(member: Person) -> None:
    assert member.ask("GET", "/apikeys") == {
        "code": 200,
        "message": "OK",
        "data": [],
        "meta": {"page": 1, "pageSize": 25, "total": 0},
    }
    made = [member.create(name=f"key {number}")["id"] for number in range(27)]
    first = member.ask("GET", "/apikeys")
    assert [key["id"] for key in first["data"]] == made[:25]
    assert first["meta"] == {"page": 1, "pageSize": 25, "total": 27}
    second = member.ask("GET", "/apikeys", params={"page": 2})
    assert [key["id"] for key in second["data"]] == made[25:]
    beyond = member.ask("GET", "/apikeys", params={"page": 999_999_999, "pageSize": 100})
    assert beyond["data"] == []
    assert beyond["meta"] == {"page": 999_999_999, "pageSize": 100, "total": 27}
    assert ids(member, page=14, pageSize=2) == made[26:]


def test_deleting_between_two_pages_shifts_the_rest(member: Person) -> None:
    made = [member.create()["id"] for _ in range(4)]
    assert ids(member, pageSize=2) == made[:2]
    member.ask("DELETE", f"/apikeys/{made[0]}")
    assert ids(member, pageSize=2, page=2) == made[3:]
    assert ids(member, pageSize=2, page=2, includeDeleted="true") == made[2:]


@pytest.mark.parametrize(
    "params",
    [
        {"page": 0},
        {"page": -1},
        {"page": "x"},
        {"page": "1.5"},
        {"page": ""},
        {"page": "9" * 30},
        {"pageSize": 0},
        {"pageSize": 101},
        {"pageSize": "all"},
        {"includeDeleted": "yes"},
        {"includeDeleted": ""},
    ],
    ids=str,
)
def test_a_page_that_cannot_be_is_invalid(member: Person, params: Params) -> None:
    assert member.refused("GET", "/apikeys", params=params) == INVALID


@pytest.mark.parametrize("key_id", [UNKNOWN, "aic_1", "aic_010001", "10001", "nope", "aic_x"])
def test_an_unknown_id_is_not_found(member: Person, key_id: str) -> None:
    path = f"/apikeys/{key_id}"
    assert member.refused("GET", path) == GONE
    assert member.refused("PATCH", path, name="x") == GONE
    assert member.refused("DELETE", path) == GONE


def test_no_secret_is_in_the_database_file(
    member: Person, database: Path, use: Callable[..., httpx.Response]
) -> None:
    keys = [member.create() for _ in range(3)]
    assert use(keys[0]).status_code == 200
    secrets = [key["attributes"]["apiKey"] for key in keys] + [*member.cookies.values()]
    stored = b"".join(path.read_bytes() for path in database.parent.iterdir() if path.is_file())
    for secret in [*secrets, member.password]:
        assert secret.removeprefix("aic_sk_").encode() not in stored
