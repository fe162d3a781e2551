"""Which ways of telling there are, who is told in which, and consumers in memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from reconciler.core.keys import Address
from reconciler.hooks import HOOKS, Hooks
from reconciler.hooks.memory import MemoryNotifier
from reconciler.interfaces.driver import Done, Refused, Unknown
from reconciler.interfaces.notifier import Notifier
from tests.hooks.builders import NEWS, news


@pytest.mark.parametrize("way", HOOKS)
def test_every_way_can_be_loaded_and_announces(way: str) -> None:
    assert callable(HOOKS[way]().announce)


def test_the_table_costs_nothing() -> None:
    code = (
        "import sys, reconciler.hooks;"
        "print(*({'httpx', 'asyncio', 'ssl'} & set(sys.modules)),"
        " *(name for name in sys.modules if name.startswith('reconciler.hooks.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_each_keys_consumers_are_told_in_their_own_way() -> None:
    ways = {name: MemoryNotifier() for name in ("a", "b")}
    hooks: Notifier = Hooks({Address(name): way for name, way in ways.items()})
    ways["b"].fail_next(Refused("no"))
    outcomes = [asyncio.run(hooks.announce(news(address=Address(name)))) for name in "abc"]
    assert outcomes == [Done(None), Refused("no"), Done(None)]
    assert [len(way.tried) for way in ways.values()] == [1, 1]


def test_consumers_in_memory_remember_what_arrived() -> None:
    memory = MemoryNotifier()
    memory.fail_next(Refused("no"), Unknown("lost"))
    memory.fail_next(Unknown("no answer"), arrives=True)
    told = [(asyncio.run(memory.announce(NEWS)), len(memory.told)) for _ in range(4)]
    assert told == [
        (Refused("no"), 0),
        (Unknown("lost"), 0),
        (Unknown("no answer"), 1),
        (Done(None), 2),
    ]
    assert memory.tried == [NEWS] * 4
