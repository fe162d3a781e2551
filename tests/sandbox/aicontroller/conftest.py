"""People with AI Controller sessions. The cookies are Secure, so on http we carry them by hand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from tests.sandbox_process import NO_CERTIFICATES, SandboxProcess

PREFIX = "/aic"
NEXT_YEAR = "2199-05-02"
PROVIDER_KEY = "sk-a-key-of-the-upstream-0123456789"

Params = dict[str, str | int]


def attributes_in(**attributes: object) -> dict[str, Any]:
    return {"data": {"attributes": attributes}}


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    for header in answer.headers.get_list("Set-Cookie"):
        jar.load(header)
    return {name: one.value for name, one in jar.items()}


@dataclass
class Person:
    """Somebody with a session of their own."""

    username: str
    password: str
    client: httpx.Client
    cookies: dict[str, str] = field(default_factory=dict)

    def log_in(self) -> httpx.Response:
        body = attributes_in(grantType="password", userName=self.username, password=self.password)
        answer = self.client.post("/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        self.cookies = cookies_of(answer)
        return answer

    def call(
        self, method: str, path: str, *, json: object = None, params: Params | None = None
    ) -> httpx.Response:
        headers = {"Cookie": f"AICUserCookie={self.cookies['AICUserCookie']}"}
        return self.client.request(method, path, json=json, params=params, headers=headers)

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        status: int = 200,
        **attributes: object,
    ) -> dict[str, Any]:
        json = attributes_in(**attributes) if method in ("POST", "PATCH") else None
        answer = self.call(method, path, json=json, params=params)
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        assert body["code"] == status
        return body

    def refused(
        self, method: str, path: str, *, params: Params | None = None, **attributes: object
    ) -> tuple[int, str]:
        json = attributes_in(**attributes) if method in ("POST", "PATCH") else None
        return refusal(self.call(method, path, json=json, params=params))

    def create(self, **attributes: object) -> dict[str, Any]:
        given: dict[str, Any] = {"name": "a key", "expiry": NEXT_YEAR} | attributes
        made: dict[str, Any] = self.ask("POST", "/apikeys", status=201, **given)["data"]
        return made

    def key(self, key_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.ask("GET", f"/apikeys/{key_id}")["data"]["attributes"]
        return shown

    def provide(self, name: str, **attributes: object) -> str:
        given: dict[str, Any] = {"name": name, "url": "https://api.example.com/v1"} | attributes
        return str(self.ask("POST", "/providers", status=201, **given)["data"]["id"])


def refusal(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"code", "exception", "message"}, answer.text
    assert body["code"] == answer.status_code
    return answer.status_code, body["exception"]


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
        # What httpx keeps in its own jar would be sent beside what we send by hand.
        client.cookies.clear()
        return made

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def admin(person: Callable[[str], Person]) -> Person:
    return person("superuser")


@pytest.fixture
def member(person: Callable[[str], Person]) -> Person:
    return person("member")


@pytest.fixture
def number_of(admin: Person) -> Callable[[Person], str]:
    """Give the id by which AI Controller knows somebody."""

    def find(who: Person) -> str:
        for page in range(1, 100):
            listed = admin.ask("GET", "/users", params={"page": page, "pageSize": 100})
            for user in listed["data"]:
                if user["attributes"]["userName"] == who.username:
                    return str(user["id"])
        raise AssertionError(who.username)

    return find


@pytest.fixture
def provider(admin: Person, names: Iterator[str]) -> str:
    return admin.provide(f"provider {next(names)}", apiKey=PROVIDER_KEY)


@pytest.fixture
def use(anonymous: httpx.Client) -> Callable[..., httpx.Response]:
    """Use a key where models are, with a provider or without."""

    def call(key: dict[str, Any], **body: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key['attributes']['apiKey']}"}
        return anonymous.post("/v1/chat/completions", json=body, headers=headers)

    return call
