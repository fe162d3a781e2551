"""One sandbox and the lanes on it, for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.crash.lanes import LANES, Bench, Lane
from tests.crash.stage import Zygote
from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("crash")
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(str(folder / "sandbox.db")))
        zygotes = [stack.enter_context(Zygote()) for _ in range(LANES)]
        lanes = [Lane(folder / str(i), sandbox, zygote) for i, zygote in enumerate(zygotes)]
        yield Bench(lanes)
        for lane in lanes:
            lane.close()
