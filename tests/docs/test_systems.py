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


def test_no_code_names_a_system() -> None:
    """What is particular to a system is in its YAML file; the sandbox is the other side."""
    words = re.compile("clouisle|pinbridge|itellico|intellithing|ai.?controller|openrouter|gitlab")
    for path in (ROOT / "reconciler").rglob("*.py"):
        room = path.relative_to(ROOT / "reconciler").parts[0]
        if room == "sandbox":
            continue
        code = "\n".join(
            line for line in path.read_text().lower().splitlines() if "job_url" not in line
        )
        found = {word for word in words.findall(code) if not allowed(path, word)}
        assert not found, f"{path}: {found}"


def allowed(path: Path, word: str) -> bool:
    """The table of shipped dialects names its files; beginners are shown one of them first."""
    place = path.relative_to(ROOT / "reconciler").as_posix()
    first_manifest = {"cli/init.py", "cli/sandbox.py"}
    return place == "providers/__init__.py" or (place in first_manifest and word == "clouisle")
