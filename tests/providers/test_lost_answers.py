"""Answers lost by a real key API: Unknown, and what the API did stays done exactly once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

import pytest

from reconciler.core.keys import Attributes, OpId
from reconciler.core.observed import LiveKey
from reconciler.core.secret import Secret
from reconciler.http.client import Network
from reconciler.interfaces.driver import Done, Unknown
from reconciler.providers import load_dialect
from reconciler.providers.http import HttpDriver
from tests.providers.worlds import PREFIX, open_driver
from tests.sandbox_process import SandboxProcess

T = TypeVar("T")
OP = OpId("0" * 32)
MARK = "kw-000000-00000000"
CREDENTIALS = {"username": Secret("root"), "password": Secret("root-password")}


@pytest.mark.parametrize(("kind", "made"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("fault", ["cut", "html", "garbage", "status"])
def test_a_create_whose_answer_is_lost_was_sent_once(kind: str, made: int, fault: str) -> None:
    name = f"crm-{uuid4().hex[:8]}"

    async def work(driver: HttpDriver) -> list[LiveKey]:
        outcome = await driver.create(OP, Attributes.of({"name": name}), MARK)
        assert isinstance(outcome, Unknown)
        view = await driver.survey(lambda _seen, _total: None)
        assert view.problem is None
        return [key for key in view.keys if key.name == name]

    with SandboxProcess(":memory:") as sandbox:
        sandbox.add_fault(fault, method="POST", path="/api-keys$", when=kind)
        assert len(_run(sandbox, work)) == made


def test_a_delete_whose_answer_is_lost_can_be_done_again() -> None:
    async def work(driver: HttpDriver) -> None:
        created = await driver.create(OP, Attributes.of({"name": "crm"}), MARK)
        assert isinstance(created, Done)
        key_id = created.value.key.id
        assert isinstance(await driver.delete(key_id), Unknown)
        assert await driver.delete(key_id) == Done(None)

    with SandboxProcess(":memory:") as sandbox:
        sandbox.add_fault("truncate", method="DELETE", path="/api-keys/", when="after")
        _run(sandbox, work)


def test_a_read_gets_over_a_lost_answer() -> None:
    async def work(driver: HttpDriver) -> str | None:
        return (await driver.survey(lambda _seen, _total: None)).problem

    with SandboxProcess(":memory:") as sandbox:
        for fault in ("cut", "truncate"):
            sandbox.add_fault(fault, method="GET", path="/api-keys$", when="after")
        assert _run(sandbox, work) is None


def _run(sandbox: SandboxProcess, work: Callable[[HttpDriver], Awaitable[T]]) -> T:
    async def run() -> T:
        dialect = load_dialect("clouisle")
        driver = open_driver(sandbox.url + PREFIX, dialect, Network(), CREDENTIALS)
        try:
            return await work(driver)
        finally:
            await driver.close()

    return asyncio.run(run())
