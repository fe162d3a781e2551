"""What every store does. The suite is one; the stores it is run on are listed at the top."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.keys import KeyId, Target
from reconciler.core.observed import Head
from reconciler.core.secret import Fingerprint, Secret
from reconciler.errors import StoreConflictError, StoreRefusedError
from reconciler.interfaces.store import Store, Verification
from reconciler.stores.memory import MemoryStore
from tests.stores.builders import (
    NEIGHBOUR,
    OWNER,
    SALT,
    STACK,
    STRANGER,
    TARGET,
    Item,
    age_store,
    look,
    publish,
    run,
    stage,
    value,
)


def _memory(*, hidden: bool, readback: bool = True) -> MemoryStore:
    return MemoryStore(name="local", salt=SALT, hidden_staging=hidden, readback=readback)


STORES: dict[str, Callable[[Path], Store]] = {
    "age with identity": age_store,
    "age recipients only": lambda root: age_store(root, readable=False),
    "memory hidden": lambda _: _memory(hidden=True),
    "memory visible": lambda _: _memory(hidden=False),
    "memory write-only": lambda _: _memory(hidden=False, readback=False),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return STORES[request.param](tmp_path / "secrets")


def test_an_empty_slot_has_no_owner_and_no_versions(store: Store) -> None:
    head = look(store)
    assert (head.owner, head.current, head.staged) == (None, None, ())


def test_heads_come_sorted_and_once_each(store: Store) -> None:
    other = Target("local", "a", "KEY")
    view = run(store.heads((TARGET, other, TARGET)))
    assert [head.target for head in view.heads] == [other, TARGET]


def test_preflight_gives_the_head_and_leaves_the_slot_empty(store: Store) -> None:
    before = look(store)
    assert run(store.preflight(TARGET, OWNER, 100)) == before
    assert look(store) == before


def test_a_staged_version_is_current_only_where_staging_is_visible(store: Store) -> None:
    old, new = Item("old"), Item("new")
    publish(store, old)
    stage(store, new)
    head = look(store)
    hidden = store.abilities.hidden_staging
    assert head.current == (old if hidden else new).version
    assert head.staged == ((new if hidden else old).version,)
    assert head.carries(old.op)
    assert head.carries(new.op)
    assert head.owner == OWNER


def test_a_promoted_version_is_current_and_the_old_one_stays(store: Store) -> None:
    old, new = Item("old"), Item("new")
    publish(store, old)
    publish(store, new)
    head = look(store)
    assert head.current == new.version
    assert head.staged == (old.version,)


def test_promoting_again_changes_nothing(store: Store) -> None:
    item = Item()
    publish(store, item)
    before = look(store)
    run(store.promote(TARGET, item.version))
    assert look(store) == before


def test_an_old_version_can_be_promoted_again(store: Store) -> None:
    old, new = Item("old"), Item("new")
    publish(store, old)
    publish(store, new)
    run(store.promote(TARGET, old.version))
    assert look(store).current == old.version


def test_staging_the_same_operation_again_is_done(store: Store) -> None:
    item = Item()
    empty = look(store)
    stage(store, item)
    after = look(store)
    stage(store, item, expect=empty)
    assert look(store) == after


def test_staging_again_after_promotion_is_done(store: Store) -> None:
    item = Item()
    empty = look(store)
    publish(store, item)
    stage(store, item, expect=empty)
    assert look(store).current == item.version


def test_the_same_operation_with_another_secret_is_a_conflict(store: Store) -> None:
    item = Item()
    stage(store, item)
    with pytest.raises(StoreConflictError):
        stage(store, Item("another", item.op))
    assert look(store).carries(item.op)


def test_a_write_against_an_outdated_head_is_a_conflict(store: Store) -> None:
    seen = look(store)
    publish(store, Item())
    late = Item()
    with pytest.raises(StoreConflictError):
        stage(store, late, expect=seen)
    assert not look(store).carries(late.op)


def test_every_change_gives_another_etag(store: Store) -> None:
    item = Item()
    etags = [look(store).etag]
    publish(store, item)
    etags.append(look(store).etag)
    publish(store, Item())
    etags.append(look(store).etag)
    run(store.retire(TARGET, OWNER, (item.version,)))
    etags.append(look(store).etag)
    assert len(set(etags)) == len(etags)


def test_a_foreign_slot_is_refused_by_name_before_and_at_the_write(store: Store) -> None:
    stage(store, Item(), owner=STRANGER)
    head = look(store)
    assert head.owner == STRANGER
    with pytest.raises(StoreRefusedError, match=STRANGER):
        run(store.preflight(TARGET, OWNER, 10))
    with pytest.raises(StoreRefusedError, match=STRANGER):
        stage(store, Item(), expect=head)
    assert look(store) == head


def test_another_key_of_the_same_stack_is_foreign_too(store: Store) -> None:
    stage(store, Item(), owner=f"{STACK}/another")
    with pytest.raises(StoreRefusedError, match=f"{STACK}/another"):
        run(store.preflight(TARGET, OWNER, 10))


def test_too_large_a_secret_is_refused_before_it_is_minted(store: Store) -> None:
    run(store.preflight(TARGET, OWNER, store.abilities.max_bytes))
    with pytest.raises(StoreRefusedError):
        run(store.preflight(TARGET, OWNER, store.abilities.max_bytes + 1))


def test_a_written_version_verifies(store: Store) -> None:
    item = Item()
    stage(store, item)
    wanted = Verification.VERIFIED if _verifies(store) else Verification.UNVERIFIABLE
    assert run(store.verify(TARGET, item.version)) is wanted
    run(store.promote(TARGET, item.version))
    assert run(store.verify(TARGET, item.version)) is wanted


def test_what_is_missing_or_another_version_does_not_verify(store: Store) -> None:
    item = Item()
    wanted = Verification.MISMATCH if _verifies(store) else Verification.UNVERIFIABLE
    assert run(store.verify(TARGET, item.version)) is wanted
    stage(store, item)
    assert run(store.verify(TARGET, Item("another", item.op).version)) is wanted
    assert run(store.verify(TARGET, Item(item.text).version)) is wanted


def test_fetch_gives_the_value_to_whoever_can_read(store: Store) -> None:
    item = Item()
    assert value(store, item) is None
    stage(store, item)
    assert value(store, item) == (item.text if store.abilities.readback else None)
    assert value(store, Item("another", item.op)) is None


def test_read_gives_what_consumers_read_now(store: Store) -> None:
    item = Item()
    assert run(store.read(TARGET)) is None
    publish(store, item)
    read = run(store.read(TARGET))
    assert (None if read is None else read.reveal()) == (
        item.text if store.abilities.readback else None
    )


def test_promoting_what_was_never_staged_is_a_conflict(store: Store) -> None:
    with pytest.raises(StoreConflictError):
        run(store.promote(TARGET, Item().version))
    stage(store, Item())
    with pytest.raises(StoreConflictError):
        run(store.promote(TARGET, Item().version))


def test_retire_keeps_what_it_is_told_to(store: Store) -> None:
    old, new = Item("old"), Item("new")
    publish(store, old)
    publish(store, new)
    run(store.retire(TARGET, OWNER, (new.version,)))
    head = look(store)
    assert (head.current, head.staged) == (new.version, ())


def test_retiring_the_current_version_leaves_none_current(store: Store) -> None:
    old, new = Item("old"), Item("new")
    publish(store, old)
    publish(store, new)
    run(store.retire(TARGET, OWNER, (old.version,)))
    head = look(store)
    assert (head.current, head.staged) == (None, (old.version,))


def test_retiring_everything_empties_the_slot_and_again_is_done(store: Store) -> None:
    empty = look(store)
    publish(store, Item())
    run(store.retire(TARGET, OWNER, ()))
    assert look(store) == empty
    run(store.retire(TARGET, OWNER, ()))
    assert look(store) == empty


def test_retire_leaves_another_stack_alone(store: Store) -> None:
    stage(store, Item(), owner=STRANGER)
    before = look(store)
    run(store.retire(TARGET, OWNER, ()))
    assert look(store) == before


def test_retire_leaves_another_key_of_the_same_stack_alone(store: Store) -> None:
    stage(store, Item(), owner=NEIGHBOUR)
    before = look(store)
    run(store.retire(TARGET, OWNER, ()))
    assert look(store) == before


def test_slots_do_not_touch_each_other(store: Store) -> None:
    targets = (TARGET, Target("local", "crm/agents", "OTHER"), Target("local", "crm", "agents"))
    items = [Item(f"secret of {target}") for target in targets]
    for target, item in zip(targets, items, strict=True):
        publish(store, item, target)
    run(store.retire(targets[2], OWNER, ()))
    view = run(store.heads(targets))
    current = {head.target: head.current for head in view.heads}
    assert current == {targets[0]: items[0].version, targets[1]: items[1].version, targets[2]: None}


def test_many_slots_side_by_side(store: Store) -> None:
    work = {Target("local", f"team/{n % 3}/{n}", "KEY"): Item(f"secret {n}") for n in range(40)}

    async def one(target: Target, item: Item) -> None:
        head = await store.preflight(target, OWNER, 10)
        await store.stage(target, item.secret, item.version, OWNER, head)
        await store.promote(target, item.version)
        if int(target.path.rsplit("/", 1)[1]) % 2:
            await store.retire(target, OWNER, ())

    async def together() -> tuple[Head, ...]:
        await asyncio.gather(*(one(target, item) for target, item in work.items()))
        return (await store.heads(tuple(work))).heads

    for head in run(together()):
        odd = int(head.target.path.rsplit("/", 1)[1]) % 2
        assert head.current == (None if odd else work[head.target].version)


def test_of_two_writers_in_one_slot_one_wins(store: Store) -> None:
    seen = run(store.preflight(TARGET, OWNER, 10))
    items = [Item(f"secret {n}") for n in range(8)]

    async def race() -> list[BaseException | None]:
        writes = (store.stage(TARGET, i.secret, i.version, OWNER, seen) for i in items)
        return await asyncio.gather(*writes, return_exceptions=True)

    outcomes = run(race())
    assert outcomes.count(None) == 1
    assert sum(isinstance(one, StoreConflictError) for one in outcomes) == len(items) - 1
    head = look(store)
    assert sum(head.carries(item.op) for item in items) == 1


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200), key_id=st.text(min_size=1, max_size=50))
def test_any_text_survives_the_way_there_and_back(store: Store, text: str, key_id: str) -> None:
    made = Item(text)
    version = made.version
    named = type(version)(op=made.op, key_id=KeyId(key_id), fingerprint=version.fingerprint)
    head = run(store.preflight(TARGET, OWNER, 800))
    run(store.stage(TARGET, made.secret, named, OWNER, head))
    assert look(store).carries(made.op)
    found = run(store.fetch(TARGET, named))
    if store.abilities.readback:
        assert found is not None
        assert found.reveal() == text
    run(store.retire(TARGET, OWNER, ()))
    assert look(store).owner is None


def test_a_value_that_is_not_the_recorded_one_is_not_given_out(store: Store) -> None:
    made = Item()
    wrong = type(made.version)(op=made.op, key_id=KeyId("key-1"), fingerprint=Fingerprint("0" * 32))
    head = run(store.preflight(TARGET, OWNER, 10))
    run(store.stage(TARGET, Secret("something else"), wrong, OWNER, head))
    assert run(store.fetch(TARGET, wrong)) is None
    if store.abilities.readback:
        assert run(store.verify(TARGET, wrong)) is Verification.MISMATCH


def _verifies(store: Store) -> bool:
    """Age compares bytes even where it cannot read; a write-only store compares nothing."""
    return store.abilities.readback or not isinstance(store, MemoryStore)
