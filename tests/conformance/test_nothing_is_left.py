"""What the suite leaves behind at an API: nothing, or what it names; and what it never touches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar

import pytest

from reconciler.core.findings import Answer
from reconciler.core.keys import Attributes, KeyId, OpId
from reconciler.core.observed import Upstream
from reconciler.core.secret import Secret
from reconciler.interfaces.driver import Created, Done, KeyDriver, Outcome
from reconciler.providers.conformance.bench import Bench, Terms
from reconciler.providers.conformance.suite import Report, run_checks
from reconciler.providers.http import HttpDriver
from tests.conformance.test_broken_dialects import Broken, break_dialect
from tests.conformance.worlds import (
    RandomIds,
    RealClock,
    World,
    add_upstream,
    ask,
    live_keys,
    run_suite,
    sandbox,
    sandbox_world,
    words,
)
from tests.sandbox_process import SandboxProcess


class Watched(HttpDriver):
    """Notes how the switch was set, and what upstreams were given."""

    switched: ClassVar[list[bool]] = []
    given: ClassVar[list[str]] = []

    async def switch_all(self, *, on: bool) -> Outcome[None]:
        self.switched.append(on)
        return await super().switch_all(on=on)

    async def put_upstream(
        self, upstream_id: str | None, name: str, fields: Attributes, secret: Secret
    ) -> Outcome[Upstream]:
        self.given.append(name)
        return await super().put_upstream(upstream_id, name, fields, secret)


class Interrupted(Watched):
    """Somebody presses Ctrl-C when the first project is being deployed."""

    async def deploy(self, project: str) -> Outcome[None]:
        outcome = await super().deploy(project)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return outcome


@pytest.fixture
def box() -> Iterator[SandboxProcess]:
    Watched.switched.clear()
    Watched.given.clear()
    with sandbox() as running:
        yield running


@pytest.mark.parametrize("name", ["clouisle", "itellico", "pinbridge"])
def test_a_key_whose_creation_was_not_understood_is_found_by_its_mark(
    name: str, box: SandboxProcess
) -> None:
    world = without_secrets(sandbox_world(box, name))
    before = live_keys(world)
    report = run_suite(world)
    assert "list" in words(report, Answer.BROKEN)
    assert report.left == ()
    assert live_keys(world) == before


def test_where_keys_carry_no_mark_every_suspect_is_named_and_left_alone(
    box: SandboxProcess,
) -> None:
    world = without_secrets(sandbox_world(box, "intellithing"))
    report = run_suite(world)
    left = live_keys(world)
    assert left
    assert all(any(key in sentence for sentence in report.left) for key in left)
    assert any("keys carry no mark" in sentence for sentence in report.left)


def test_a_foreign_key_is_not_deleted_though_an_answer_calls_it_the_new_one(
    box: SandboxProcess,
) -> None:
    plain = sandbox_world(box, "itellico")
    theirs = ask(plain, make_key)

    class Mistaken(HttpDriver):
        async def create(self, op: OpId, wanted: Attributes, mark: str) -> Outcome[Created]:
            outcome = await super().create(op, wanted, mark)
            assert isinstance(outcome, Done)
            key = replace(outcome.value.key, id=theirs)
            return Done(Created(key, outcome.value.secret))

    report = run_suite(replace(plain, kind=Mistaken))
    assert "is that of another one" in words(report, Answer.BROKEN)["list"]
    assert theirs in live_keys(plain)


def test_a_switch_that_was_off_is_off_again(box: SandboxProcess) -> None:
    world = watched(box, "intellithing")
    ask(world, switch_off)
    report = run_suite(world)
    assert words(report, Answer.BROKEN) == {}
    assert report.left == ()
    assert ask(world, is_on) is False


def test_a_switch_that_others_depend_on_is_not_turned(box: SandboxProcess) -> None:
    world = watched(box, "intellithing")
    ask(world, switch_off)
    ask(world, make_key)
    Watched.switched.clear()
    untold = words(run_suite(world), Answer.UNTOLD)
    assert "1 of others too" in untold["deploy"]
    assert True not in Watched.switched


def test_ctrl_c_during_a_deploy_sets_the_switch_back_and_names_the_project(
    box: SandboxProcess,
) -> None:
    world = replace(sandbox_world(box, "intellithing"), kind=Interrupted)
    ask(world, switch_off)
    report = run_interrupted(world)
    assert ask(world, is_on) is False
    assert live_keys(world) == set()
    assert any("project backoffice may accept" in sentence for sentence in report.left)


def test_no_upstream_of_a_live_gateway_is_given_a_secret(box: SandboxProcess) -> None:
    world = watched(box, "ai-controller")
    add_upstream(world)
    Watched.given.clear()
    live = replace(world, terms=Terms(fields=world.terms.fields, deploy=True))
    assert (
        "nobody could give the old one back"
        in words(run_suite(live), Answer.WORKS)["provider keys"]
    )
    assert Watched.given == []


def watched(box: SandboxProcess, name: str) -> World:
    return replace(sandbox_world(box, name), kind=Watched)


def without_secrets(world: World) -> World:
    name = world.dialect.dialect
    changes = {"operations.create.secret": "nothing_of_this_name"}
    return world.changed(break_dialect(Broken("list", name, changes, ""), world.dialect))


def run_interrupted(world: World) -> Report:
    report = Report([])

    async def run() -> None:
        bench = Bench(world.dialect, world.driver, RealClock(), RandomIds(), world.terms)
        with suppress(asyncio.CancelledError):
            await run_checks(bench, report, lambda _: None)

    asyncio.run(run())
    return report


async def make_key(driver: KeyDriver) -> KeyId:
    outcome = await driver.create(RandomIds().new_op(), Attributes.of({"name": "theirs"}), "")
    assert isinstance(outcome, Done)
    return outcome.value.key.id


async def switch_off(driver: KeyDriver) -> None:
    assert isinstance(await driver.switch_all(on=False), Done)


async def is_on(driver: KeyDriver) -> bool | None:
    return (await driver.survey(lambda _seen, _total: None)).enabled
