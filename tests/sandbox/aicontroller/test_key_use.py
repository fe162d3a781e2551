"""Using a key: the end of its last day, its provider, its rate limit, and its last use."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.aicontroller.conftest import Person, refusal
from tests.sandbox_process import SandboxProcess

REFUSED = (401, "AuthenticationException")
FORBIDDEN = (403, "ForbiddenException")

Use = Callable[..., httpx.Response]


@pytest.fixture
def limited(sandbox: SandboxProcess) -> Iterator[Callable[[int], None]]:
    def limit(per_minute: int) -> None:
        body = {"per_minute": per_minute}
        assert sandbox.control.put("/aic/rate-limit", json=body).json() == body

    yield limit
    limit(60_000)


def models(client: httpx.Client, key: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key['attributes']['apiKey']}"}
    return client.get("/v1/models", headers=headers)


def test_a_key_opens_both_model_endpoints_without_an_envelope(
    anonymous: httpx.Client, member: Person, use: Use
) -> None:
    key = member.create()
    listed = models(anonymous, key)
    assert listed.status_code == 200
    assert [one["object"] for one in listed.json()["data"]] == ["model"]
    answer = use(key, model="gpt-4o", messages=[{"role": "user", "content": "Hi"}]).json()
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "gpt-4o"
    assert answer["choices"][0]["message"]["role"] == "assistant"
    assert use(key).status_code == 200


@pytest.mark.parametrize(
    "header",
    [None, "Bearer", "Bearer aic_sk_unknown", "Basic eDp5", "aic_sk_x", "Bearer ü"],
    ids=str,
)
def test_an_unknown_key_is_refused_in_the_envelope(
    anonymous: httpx.Client, header: str | None
) -> None:
    headers = [] if header is None else [(b"Authorization", header.encode("latin-1"))]
    assert refusal(anonymous.get("/v1/models", headers=headers)) == REFUSED
    assert refusal(anonymous.post("/v1/chat/completions", headers=headers)) == REFUSED


def test_a_session_is_no_key(anonymous: httpx.Client, member: Person) -> None:
    token = member.cookies["AICUserCookie"]
    headers = {"Authorization": f"Bearer {token}", "Cookie": f"AICUserCookie={token}"}
    assert refusal(anonymous.get("/v1/models", headers=headers)) == REFUSED


def test_a_deleted_key_is_refused_at_once(member: Person, use: Use) -> None:
    key = member.create()
    assert use(key).status_code == 200
    member.ask("DELETE", f"/apikeys/{key['id']}")
    assert refusal(use(key)) == REFUSED


def test_a_key_works_until_the_end_of_its_last_day(
    member: Person, sandbox: SandboxProcess, use: Use
) -> None:
    key = member.create(expiry="2190-05-02")
    for instant, status in (
        ("2190-05-01T12:00:00Z", 200),
        ("2190-05-02T00:00:00Z", 200),
        ("2190-05-02T23:59:59.999999Z", 200),
        ("2190-05-03T00:00:00Z", 401),
        # A day is a day in UTC: here it is still the second, there already the third.
        ("2190-05-03T01:59:59+02:00", 200),
        ("2190-05-02T22:00:00-02:00", 401),
    ):
        sandbox.control.put("/time", json={"fixed": instant})
        answer = use(key)
        assert answer.status_code == status, instant
    assert answer.json()["message"] == "The API key has expired"


def test_an_expired_key_works_again_when_it_is_prolonged(member: Person, use: Use) -> None:
    key = member.create()
    path = f"/apikeys/{key['id']}"
    member.ask("PATCH", path, expiry="2020-01-01")
    assert refusal(use(key)) == REFUSED
    member.ask("PATCH", path, expiry="9999-12-31")
    assert use(key).status_code == 200


def test_setting_the_expiry_to_today_is_not_instant_and_yesterday_is(
    member: Person, sandbox: SandboxProcess, use: Use
) -> None:
    key = member.create()
    sandbox.control.put("/time", json={"fixed": "2190-05-02T10:00:00Z"})
    member.log_in()
    member.ask("PATCH", f"/apikeys/{key['id']}", expiry="2190-05-02")
    assert use(key).status_code == 200
    member.ask("PATCH", f"/apikeys/{key['id']}", expiry="2190-05-01")
    assert refusal(use(key)) == REFUSED


def test_a_restricted_key_reaches_only_its_provider(
    admin: Person, anonymous: httpx.Client, provider: str, names: Iterator[str], use: Use
) -> None:
    other = admin.provide(f"other {next(names)}")
    key, free = admin.create(providerId=provider), admin.create()
    assert use(key).status_code == 200
    assert use(key, provider=provider).status_code == 200
    assert refusal(use(key, provider=other)) == FORBIDDEN
    assert refusal(use(key, provider="999999")) == FORBIDDEN
    assert use(free, provider=other).status_code == 200
    assert refusal(use(free, provider="999999")) == (404, "NotFoundException")
    assert refusal(use(free, provider=7)) == (422, "ValidationException")
    admin.ask("DELETE", f"/providers/{provider}")
    assert refusal(use(key)) == FORBIDDEN
    assert refusal(use(key, provider=provider)) == FORBIDDEN
    assert refusal(models(anonymous, key)) == FORBIDDEN
    assert admin.key(key["id"])["providerId"] == provider
    admin.ask("PATCH", f"/apikeys/{key['id']}", name="still there")
    admin.ask("PATCH", f"/apikeys/{key['id']}", providerId=other)
    assert use(key, provider=other).status_code == 200


def test_the_number_of_a_deleted_provider_is_never_used_again(
    admin: Person, names: Iterator[str]
) -> None:
    first = admin.provide(f"first {next(names)}")
    admin.ask("DELETE", f"/providers/{first}")
    assert int(admin.provide(f"second {next(names)}")) > int(first)


def test_the_last_use_is_the_last_accepted_one(
    admin: Person, sandbox: SandboxProcess, provider: str, use: Use
) -> None:
    key = admin.create(providerId=provider)
    admin.create()
    sandbox.control.put("/time", json={"fixed": "2190-05-02T10:00:00.987654Z"})
    admin.log_in()
    assert refusal(use(key, provider="999999")) == FORBIDDEN
    assert admin.key(key["id"])["lastUsed"] is None
    assert use(key).status_code == 200
    sandbox.control.put("/time", json={"fixed": "2190-05-02T10:05:00Z"})
    assert refusal(use(key, provider="999999")) == FORBIDDEN
    assert admin.key(key["id"])["lastUsed"] == "2190-05-02T10:00:00Z"


def test_a_key_used_too_often_is_told_when_to_come_back(
    member: Person, sandbox: SandboxProcess, limited: Callable[[int], None], use: Use
) -> None:
    limited(2)
    key, other = member.create(), member.create()
    sandbox.control.put("/time", json={"fixed": "2190-05-02T10:00:00Z"})
    member.log_in()
    assert [use(key).status_code for _ in range(2)] == [200, 200]
    sandbox.control.put("/time", json={"fixed": "2190-05-02T10:00:17.5Z"})
    answer = use(key)
    assert refusal(answer) == (429, "RateLimitException")
    assert answer.headers["Retry-After"] == "43"
    assert member.key(key["id"])["lastUsed"] == "2190-05-02T10:00:00Z"
    assert use(other).status_code == 200
    sandbox.control.put("/time", json={"fixed": "2190-05-02T10:01:00Z"})
    assert use(key).status_code == 200


def test_a_refused_use_counts_towards_the_limit(
    admin: Person, provider: str, limited: Callable[[int], None], use: Use
) -> None:
    limited(1)
    key = admin.create(providerId=provider)
    assert refusal(use(key, provider="999999")) == FORBIDDEN
    assert use(key).status_code == 429


def test_the_usual_limit_stands_in_nobodys_way(member: Person, use: Use) -> None:
    key = member.create()
    assert {use(key).status_code for _ in range(100)} == {200}


@pytest.mark.parametrize("body", [{}, {"per_minute": 0}, {"per_minute": "many"}])
def test_a_limit_is_a_whole_number(sandbox: SandboxProcess, body: dict[str, Any]) -> None:
    assert sandbox.control.put("/aic/rate-limit", json=body).status_code == 422
