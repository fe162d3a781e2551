"""People and programs of PinBridge, in the one sandbox process and its two projects."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from reconciler.sandbox import PREFIXES
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess

PREFIX = PREFIXES["pinbridge"]
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"

Params = dict[str, str | int]
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Caller:
    """Somebody with a session, or something with a key."""

    client: httpx.Client
    username: str = ""
    password: str = ""

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

    def refused(
        self, method: str, path: str, *, json: object = None, params: Params | None = None
    ) -> tuple[int, str]:
        answer = self.call(method, path, json=json, params=params)
        error = answer.json()["error"]
        assert set(error) >= {"code", "message", "remediation"}
        return answer.status_code, error["code"]

    def create(self, **fields: object) -> dict[str, Any]:
        body = {"name": f"key-{next(_numbers)}"} | fields
        made: dict[str, Any] = self.ask("POST", "/v1/api-keys", 201, json=body)
        return made

    def lists(self, key_id: str) -> bool:
        return any(key["id"] == key_id for key in self.ask("GET", "/v1/api-keys"))

    def listed(self, key_id: str) -> dict[str, Any]:
        """Read one key as a client must: by listing all of them."""
        (found,) = (key for key in self.ask("GET", "/v1/api-keys") if key["id"] == key_id)
        shown: dict[str, Any] = found
        return shown

    def log_in(self) -> dict[str, Any]:
        body = {"email": self.username, "password": self.password}
        session: dict[str, Any] = self.ask("POST", "/v1/auth/login", json=body)
        self.carry(session["access_token"])
        return session

    def carry(self, token: str) -> None:
        self.client.headers["Authorization"] = f"Bearer {token}"

    def switch_to(self, project_id: str) -> None:
        body = {"project_id": project_id}
        self.carry(self.ask("POST", "/v1/projects/switch", json=body)["access_token"])


@pytest.fixture(scope="session")
def client(sandbox: SandboxProcess) -> Iterator[Callable[[], httpx.Client]]:
    clients: list[httpx.Client] = []

    def make() -> httpx.Client:
        clients.append(httpx.Client(base_url=sandbox.url + PREFIX, verify=NO_CERTIFICATES))
        return clients[-1]

    yield make
    for each in clients:
        each.close()


@pytest.fixture(scope="session")
def someone(sandbox: SandboxProcess, client: Callable[[], httpx.Client]) -> Callable[[str], Caller]:
    def make(role: str) -> Caller:
        username = f"pin-{next(_numbers)}@example.com"
        password = sandbox.add_user(username, None, role)["password"]
        caller = Caller(client(), username, password)
        caller.log_in()
        return caller

    return make


@pytest.fixture
def nobody(client: Callable[[], httpx.Client]) -> Caller:
    return Caller(client())


@pytest.fixture
def owner(someone: Callable[[str], Caller]) -> Caller:
    return someone("member")


@pytest.fixture
def program(owner: Caller, client: Callable[[], httpx.Client]) -> Callable[..., Caller]:
    """Make a program with a key of its own, as the owner would."""

    def make(*scopes: str, **fields: object) -> Caller:
        caller = Caller(client())
        caller.carry(owner.create(scopes=list(scopes), **fields)["api_key"])
        return caller

    return make


@pytest.fixture
def revoked_are_listed(sandbox: SandboxProcess) -> Iterator[None]:
    sandbox.control.put("/pinbridge/list-revoked", json={"on": True}).raise_for_status()
    yield
    sandbox.control.put("/pinbridge/list-revoked", json={"on": False}).raise_for_status()


@pytest.fixture
def few_calls(sandbox: SandboxProcess) -> Iterator[int]:
    sandbox.control.put("/pinbridge/rate-limit", json={"per_minute": 3}).raise_for_status()
    yield 3
    sandbox.control.put("/pinbridge/rate-limit", json={"per_minute": 60_000}).raise_for_status()
