"""The package as text and as syntax trees: what the tests of its shape look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "reconciler"
TESTS = ROOT / "tests"


@dataclass(frozen=True)
class Module:
    """One file."""

    path: Path

    @property
    def place(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def name(self) -> str:
        return self.place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """The first part of the name below the package; "" for the package itself."""
        return [*self.name.split("."), ""][1]

    @property
    def text(self) -> str:
        return _text(self.path)

    @property
    def tree(self) -> ast.Module:
        return _tree(self.path)

    def imports(self) -> Iterator[str]:
        """Every module that is imported anywhere in the file, inside functions too."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Import(names=names):
                    yield from (alias.name for alias in names)
                case ast.ImportFrom(module=str(module), level=0, names=names):
                    yield from (f"{module}.{alias.name}" for alias in names)
                case ast.ImportFrom():
                    raise AssertionError(f"{self.place}: relative imports hide where things are")

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(_text(path), str(path))


def modules(folder: Path = ROOT / PACKAGE) -> list[Module]:
    """Every Python file of a folder."""
    return [Module(path) for path in sorted(folder.rglob("*.py"))]


def rooms(*names: str) -> list[Module]:
    """Every file of some rooms."""
    return [module for module in modules() if module.room in names]


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function without its docstring."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total
