"""The calls that tests make to the GitLab server, on a day that they share."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.servers.clients import connect
from tests.servers.gitlab import PROJECT, ROTATE, SELF, TOKEN, TOKENS, GitLabServer

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
TODAY = NOW.date()
LIST = TOKENS.format(project=PROJECT)
ABSENT = 999_999
UNAUTHORIZED = {"message": "401 Unauthorized"}


def in_days(days: int) -> str:
    return str(TODAY + timedelta(days=days))


def send(client: httpx.Client, **fields: object) -> httpx.Response:
    wanted = {"name": "a token", "scopes": ["api"], "expires_at": in_days(30)}
    return client.post(LIST, json=wanted | fields)


def create(client: httpx.Client, **fields: object) -> dict[str, Any]:
    answer = send(client, **fields)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def token_path(token_id: object) -> str:
    return TOKEN.format(project=PROJECT, token_id=token_id)


def rotate(client: httpx.Client, token_id: object, **body: object) -> httpx.Response:
    return client.post(ROTATE.format(project=PROJECT, token_id=token_id), json=body or None)


def read(client: httpx.Client, token_id: int) -> dict[str, Any]:
    answer = client.get(token_path(token_id))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def look_at_itself(gitlab: GitLabServer, secret: str) -> httpx.Response:
    with connect(gitlab, private_token=secret) as client:
        return client.get(SELF.format(token_id="self"))
