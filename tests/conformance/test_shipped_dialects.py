"""Every shipped dialect passes the suite, on the sandbox or a server built from its reference."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.core.findings import Answer
from reconciler.providers import dialect_names
from reconciler.providers.conformance.suite import CHECKS
from tests.conformance.worlds import (
    add_upstream,
    answers,
    gitlab_world,
    live_keys,
    openrouter_world,
    run_suite,
    sandbox,
    sandbox_world,
    words,
)
from tests.sandbox_process import SandboxProcess

SANDBOX = ("ai-controller", "clouisle", "intellithing", "itellico", "pinbridge")
REPLAY = {"gitlab": gitlab_world, "openrouter": openrouter_world}
UNTOLD = {
    "intellithing": {"verify", "last use"},
    "openrouter": {"paging"},
    "gitlab": {"rotation"},
    "pinbridge": {"dead rows"},
}
"""What cannot be told, and why, is part of the documentation: keys of INTELLITHING are tried by the
check of deploys, OpenRouter has no size of a page, a rotation is never called, PinBridge may list
revoked keys or not.
"""


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxProcess]:
    with sandbox() as running:
        add_upstream(sandbox_world(running, "ai-controller"))
        yield running


def test_every_shipped_dialect_is_tried_out() -> None:
    assert sorted((*SANDBOX, *REPLAY)) == list(dialect_names())


@pytest.mark.parametrize("name", SANDBOX)
def test_on_the_sandbox(name: str, box: SandboxProcess) -> None:
    world = sandbox_world(box, name)
    before = live_keys(world)
    report = run_suite(world)
    assert words(report, Answer.BROKEN) == {}
    assert set(words(report, Answer.UNTOLD)) == UNTOLD.get(name, set())
    assert list(answers(report)) == list(CHECKS)
    assert report.left == ()
    assert live_keys(world) == before


@pytest.mark.parametrize("name", REPLAY)
def test_on_a_server_built_from_the_reference(name: str) -> None:
    with REPLAY[name]() as world:
        report = run_suite(world)
        assert words(report, Answer.BROKEN) == {}
        assert set(words(report, Answer.UNTOLD)) == UNTOLD.get(name, set())
        assert report.left == ()
        assert live_keys(world) == set()


def test_every_check_works_somewhere(box: SandboxProcess) -> None:
    found = {
        check
        for name in SANDBOX
        for check, answer in answers(run_suite(sandbox_world(box, name))).items()
        if answer is Answer.WORKS
    }
    assert set(CHECKS) - found == {"rotation", "dead rows"} - found
