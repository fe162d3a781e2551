"""Both servers, each with a client that may manage keys, on a clock that the test owns."""

from collections.abc import Iterator

import httpx
import pytest

from tests.http.fake_clock import FakeClock
from tests.servers.clients import connect
from tests.servers.gitlab import ADMIN_TOKEN, GitLabServer
from tests.servers.gitlab_calls import NOW
from tests.servers.openrouter import MANAGEMENT_KEY, OpenRouterServer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def openrouter(clock: FakeClock) -> Iterator[OpenRouterServer]:
    with OpenRouterServer(page_size=3, now=clock.now) as opened:
        yield opened


@pytest.fixture
def keys(openrouter: OpenRouterServer) -> Iterator[httpx.Client]:
    with connect(openrouter, authorization=f"Bearer {MANAGEMENT_KEY}") as client:
        yield client


@pytest.fixture
def gitlab(clock: FakeClock) -> Iterator[GitLabServer]:
    with GitLabServer(now=clock.now) as opened:
        yield opened


@pytest.fixture
def tokens(gitlab: GitLabServer) -> Iterator[httpx.Client]:
    with connect(gitlab, private_token=ADMIN_TOKEN) as client:
        yield client
