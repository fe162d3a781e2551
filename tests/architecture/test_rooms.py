"""Imports point down only, between the rooms and inside the core."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import PACKAGE, Module, modules, rooms

ROOMS = (
    {"__main__"},
    {"cli"},
    {"wiring"},
    {"manifest", "engine", "render", "providers", "stores", "backends", "hooks", "sandbox"},
    {"http", "documents"},
    {"interfaces"},
    {"core"},
    {"errors"},
    {""},
)
CORE = (
    {"guard"},
    {"plan"},
    {"agenda", "pace", "restoring"},
    {"knowledge", "leftovers", "deploys", "waiting"},
    {"diff", "recover", "toggle", "provider_keys"},
    {"matching", "checks"},
    {"retirement"},
    {"revoked"},
    {"renewal"},
    {"leaving", "strays"},
    {"situation", "profile", "usage"},
    {"tenant", "rotation", "rotation_rules"},
    {"ownership", "capabilities"},
    {"steps", "findings", "orders", "leaks", "selection"},
    {"desired", "observed", "recorded"},
    {"keys", "secret"},
    {""},
)
PURE = ("core", "interfaces", "engine", "render")
IMPURE = frozenset(
    {"httpx", "click", "os", "time", "random", "secrets", "pathlib", "socket", "subprocess"}
    | {"threading", "io", "shutil", "tempfile", "uuid", "pydantic", "yaml", "sqlite3", "urllib"}
)
CORE_IMPURE = IMPURE | {"logging", "asyncio", "sys", "warnings"}
AMBIENT = (
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "print",
    "open",
    "input",
)
INTERNAL = {("reconciler/core/matching.py", "_Sorter"): "fills its lists, and is never handed out"}


def level(order: tuple[set[str], ...], name: str) -> int:
    found = [number for number, names in enumerate(order) if name in names]
    assert found, f"{name!r} has no place in the order of rooms"
    return found[0]


def climbing(module: Module, order: tuple[set[str], ...], depth: int) -> Iterator[str]:
    """Give the imports of a module that do not point down; its own room is free to it."""
    mine = (module.name.split(".") + [""] * depth)[depth]
    for imported in module.imports():
        parts = imported.split(".")
        if parts[0] != PACKAGE or parts[1:depth] != module.name.split(".")[1:depth]:
            continue
        theirs = parts[depth] if len(parts) > depth else ""
        theirs = theirs if any(theirs in names for names in order) else ""
        if theirs != mine and level(order, theirs) <= level(order, mine):
            yield f"{module.place} imports {imported}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.place)
def test_rooms_import_only_what_is_below_them(module: Module) -> None:
    assert list(climbing(module, ROOMS, 1)) == []


@pytest.mark.parametrize("module", rooms("core"), ids=lambda module: module.place)
def test_the_core_has_an_order_of_its_own(module: Module) -> None:
    assert list(climbing(module, CORE, 2)) == []


def test_a_climbing_import_would_be_noticed() -> None:
    keys = next(m for m in rooms("core") if m.name.endswith(".keys"))
    upside_down = tuple(reversed(CORE))
    plan = next(m for m in rooms("core") if m.name.endswith(".plan"))
    assert list(climbing(plan, upside_down, 2))
    assert list(climbing(keys, CORE, 2)) == []


@pytest.mark.parametrize("module", rooms(*PURE), ids=lambda module: module.place)
def test_thinking_and_walking_touch_nothing_by_themselves(module: Module) -> None:
    forbidden = CORE_IMPURE if module.room == "core" else IMPURE
    found = [imported for imported in module.imports() if imported.split(".")[0] in forbidden]
    assert found == []


@pytest.mark.parametrize("module", rooms(*PURE), ids=lambda module: module.place)
def test_time_comes_in_as_an_argument(module: Module) -> None:
    called = {
        ast.unparse(node.func) for node in ast.walk(module.tree) if isinstance(node, ast.Call)
    }
    assert called.isdisjoint(AMBIENT)


@pytest.mark.parametrize("module", rooms("core"), ids=lambda module: module.place)
def test_values_of_the_core_are_frozen_and_have_slots(module: Module) -> None:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for mark in node.decorator_list:
            told = ast.unparse(mark)
            if not told.startswith("dataclass") or (module.place, node.name) in INTERNAL:
                continue
            assert "frozen=True" in told, f"{module.place}: {node.name}"
            assert "slots=True" in told, f"{module.place}: {node.name}"


def test_no_exception_outlives_its_reason() -> None:
    classes = {(m.place, name) for m in rooms("core") for name in _classes(m)}
    assert set(INTERNAL) <= classes


def _classes(module: Module) -> Iterator[str]:
    for line in module.text.splitlines():
        if line.startswith("class "):
            yield line.removeprefix("class ").split("(")[0].rstrip(":")
