"""What is particular to the store in memory: failures on demand, and other people."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from reconciler.errors import (
    StoreConflictError,
    StoreError,
    StoreRefusedError,
    StoreUnavailableError,
)
from reconciler.stores.memory import MemoryStore, Mishap
from tests.stores.builders import (
    OWNER,
    SALT,
    STRANGER,
    TARGET,
    Item,
    look,
    publish,
    run,
    stage,
)

MISHAPS = [
    (Mishap.REFUSED, StoreRefusedError, False),
    (Mishap.CONFLICT, StoreConflictError, False),
    (Mishap.UNAVAILABLE_BEFORE, StoreUnavailableError, False),
    (Mishap.UNAVAILABLE_AFTER, StoreUnavailableError, True),
]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(name="local", salt=SALT)


@pytest.mark.parametrize(("mishap", "error", "written"), MISHAPS)
def test_a_write_fails_as_told_and_then_works(
    store: MemoryStore, mishap: Mishap, error: type[StoreError], written: bool
) -> None:
    item = Item()
    store.fail("stage", mishap)
    with pytest.raises(error):
        stage(store, item)
    assert look(store).carries(item.op) is written
    stage(store, item)
    assert look(store).carries(item.op)


@pytest.mark.parametrize("method", ["preflight", "stage", "verify", "promote", "fetch", "retire"])
def test_every_method_can_be_made_to_fail(store: MemoryStore, method: str) -> None:
    item = Item()
    head = look(store)
    calls: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "preflight": lambda: store.preflight(TARGET, OWNER, 1),
        "stage": lambda: store.stage(TARGET, item.secret, item.version, OWNER, head),
        "verify": lambda: store.verify(TARGET, item.version),
        "promote": lambda: store.promote(TARGET, item.version),
        "fetch": lambda: store.fetch(TARGET, item.version),
        "retire": lambda: store.retire(TARGET, OWNER, ()),
    }
    store.fail(method, Mishap.UNAVAILABLE_BEFORE, times=2)
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match=method):
            run(calls[method]())
    for name in ("preflight", "stage", "promote", "verify", "fetch", "retire"):
        run(calls[name]())


def test_a_failing_look_is_a_problem_and_no_exception(store: MemoryStore) -> None:
    store.fail("heads", Mishap.REFUSED)
    view = run(store.heads((TARGET,)))
    assert view.problem is not None
    assert view.heads == ()
    assert run(store.heads((TARGET,))).problem is None


def test_somebody_else_can_write_in_between(store: MemoryStore) -> None:
    head = look(store)
    intruder = Item("theirs")
    store.occupy(TARGET, intruder.version, STRANGER, intruder.secret)
    with pytest.raises(StoreConflictError):
        stage(store, Item(), expect=head)
    with pytest.raises(StoreRefusedError, match=STRANGER):
        run(store.preflight(TARGET, OWNER, 1))


def test_a_consumer_reads_what_is_current(store: MemoryStore) -> None:
    assert store.consume(TARGET) is None
    old, new = Item("old"), Item("new")
    publish(store, old)
    stage(store, new)
    read = store.consume(TARGET)
    assert read is not None
    assert read.reveal() == "old"
    run(store.promote(TARGET, new.version))
    read = store.consume(TARGET)
    assert read is not None
    assert read.reveal() == "new"
