"""Whatever the text: a dialect, or a list of one-line problems. Never another error."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.secret import Secret
from reconciler.errors import DialectError
from reconciler.http.client import open_client
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.http import HttpDriver
from reconciler.providers.profiles import describe
from reconciler.render import dialect_show_text
from tests.http.fake_clock import FakeClock
from tests.providers.own_dialects import OWN, parse

DOCUMENT = Path(__file__).parents[2] / "docs" / "dialects.md"
GOOD: dict[str, Any] = yaml.safe_load(OWN)
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x" * 400,
    "{account}",
    "{id}",
    "{nobody}",
    "{",
    "/",
    "a.b",
    "a..b",
    "foo(",
    "length(@)",
    "\x1b[2J",
    "\u202eabc",
    "a\nb",
    "cursor",
    "login",
    "set",
    [],
    [None],
    [[["x"]]],
    {},
    {"": ""},
    {"kind": "page"},
    {"codec": "int", "read": "x"},
    {"kind": ["x"]},
    {"codec": {}},
    {"[key]": 1},
    {"method": "GET", "path": "/"},
]


def entries(data: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - YAML is anything
    """Every container with one of its keys or indices."""
    inner = data.items() if isinstance(data, dict) else enumerate(data)
    found: list[tuple[Any, Any]] = []
    for step, value in inner:
        found.append((data, step))
        if isinstance(value, dict | list):
            found += entries(value)
    return found


def damage(seed: int) -> str:
    """Replace, remove, repeat or rename a few things of a good dialect."""
    chance = random.Random(seed)
    data = copy.deepcopy(GOOD)
    for _ in range(chance.randint(1, 6)):
        container, step = chance.choice(entries(data) or [(data, "title")])
        match chance.randint(0, 3):
            case 0 if step in container or isinstance(container, list):
                del container[step]
            case 1 if isinstance(container, dict) and step in container:
                container[f"{step}x"] = container.pop(step)
            case 2:
                other, name = chance.choice(entries(data) or [(data, "title")])
                container[step] = copy.deepcopy(other[name])
            case _:
                container[step] = copy.deepcopy(chance.choice(ODD))
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def build_driver(dialect: Dialect, credentials: tuple[str, ...]) -> HttpDriver:
    """Build a driver that calls nobody: what passes the checks must be good enough for that."""
    clock = FakeClock()
    client = open_client("http://127.0.0.1:9", clock)
    variables = dialect.tenant.variables.items()
    return HttpDriver(
        provider="mine",
        origin="http://127.0.0.1:9",
        dialect=dialect,
        client=client,
        credentials={name: Secret("x") for name in credentials},
        clock=clock,
        variables={n: "v" for n, each in variables if not each.optional and each.default is None},
        key_client=client,
        token=lambda size: "x" * size,
    )


def read(text: str) -> Dialect | None:
    """Read a text; what is wrong with it must be told in lines that can be shown."""
    refused = None
    try:
        return parse(text)
    except DialectError as error:
        refused = error
    assert refused.problems
    assert refused.__cause__ is None
    for problem in refused.problems:
        assert problem.startswith("mine.yaml:")
        assert problem.isprintable()
        assert len(problem) < 700
    return None


@given(st.integers(0, 2**32))
@settings(deadline=None, database=None, max_examples=400)
def test_damaged_dialects(seed: int) -> None:
    dialect = read(damage(seed))
    if dialect is not None:
        assert dialect_show_text(describe(dialect), width=80, color=False)
        for scheme in dialect.auth:
            build_driver(dialect, scheme.credentials)


@given(st.integers(0, 4000), st.text("ab1:{}[],-&*!<\n '\"#|>?%@\t\x00\x85", max_size=12))
@settings(deadline=None, database=None, max_examples=200)
def test_good_text_with_something_in_between(offset: int, extra: str) -> None:
    read(OWN[:offset] + extra + OWN[offset:])


@given(st.text(max_size=60))
@settings(deadline=None, database=None, max_examples=100)
def test_any_text(text: str) -> None:
    read(text)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "{a: " * 50_000, "? " * 50_000, "a: " + "&a " * 20_000, "- " * 20_000 + "x"],
    ids=lambda text: text[:4],
)
def test_hostile_texts(text: str) -> None:
    assert read(text) is None


def test_the_example_of_the_documentation_is_a_good_dialect() -> None:
    example = DOCUMENT.read_text(encoding="utf-8").split("<!-- example:")[1]
    text = example.split("```yaml\n")[1].split("```")[0]
    assert parse(text).dialect == "acme"
