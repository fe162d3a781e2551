"""What every spool does. The suite is one; the spools it is run on are listed at the top."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.keys import KeyId, OpId
from reconciler.core.secret import Secret
from reconciler.errors import SpoolError
from reconciler.interfaces.spool import Spool
from reconciler.stores.spool import AgeSpool, MemorySpool, NoSpool
from tests.stores.builders import keypair, new_op, run

KEY = KeyId("key-1")

SPOOLS: dict[str, Callable[[Path], Spool]] = {
    "age with identity": lambda folder: AgeSpool(folder, keypair()[1], Secret(keypair()[0])),
    "age asking for the identity": lambda folder: AgeSpool(
        folder, keypair()[1], lambda: Secret(keypair()[0])
    ),
    "age recipient only": lambda folder: AgeSpool(folder, keypair()[1], None),
    "memory": lambda _: MemorySpool(),
    "memory lasting": lambda _: MemorySpool(lasting=True),
    "off": lambda _: NoSpool(),
}
KEEPS_NOTHING = {"off"}
CANNOT_OPEN = {"age recipient only"}
LASTING = {name for name in SPOOLS if name.startswith("age")} | {"memory lasting"}


@pytest.fixture(params=SPOOLS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def spool(kind: str, tmp_path: Path) -> Spool:
    return SPOOLS[kind](tmp_path / "outer" / "spool")


def test_it_says_whether_it_outlives_the_process(spool: Spool, kind: str) -> None:
    assert spool.lasting is (kind in LASTING)


def test_an_empty_spool_has_no_entries(spool: Spool, kind: str) -> None:
    view = run(spool.view())
    assert view.ops == frozenset()
    assert view.readable is (kind not in CANNOT_OPEN)
    assert run(spool.take(new_op())) is None


def test_what_was_put_is_seen_and_taken_and_stays(spool: Spool, kind: str) -> None:
    op = new_op()
    run(spool.put(op, KEY, Secret("sk-live")))
    assert run(spool.view()).ops == (frozenset() if kind in KEEPS_NOTHING else {op})
    for _ in range(2):
        entry = run(spool.take(op))
        if kind in KEEPS_NOTHING | CANNOT_OPEN:
            assert entry is None
        else:
            assert entry is not None
            assert (entry.key_id, entry.secret.reveal()) == (KEY, "sk-live")


def test_putting_again_is_done(spool: Spool, kind: str) -> None:
    op = new_op()
    for _ in range(2):
        run(spool.put(op, KEY, Secret("sk-live")))
    assert len(run(spool.view()).ops) == (0 if kind in KEEPS_NOTHING else 1)


def test_what_was_dropped_is_gone_and_dropping_again_is_done(spool: Spool, kind: str) -> None:
    op, other = new_op(), new_op()
    run(spool.drop(op))
    run(spool.put(op, KEY, Secret("sk-live")))
    run(spool.put(other, KEY, Secret("sk-other")))
    for _ in range(2):
        run(spool.drop(op))
        assert run(spool.take(op)) is None
        assert run(spool.view()).ops == (frozenset() if kind in KEEPS_NOTHING else {other})


def test_many_at_once(spool: Spool, kind: str) -> None:
    ops = [new_op() for _ in range(40)]

    async def together() -> frozenset[OpId]:
        await asyncio.gather(*(spool.put(op, KEY, Secret(f"of {op}")) for op in ops))
        await asyncio.gather(*(spool.drop(op) for op in ops[20:]))
        return (await spool.view()).ops

    assert run(together()) == (frozenset() if kind in KEEPS_NOTHING else set(ops[:20]))


@pytest.mark.parametrize("op", ["", "../../etc/passwd", "A" * 32, "0" * 31, "0" * 32 + "\n"])
def test_what_is_no_operation_id_is_refused_everywhere(spool: Spool, op: str) -> None:
    for call in (
        spool.put(OpId(op), KEY, Secret("sk-live")),
        spool.take(OpId(op)),
        spool.drop(OpId(op)),
    ):
        with pytest.raises(SpoolError, match="32 hex"):
            run(call)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(), max_size=200), key_id=st.text(max_size=50))
def test_any_text_survives(spool: Spool, kind: str, text: str, key_id: str) -> None:
    op = new_op()
    run(spool.put(op, KeyId(key_id), Secret(text)))
    entry = run(spool.take(op))
    if kind not in KEEPS_NOTHING | CANNOT_OPEN:
        assert entry is not None
        assert (entry.key_id, entry.secret.reveal()) == (key_id, text)
    run(spool.drop(op))
