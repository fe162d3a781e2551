"""Files and functions stay small, and are called by what they are."""

from __future__ import annotations

import ast
import statistics

import pytest

from tests.architecture.source import TESTS, Module, lines_of, modules

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
MEDIAN_FUNCTION = 10
SAYS_NOTHING = {"manager", "helper", "helpers", "util", "utils", "base", "common", "misc", "core"}
EVERYWHERE = modules() + modules(TESTS)


@pytest.mark.parametrize("module", EVERYWHERE, ids=lambda module: module.place)
def test_no_file_is_long(module: Module) -> None:
    assert len(module.text.splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.place)
def test_no_function_is_long(module: Module) -> None:
    long = {f.name: lines_of(f) for f in module.functions() if lines_of(f) > LONGEST_FUNCTION}
    assert long == {}


def test_most_functions_are_short() -> None:
    lengths = [lines_of(function) for module in modules() for function in module.functions()]
    assert statistics.median(lengths) < MEDIAN_FUNCTION


@pytest.mark.parametrize("module", EVERYWHERE, ids=lambda module: module.place)
def test_a_file_is_named_after_what_is_in_it(module: Module) -> None:
    words = set(module.path.stem.removeprefix("test_").split("_"))
    assert words.isdisjoint(SAYS_NOTHING)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.place)
def test_every_file_says_what_it_is(module: Module) -> None:
    assert ast.get_docstring(module.tree)
