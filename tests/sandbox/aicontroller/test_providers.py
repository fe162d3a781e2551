"""LLM providers: managing them, and their keys, which go in and never come out."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.aicontroller.conftest import PROVIDER_KEY, Params, Person
from tests.sandbox_process import SandboxProcess

GONE = (404, "NotFoundException")
INVALID = (422, "ValidationException")
CONFLICT = (409, "ConflictException")
REJECTED = (422, "InvalidProviderKeyException")
URL = "https://api.example.com/v1"


def matches(sandbox: SandboxProcess, provider: str, key: str) -> bool:
    body = {"sha256": hashlib.sha256(key.encode()).hexdigest()}
    path = f"/aic/providers/{provider}/key-matches"
    answer = sandbox.control.request("GET", path, json=body)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"matches"}
    return bool(answer.json()["matches"])


def test_a_provider_comes_changes_and_goes(admin: Person, names: Iterator[str]) -> None:
    name = f"openai {next(names)}"
    made = admin.ask("POST", "/providers", status=201, name=name, url=URL, authType="Bearer")
    provider = made["data"]
    attributes = {"name": name, "url": URL, "authType": "Bearer", "hasApiKey": False}
    assert provider["attributes"] == attributes
    path = f"/providers/{provider['id']}"
    assert admin.ask("GET", path)["data"] == provider
    changed = admin.ask("PATCH", path, url="http://127.0.0.1:9/v2")["data"]
    assert changed["attributes"] == attributes | {"url": "http://127.0.0.1:9/v2"}
    assert admin.ask("PATCH", path)["data"] == changed
    assert admin.ask("DELETE", path) == {"code": 200, "message": "Provider deleted"}
    assert admin.refused("GET", path) == GONE
    assert admin.refused("PATCH", path, url=URL) == GONE
    assert admin.refused("DELETE", path) == GONE


def test_names_are_unique(admin: Person, names: Iterator[str]) -> None:
    one, two = f"one {next(names)}", f"two {next(names)}"
    first, second = admin.provide(one), admin.provide(two)
    assert admin.refused("POST", "/providers", name=one, url=URL) == CONFLICT
    assert admin.refused("PATCH", f"/providers/{second}", name=one) == CONFLICT
    admin.ask("PATCH", f"/providers/{first}", name=one)
    admin.ask("DELETE", f"/providers/{first}")
    admin.ask("PATCH", f"/providers/{second}", name=one)


@pytest.mark.parametrize(
    "attributes",
    [
        {"name": "ab"},
        {"name": "x" * 33},
        {"name": None},
        {"url": ""},
        {"url": "api.example.com"},
        {"url": "ftp://api.example.com"},
        {"url": "https://"},
        {"url": "https://[::1"},
        {"url": "https://api.example.com/" + "x" * 2000},
        {"url": None},
        {"authType": "Basic"},
        {"authType": None},
        {"apiKey": None},
        {"apiKey": 7},
        {"apiKey": {"value": PROVIDER_KEY}},
    ],
    ids=lambda attributes: str(attributes)[:40],
)
def test_wrong_attributes_are_invalid(
    admin: Person, provider: str, attributes: dict[str, Any]
) -> None:
    given: dict[str, Any] = {"name": "a provider", "url": URL} | attributes
    assert admin.refused("POST", "/providers", **given) == INVALID
    assert admin.refused("PATCH", f"/providers/{provider}", **attributes) == INVALID


@pytest.mark.parametrize("missing", ["name", "url"])
def test_name_and_url_are_mandatory(admin: Person, missing: str) -> None:
    given: dict[str, Any] = {"name": "a provider", "url": URL}
    del given[missing]
    assert admin.refused("POST", "/providers", **given) == INVALID


@pytest.mark.parametrize("length", [3, 32])
def test_names_have_three_to_thirty_two_characters(admin: Person, length: int) -> None:
    provider = admin.provide("ü" * length)
    admin.ask("DELETE", f"/providers/{provider}")


def test_providers_are_searched_and_paged(admin: Person, names: Iterator[str]) -> None:
    mark = f"Mark {next(names)}"
    made = [admin.provide(f"{mark} {number}") for number in range(3)]
    wanted: Params = {"name": mark.upper(), "pageSize": 2}
    first = admin.ask("GET", "/providers", params=wanted)
    assert [one["id"] for one in first["data"]] == made[:2]
    assert first["meta"] == {"page": 1, "pageSize": 2, "total": 3}
    second = admin.ask("GET", "/providers", params=wanted | {"page": 2})
    assert [one["id"] for one in second["data"]] == made[2:]
    assert admin.ask("GET", "/providers", params={"name": "no such %"})["data"] == []
    assert admin.ask("GET", "/providers")["meta"]["total"] >= 3
    assert admin.refused("GET", "/providers", params={"pageSize": 101}) == INVALID


@pytest.mark.parametrize("provider_id", ["999999", "0", "01", "openai", "9" * 30])
def test_an_unknown_id_is_not_found(
    admin: Person, sandbox: SandboxProcess, provider_id: str
) -> None:
    assert admin.refused("GET", f"/providers/{provider_id}") == GONE
    path = f"/aic/providers/{provider_id}/key-matches"
    assert sandbox.control.request("GET", path, json={"sha256": "00"}).status_code == 404


def test_a_key_goes_in_and_can_only_be_compared(
    admin: Person, sandbox: SandboxProcess, provider: str
) -> None:
    path = f"/providers/{provider}"
    shown = admin.call("GET", path)
    assert shown.json()["data"]["attributes"]["hasApiKey"] is True
    assert "apiKey" not in shown.json()["data"]["attributes"]
    assert matches(sandbox, provider, PROVIDER_KEY)
    assert not matches(sandbox, provider, PROVIDER_KEY + "x")
    admin.ask("PATCH", path, authType="Bearer")
    assert matches(sandbox, provider, PROVIDER_KEY)
    rotated = "sk-the-next-key-of-the-upstream"
    changed = admin.call("PATCH", path, json={"data": {"attributes": {"apiKey": rotated}}})
    assert changed.json()["data"]["attributes"]["hasApiKey"] is True
    assert matches(sandbox, provider, rotated)
    assert not matches(sandbox, provider, PROVIDER_KEY)
    everything = shown.text + changed.text + admin.call("GET", "/providers").text
    for key in (PROVIDER_KEY, rotated):
        assert key not in everything + admin.call("GET", "/audit").text


def test_a_provider_without_a_key_matches_none(
    admin: Person, sandbox: SandboxProcess, names: Iterator[str]
) -> None:
    provider = admin.provide(f"keyless {next(names)}")
    assert not matches(sandbox, provider, PROVIDER_KEY)
    admin.ask("PATCH", f"/providers/{provider}", apiKey=PROVIDER_KEY)
    assert matches(sandbox, provider, PROVIDER_KEY)


@pytest.mark.parametrize("key", ["", "sk-", "sk-" + "x" * 16, "pk-" + "x" * 40, " sk-" + "x" * 40])
def test_a_key_that_does_not_look_like_one_is_refused_and_not_repeated(
    admin: Person, sandbox: SandboxProcess, provider: str, key: str
) -> None:
    path = f"/providers/{provider}"
    assert admin.refused("PATCH", path, apiKey=key) == REJECTED
    assert admin.refused("POST", "/providers", name="rejected", url=URL, apiKey=key) == REJECTED
    said = admin.call("PATCH", path, json={"data": {"attributes": {"apiKey": key}}}).text
    assert not key or key not in said
    assert matches(sandbox, provider, PROVIDER_KEY)
    assert admin.ask("GET", "/providers", params={"name": "rejected"})["data"] == []


def test_the_shortest_key_has_twenty_characters(admin: Person, provider: str) -> None:
    admin.ask("PATCH", f"/providers/{provider}", apiKey="sk-" + "x" * 17)


def test_no_key_of_a_provider_is_in_the_database_file(
    admin: Person, database: Path, provider: str
) -> None:
    kept = "sk-kept-key-of-the-upstream-4711"
    admin.ask("PATCH", f"/providers/{provider}", apiKey=kept)
    stored = b"".join(path.read_bytes() for path in database.parent.iterdir() if path.is_file())
    assert b"age-encryption.org/v1" in stored
    for key in (PROVIDER_KEY, kept):
        assert key.encode() not in stored
        assert key.removeprefix("sk-").encode() not in stored
        assert hashlib.sha256(key.encode()).digest() not in stored


@pytest.mark.parametrize("body", [{}, {"sha256": "no hex"}, {"sha256": 7}])
def test_a_comparison_wants_a_hash(
    sandbox: SandboxProcess, provider: str, body: dict[str, Any]
) -> None:
    path = f"/aic/providers/{provider}/key-matches"
    assert sandbox.control.request("GET", path, json=body).status_code == 422
