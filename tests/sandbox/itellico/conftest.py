"""A subaccount of its own for each test of itellicoAI, in the one sandbox process."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from reconciler.sandbox import PREFIXES
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess

PREFIX = PREFIXES["itellico"] + "/v1/accounts"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"

Params = dict[str, str | int]


@dataclass(frozen=True)
class Program:
    """Something with a key; paths are given from the account on: "/me/api-keys"."""

    client: httpx.Client

    def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Params | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        return self.client.request(method, path, json=json, params=params, content=content)

    def ask(
        self,
        method: str,
        path: str,
        status: int = 200,
        *,
        json: object = None,
        params: Params | None = None,
    ) -> Any:  # noqa: ANN401 - JSON is anything
        answer = self.call(method, path, json=json, params=params)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, *, json: object = None) -> int:
        answer = self.call(method, path, json=json)
        assert list(answer.json()) == ["detail"]
        return answer.status_code

    def create(self, account: str = "me", **fields: object) -> dict[str, Any]:
        body = {"label": "a key"} | fields
        made: dict[str, Any] = self.ask("POST", f"/{account}/api-keys", 201, json=body)
        return made


Open = Callable[[str], Program]


@pytest.fixture(scope="session")
def with_key(sandbox: SandboxProcess) -> Iterator[Open]:
    """Make a program from a key."""
    clients: list[httpx.Client] = []

    def make(key: str) -> Program:
        client = httpx.Client(
            base_url=sandbox.url + PREFIX, verify=NO_CERTIFICATES, headers={"X-API-Key": key}
        )
        clients.append(client)
        return Program(client)

    yield make
    for each in clients:
        each.close()


@pytest.fixture
def root(sandbox: SandboxProcess, with_key: Open) -> Program:
    return with_key(sandbox.control.get("/itellico/token").json()["token"])


@pytest.fixture
def account(root: Program) -> str:
    made: str = root.ask("POST", "/me/subaccounts", 201, json={"name": "Tenant"})["id"]
    return made


@pytest.fixture
def tenant(root: Program, account: str, with_key: Open) -> Program:
    """Give the first key of a new subaccount."""
    return with_key(root.create(account, label="first")["key"])


@pytest.fixture
def few_calls(sandbox: SandboxProcess) -> Iterator[int]:
    sandbox.control.put("/itellico/rate-limit", json={"per_minute": 3}).raise_for_status()
    yield 3
    sandbox.control.put("/itellico/rate-limit", json={"per_minute": 60_000}).raise_for_status()
