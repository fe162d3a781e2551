"""Things that may only become fewer: openings of secrets, and exceptions from the rules."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest

from tests.architecture.source import TESTS, Module, modules

REVEALS = {
    "reconciler/core/secret.py": 2,  # the fingerprint, and one secret made of several
    "reconciler/http/calls.py": 2,  # a header, and a leaf of a body
    "reconciler/hooks/webhook.py": 1,  # a URL that is a secret, to take it apart
    "reconciler/providers/sessions/opening.py": 1,  # a Basic header
    "reconciler/providers/tokens.py": 1,  # who a token says that we are
    "reconciler/stores/age.py": 1,  # a store's write
    "reconciler/stores/identity.py": 1,  # the identity that opens age files
    "reconciler/stores/spool.py": 1,  # the spool's seal
}
CEILINGS = {"type: ignore": 4, "noqa": 90, "pragma: no cover": 0}
MOCKS = re.compile(r"unittest\.mock|monkeypatch|mocker|time\.sleep")
ENVIRONMENT = re.compile(
    r"monkeypatch\.(setenv|delenv|chdir)|monkeypatch: pytest\.MonkeyPatch|\bmonkeypatch[,)]"
)


def test_who_may_open_a_secret_is_a_closed_list() -> None:
    found = {module.place: _reveals(module) for module in modules() if _reveals(module)}
    assert found == REVEALS


def _reveals(module: Module) -> int:
    return sum(
        isinstance(node, ast.Attribute) and node.attr == "reveal" for node in ast.walk(module.tree)
    )


def test_nobody_reaches_around_reveal() -> None:
    inside = "reconciler/core/secret.py"
    assert [
        module.place
        for module in modules()
        if module.place != inside and re.search(r"secret\w*\._value", module.text)
    ] == []


@pytest.mark.parametrize("kind", CEILINGS)
def test_exceptions_from_the_rules_only_become_fewer(kind: str) -> None:
    counted = Counter({module.place: module.text.count(f"# {kind}") for module in modules()})
    assert counted.total() <= CEILINGS[kind], counted.most_common(5)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.place)
def test_every_exception_gives_its_reason(module: Module) -> None:
    bare = re.compile(r"# (noqa(?!: [A-Z])|type: ignore(?!\[))")
    assert not bare.search(module.text)


@pytest.mark.parametrize("module", modules(TESTS), ids=lambda module: module.place)
def test_the_world_is_simulated_and_never_patched(module: Module) -> None:
    if module.path == TESTS / "architecture" / "test_counters.py":
        return
    text = ENVIRONMENT.sub("", module.text)
    assert MOCKS.findall(text) == []
