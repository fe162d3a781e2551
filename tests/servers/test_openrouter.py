"""The OpenRouter server does what its references say, over a socket."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.http.fake_clock import FakeClock
from tests.servers.clients import connect
from tests.servers.openrouter import CURRENT, KEY, KEYS, OpenRouterServer

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
OTHER_WORKSPACE = "11111111-1111-4111-8111-111111111111"


def create(keys: httpx.Client, **fields: object) -> dict[str, Any]:
    answer = keys.post(KEYS, json={"name": "a key"} | fields)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def key_path(key_hash: str) -> str:
    return f"{KEYS}/{key_hash}"


def listed(keys: httpx.Client, **query: str | int) -> list[str]:
    answer = keys.get(KEYS, params=query)
    assert answer.status_code == 200, answer.text
    return [row["hash"] for row in answer.json()["data"]]


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Give the status and the message of an error, whose code repeats the status."""
    body = answer.json()
    assert set(body) == {"error"}
    assert body["error"]["code"] == answer.status_code
    return answer.status_code, body["error"]["message"]


def verify(openrouter: OpenRouterServer, secret: str) -> int:
    with connect(openrouter, authorization=f"Bearer {secret}") as client:
        return client.get(CURRENT).status_code


def test_a_key_is_created_with_its_secret_beside_its_data(keys: httpx.Client) -> None:
    made = create(
        keys,
        name="production",
        limit=50,
        limit_reset="monthly",
        expires_at="2027-12-31T23:59:59Z",
        include_byok_in_limit=True,
    )
    secret, row = made["key"], made["data"]
    assert set(made) == {"data", "key"}
    assert secret.startswith("sk-or-v1-")
    assert row == {
        "hash": row["hash"],
        "label": f"sk-or-v1-{secret[9:12]}...{secret[-4:]}",
        "name": "production",
        "disabled": False,
        "limit": 50,
        "limit_remaining": 50,
        "limit_reset": "monthly",
        "include_byok_in_limit": True,
        "expires_at": "2027-12-31T23:59:59Z",
        "created_at": "2026-11-24T12:30:00Z",
        "updated_at": None,
        "creator_user_id": row["creator_user_id"],
        "workspace_id": row["workspace_id"],
        "usage": 0,
        "usage_daily": 0,
        "usage_weekly": 0,
        "usage_monthly": 0,
        "byok_usage": 0,
        "byok_usage_daily": 0,
        "byok_usage_weekly": 0,
        "byok_usage_monthly": 0,
    }
    assert len(row["hash"]) == 64
    assert secret not in keys.get(key_path(row["hash"])).text
    assert secret not in keys.get(KEYS).text


def test_what_is_left_out_has_these_values(keys: httpx.Client) -> None:
    row = create(keys)["data"]
    assert [row[name] for name in ("limit", "limit_remaining", "limit_reset", "expires_at")] == [
        None
    ] * 4
    assert row["include_byok_in_limit"] is False


def test_a_key_cannot_be_created_disabled(openrouter: OpenRouterServer, keys: httpx.Client) -> None:
    made = create(keys, disabled=True)
    assert made["data"]["disabled"] is False
    assert verify(openrouter, made["key"]) == 200


@pytest.mark.parametrize(("sent", "told"), [(50.0, "50"), (12.5, "12.5"), (0, "0")])
def test_money_is_a_number_written_as_javascript_does(
    keys: httpx.Client, sent: float, told: str
) -> None:
    path = key_path(create(keys, limit=sent)["data"]["hash"])
    assert f'"limit":{told},' in keys.get(path).text


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": None},
        {"limit": "50"},
        {"limit": True},
        {"limit_reset": "yearly"},
        {"include_byok_in_limit": None},
        {"workspace_id": "not a uuid"},
        {"expires_at": "2027-12-31T23:59:59+02:00"},
        {"expires_at": "2027-12-31T23:59:59+00:00"},
        {"expires_at": "2027-12-31T23:59:59"},
        {"expires_at": "2027-12-31T23:59Z"},
        {"expires_at": "2027-12-31"},
        {"expires_at": "2027-02-30T00:00:00Z"},
        {"expires_at": 1830297599},
    ],
)
def test_a_wrong_value_is_refused_and_makes_nothing(
    openrouter: OpenRouterServer, keys: httpx.Client, fields: dict[str, object]
) -> None:
    answer = keys.post(KEYS, json={"name": "a key"} | fields)
    assert error_of(answer) == (400, "Invalid request parameters")
    assert openrouter.hashes() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"\xff"])
def test_a_body_without_a_name_is_refused(keys: httpx.Client, body: bytes) -> None:
    assert keys.post(KEYS, content=body).status_code == 400


def test_fractions_of_a_second_are_kept_to_the_millisecond(keys: httpx.Client) -> None:
    row = create(keys, expires_at="2027-12-31T23:59:59.123456Z")["data"]
    assert row["expires_at"] == "2027-12-31T23:59:59.123Z"


def test_the_newest_come_first_and_the_offset_pages(
    openrouter: OpenRouterServer, keys: httpx.Client
) -> None:
    made = [openrouter.add_key() for _ in range(7)]
    newest_first = list(reversed(made))
    assert listed(keys) == newest_first[:3]
    assert listed(keys, offset=3) == newest_first[3:6]
    assert listed(keys, offset=6) == newest_first[6:]
    assert listed(keys, offset=7) == []
    assert openrouter.count("GET", KEYS) == 4
    assert openrouter.count("GET", KEY) == 0


@pytest.mark.parametrize(
    "query", [{"offset": "-1"}, {"offset": "two"}, {"include_disabled": "maybe"}]
)
def test_a_wrong_query_is_refused(keys: httpx.Client, query: dict[str, str]) -> None:
    assert error_of(keys.get(KEYS, params=query))[0] == 400


def test_disabled_keys_are_listed_only_if_asked_for(
    openrouter: OpenRouterServer, keys: httpx.Client
) -> None:
    disabled, enabled = openrouter.add_key(disabled=True), openrouter.add_key()
    assert listed(keys) == [enabled]
    assert listed(keys, include_disabled="false") == [enabled]
    assert listed(keys, include_disabled="true") == [enabled, disabled]
    assert keys.get(key_path(disabled)).json()["data"]["disabled"] is True


def test_the_offset_counts_only_what_is_listed(
    openrouter: OpenRouterServer, keys: httpx.Client
) -> None:
    enabled = [openrouter.add_key(disabled=number % 2 == 0) for number in range(8)][1::2]
    assert listed(keys) == enabled[:0:-1]
    assert listed(keys, offset=3) == enabled[:1]


def test_only_the_default_workspace_is_listed(keys: httpx.Client) -> None:
    here = create(keys)["data"]["hash"]
    there = create(keys, workspace_id=OTHER_WORKSPACE)["data"]["hash"]
    assert listed(keys) == [here]
    assert listed(keys, workspace_id=OTHER_WORKSPACE) == [there]
    assert keys.get(key_path(there)).status_code == 200


def test_an_update_merges(keys: httpx.Client, clock: FakeClock) -> None:
    before = create(keys, limit=50, limit_reset="daily")["data"]
    clock.time += timedelta(hours=1)
    answer = keys.patch(key_path(before["hash"]), json={"name": "renamed", "limit": 75})
    assert answer.status_code == 200
    after = answer.json()["data"]
    changes = {"name": "renamed", "limit": 75, "limit_remaining": 75}
    assert after == before | changes | {"updated_at": "2026-11-24T13:30:00Z"}
    assert keys.get(key_path(before["hash"])).json()["data"] == after


def test_null_clears_the_limit(keys: httpx.Client) -> None:
    path = key_path(create(keys, limit=50, limit_reset="daily")["data"]["hash"])
    row = keys.patch(path, json={"limit": None, "limit_reset": None}).json()["data"]
    assert (row["limit"], row["limit_remaining"], row["limit_reset"]) == (None, None, None)


def test_the_expiry_is_fixed_at_creation(keys: httpx.Client) -> None:
    path = key_path(create(keys, expires_at="2027-12-31T23:59:59Z")["data"]["hash"])
    later = {"expires_at": "2028-12-31T23:59:59Z"}
    assert error_of(keys.patch(path, json=later)) == (400, "No update fields provided")
    row = keys.patch(path, json=later | {"disabled": True}).json()["data"]
    assert (row["expires_at"], row["disabled"]) == ("2027-12-31T23:59:59Z", True)


@pytest.mark.parametrize("fields", [{"disabled": None}, {"name": None}, {"limit": "1"}])
def test_a_wrong_update_changes_nothing(keys: httpx.Client, fields: dict[str, object]) -> None:
    before = create(keys)["data"]
    path = key_path(before["hash"])
    assert error_of(keys.patch(path, json={"name": "renamed"} | fields))[0] == 400
    assert keys.get(path).json()["data"] == before


def test_a_deleted_key_is_gone(openrouter: OpenRouterServer, keys: httpx.Client) -> None:
    made = create(keys)
    path = key_path(made["data"]["hash"])
    answer = keys.delete(path)
    assert (answer.status_code, answer.json()) == (200, {"deleted": True})
    for method in ("GET", "PATCH", "DELETE"):
        assert error_of(keys.request(method, path, json={"name": "x"})) == (
            404,
            "Resource not found",
        )
    assert listed(keys, include_disabled="true") == []
    assert verify(openrouter, made["key"]) == 401


def test_a_key_tells_about_itself(openrouter: OpenRouterServer, keys: httpx.Client) -> None:
    made = create(keys, limit=5, expires_at="2027-12-31T23:59:59Z")
    with connect(openrouter, authorization=f"Bearer {made['key']}") as client:
        shown = client.get(CURRENT).json()["data"]
    assert shown["label"] == made["data"]["label"]
    assert (shown["limit"], shown["expires_at"]) == (5, "2027-12-31T23:59:59Z")
    assert (shown["is_management_key"], shown["is_free_tier"]) == (False, False)
    assert {"hash", "name", "disabled"}.isdisjoint(shown)
    assert keys.get(CURRENT).json()["data"]["is_management_key"] is True


def test_a_disabled_key_works_again_when_it_is_enabled(
    openrouter: OpenRouterServer, keys: httpx.Client
) -> None:
    made = create(keys)
    path = key_path(made["data"]["hash"])
    for disabled, status in [(True, 401), (True, 401), (False, 200)]:
        assert keys.patch(path, json={"disabled": disabled}).status_code == 200
        assert verify(openrouter, made["key"]) == status


def test_a_key_stops_working_when_it_expires(
    openrouter: OpenRouterServer, keys: httpx.Client, clock: FakeClock
) -> None:
    made = create(keys, expires_at="2026-11-24T13:00:00Z")
    assert verify(openrouter, made["key"]) == 200
    clock.time += timedelta(minutes=30)
    assert verify(openrouter, made["key"]) == 401
    assert listed(keys) == [made["data"]["hash"]]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "Missing Authentication header"),
        ({"authorization": "Basic abc"}, "Missing Authentication header"),
        ({"authorization": "Bearer sk-or-v1-unknown"}, "User not found."),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", KEYS), ("POST", KEYS), ("GET", CURRENT)]
    + [(method, key_path("0" * 64)) for method in ("GET", "PATCH", "DELETE")],
)
def test_nobody_else_may_do_anything(
    openrouter: OpenRouterServer, method: str, path: str, headers: dict[str, str], message: str
) -> None:
    with connect(openrouter, **headers) as client:
        assert error_of(client.request(method, path, json={"name": "x"})) == (401, message)


def test_an_ordinary_key_manages_nothing(openrouter: OpenRouterServer, keys: httpx.Client) -> None:
    made = create(keys)
    path = key_path(made["data"]["hash"])
    with connect(openrouter, authorization=f"Bearer {made['key']}") as client:
        assert client.post(KEYS, json={"name": "x"}).status_code == 403
        assert client.get(KEYS).status_code == 401
        assert client.delete(path).status_code == 401
    assert openrouter.hashes() == [made["data"]["hash"]]


def test_what_is_not_described_is_not_there(
    openrouter: OpenRouterServer, keys: httpx.Client
) -> None:
    path = key_path(openrouter.add_key())
    assert error_of(keys.post(f"{path}/rotate", json={}))[0] == 404
    assert error_of(keys.post(f"{KEYS}/", json={"name": "x"}))[0] == 404
    assert error_of(keys.put(path, json={"name": "x"}))[0] == 405
    assert len(openrouter.hashes()) == 1
