"""One sandbox process for the whole run, and fresh people for each test."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess

PREFIX = "/clouisle/api/v1"

Value = str | int | list[str]
Params = dict[str, Value]


@dataclass(frozen=True)
class Person:
    """Somebody with a session of their own."""

    username: str
    password: str
    client: httpx.Client

    def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Params | None = None,
        form: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        return self.client.request(
            method, path, json=json, params=params, data=form, content=content
        )

    def data(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Params | None = None,
        form: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        answer = self.call(method, path, json=json, params=params, form=form)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["code"] == 0
        found: dict[str, Any] = body["data"]
        return found

    def refused(
        self, method: str, path: str, *, json: object = None, params: Params | None = None
    ) -> tuple[int, int]:
        answer = self.call(method, path, json=json, params=params)
        return answer.status_code, answer.json()["code"]

    def create(self, **fields: object) -> dict[str, Any]:
        return self.data("POST", "/api-keys", json={"name": "a key"} | fields)

    def log_in(self) -> None:
        form = {"username": self.username, "password": self.password}
        token = self.data("POST", "/login/access-token", form=form)["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox") / "sandbox.db"


@pytest.fixture(scope="session")
def sandbox(database: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(str(database)) as process:
        yield process


@pytest.fixture(autouse=True)
def _calm(sandbox: SandboxProcess) -> Iterator[None]:
    yield
    sandbox.control.delete("/faults")
    sandbox.control.put("/time", json={})


@pytest.fixture(scope="session")
def names() -> Iterator[str]:
    return (f"person-{number}" for number in itertools.count(1))


@pytest.fixture
def anonymous(sandbox: SandboxProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url + PREFIX, verify=NO_CERTIFICATES) as client:
        yield client


@pytest.fixture(scope="session")
def person(sandbox: SandboxProcess, names: Iterator[str]) -> Iterator[Callable[[str], Person]]:
    clients: list[httpx.Client] = []

    def make(role: str) -> Person:
        username = next(names)
        password = sandbox.add_user(username, None, role)["password"]
        client = httpx.Client(base_url=sandbox.url + PREFIX, verify=NO_CERTIFICATES)
        clients.append(client)
        made = Person(username, password, client)
        made.log_in()
        return made

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def admin(person: Callable[[str], Person]) -> Person:
    return person("superuser")


@pytest.fixture
def member(person: Callable[[str], Person]) -> Person:
    return person("member")


@pytest.fixture
def agent(admin: Person) -> dict[str, Any]:
    return admin.data("POST", "/agents", json={"name": "support", "icon": "🤖"})


@pytest.fixture
def workflow(admin: Person) -> dict[str, Any]:
    return admin.data("POST", "/workflows", json={"name": "nightly"})
