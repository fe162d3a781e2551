"""The table of systems tells the truth as far as names go: every test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from reconciler.providers import dialect_names

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "systems.md").read_text()


def rows() -> list[list[str]]:
    lines = [line for line in TABLE.splitlines() if line.startswith("| ")]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [cells for cells in found if len(cells) == 6 and cells[0] != "feature"]


def test_every_cell_says_works_with_a_test_or_none() -> None:
    assert len(rows()) >= 15
    for feature, *cells in rows():
        for cell in cells:
            assert re.match(r"works: `test_\w+`|none\b", cell), f"{feature}: {cell}"


def test_every_test_that_is_named_is_there() -> None:
    files = [*(ROOT / "tests").rglob("test_*.py")]
    defined = {
        name
        for path in files
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", TABLE))
    assert len(named) > 8
    assert named <= defined


def test_every_shipped_dialect_is_named() -> None:
    folder = ROOT / "reconciler" / "providers" / "dialects"
    for name in dialect_names():
        title = yaml.safe_load((folder / f"{name}.yaml").read_text())["title"]
        assert any(word.lower() in TABLE.lower() for word in (name, title.split()[0])), name


def test_no_code_that_drives_names_a_system() -> None:
    """What is particular to a system is in its YAML file; only the table of files names them."""
    words = re.compile("clouisle|pinbridge|itellico|intellithing|ai.?controller|openrouter|gitlab")
    driving = ("core", "interfaces", "engine", "http", "providers", "stores", "backends", "render")
    for room in driving:
        for path in (ROOT / "reconciler" / room).rglob("*.py"):
            place = path.relative_to(ROOT / "reconciler").as_posix()
            if place != "providers/__init__.py":
                assert not words.findall(path.read_text().lower()), place
