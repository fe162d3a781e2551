"""A workspace of its own for each test, in the one sandbox process, and people who work in it."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from reconciler.sandbox import PREFIXES
from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess

PREFIX = PREFIXES["intellithing"]
LOGIN = "/realms/intellithing_main/protocol/openid-connect/token"
STAGE = 10


@dataclass(frozen=True)
class Person:
    """Somebody with a session of their own."""

    username: str
    password: str
    client: httpx.Client

    def call(
        self, method: str, path: str, *, json: object = None, content: bytes | None = None
    ) -> httpx.Response:
        return self.client.request(method, path, json=json, content=content)

    def log_in(self) -> dict[str, Any]:
        form = {"grant_type": "password", "client_id": "cli"}
        form |= {"username": self.username, "password": self.password}
        answer = self.client.post(LOGIN, data=form)
        assert answer.status_code == 200, answer.text
        session: dict[str, Any] = answer.json()
        self.client.headers["Authorization"] = f"Bearer {session['access_token']}"
        return session


@dataclass(frozen=True)
class Studio:
    """A workspace with two projects, and the moderator who works in it."""

    id: str
    first: str
    second: str
    person: Person

    def ask(self, method: str, path: str, status: int, json: object = None) -> Any:  # noqa: ANN401 - JSON is anything
        answer = self.person.call(method, f"/workspaces/{self.id}{path}", json=json)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def create(self) -> dict[str, str]:
        made: dict[str, str] = self.ask("POST", "/security-keys", 201, {})
        return made

    def delete(self, key: dict[str, str], status: int = 204) -> Any:  # noqa: ANN401 - JSON is anything
        return self.ask("DELETE", f"/security-keys/{key['key_id']}", status)

    def switch(self, *, on: bool) -> None:
        assert self.ask("PUT", "/security-keys/enabled", 200, {"enabled": on}) == {"enabled": on}

    def stored(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", "/security-keys", 200)["keys"]
        return found

    def deploy(self, status: int = 202) -> Any:  # noqa: ANN401 - JSON is anything
        return self.ask("POST", f"/projects/{self.first}/deployments", status)

    def deployment(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.ask("GET", f"/projects/{self.first}/deployment", 200)
        return shown

    def standing(self) -> tuple[str, list[str]]:
        """Tell the latest deployment's status, and the keys that run meanwhile."""
        shown = self.deployment()
        return shown["status"], shown["key_ids"]


@dataclass(frozen=True)
class StoppedClock:
    """The sandbox's clock, which moves only when it is told to."""

    control: httpx.Client

    def now(self) -> datetime:
        return datetime.fromisoformat(self.control.get("/time").json()["now"])

    def move(self, seconds: float) -> None:
        moved = self.now() + timedelta(seconds=seconds)
        assert self.control.put("/time", json={"fixed": moved.isoformat()}).status_code == 200


@pytest.fixture(scope="session")
def control(sandbox: SandboxProcess) -> Iterator[httpx.Client]:
    """A client for what a test may do to this system alone."""
    url, headers = f"{sandbox.url}/_sandbox/intellithing", sandbox.control.headers
    with httpx.Client(base_url=url, headers=headers, verify=NO_CERTIFICATES) as client:
        yield client


@pytest.fixture(autouse=True)
def _deploy_at_once(control: httpx.Client) -> Iterator[None]:
    control.put("/settings", json={"stage_seconds": 0})
    yield
    control.put("/settings", json={})


@pytest.fixture
def clock(sandbox: SandboxProcess, control: httpx.Client) -> StoppedClock:
    """Time stands still, and a deployment needs it."""
    control.put("/settings", json={"stage_seconds": STAGE})
    stopped = StoppedClock(sandbox.control)
    stopped.move(0)
    return stopped


@pytest.fixture
def anonymous(sandbox: SandboxProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url + PREFIX, verify=NO_CERTIFICATES) as client:
        yield client


@pytest.fixture(scope="session")
def newcomer(sandbox: SandboxProcess, names: Iterator[str]) -> Iterator[Callable[[str], Person]]:
    """Somebody with a role, who has not logged in."""
    clients: list[httpx.Client] = []

    def make(role: str) -> Person:
        username = next(names)
        password = sandbox.add_user(username, None, role)["password"]
        client = httpx.Client(base_url=sandbox.url + PREFIX, verify=NO_CERTIFICATES)
        clients.append(client)
        return Person(username, password, client)

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def project_names() -> Iterator[str]:
    return (f"shop-{number}" for number in itertools.count(1))


@pytest.fixture
def open_studio(
    control: httpx.Client, newcomer: Callable[[str], Person], project_names: Iterator[str]
) -> Callable[[], Studio]:
    def make() -> Studio:
        first, second = next(project_names), next(project_names)
        made = control.post("/workspaces", json={"projects": [first, second]})
        assert made.status_code == 200, made.text
        moderator = newcomer("member")
        moderator.log_in()
        return Studio(made.json()["id"], first, second, moderator)

    return make


@pytest.fixture
def studio(open_studio: Callable[[], Studio]) -> Studio:
    return open_studio()


@pytest.fixture
def neighbour(open_studio: Callable[[], Studio]) -> Studio:
    """Another workspace."""
    return open_studio()


@pytest.fixture
def use(anonymous: httpx.Client, studio: Studio) -> Callable[[dict[str, str]], int]:
    """Use a key at the first project and tell the status."""

    def call(key: dict[str, str]) -> int:
        headers = {"Authorization": f"Bearer {key['security_key']}"}
        return anonymous.get(f"/apps/{studio.first}/status", headers=headers).status_code

    return call
