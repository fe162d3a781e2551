"""What the front door says is what is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEYWRIGHT = [sys.executable, "-m", "reconciler"]


def run(folder: Path, *arguments: str, home: Path) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "KEYWRIGHT_"))}
    done = subprocess.run(
        [*KEYWRIGHT, *arguments],
        cwd=folder,
        env={**clean, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_two_commands_of_the_readme_are_the_ones_that_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"^\$ (make \w+)", readme, re.MULTILINE)
    assert commands == ["make demo", "make test"]
    ci = (ROOT / ".ci" / "run").read_text()
    targets = (ROOT / "Makefile").read_text()
    for command in commands:
        assert re.search(rf"^{command}$", ci, re.MULTILINE), command
        assert re.search(rf"^{command.split()[1]}:", targets, re.MULTILINE), command


def test_the_readme_shows_the_plan_of_keys_yaml(tmp_path: Path) -> None:
    shutil.copy(ROOT / "keys.yaml", tmp_path)
    run(tmp_path, "init", home=tmp_path)
    plan = run(tmp_path, "plan", "--no-color", home=tmp_path)
    readme = (ROOT / "README.md").read_text()
    block = readme.split("$ keywright plan\n")[1].split("```")[0]
    shown = [line for line in block.splitlines() if line.strip() != "..."]
    assert len(shown) > 5
    missing = [line for line in shown if line not in plan.splitlines()]
    assert missing == []


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_dependency_is_explained() -> None:
    declared = re.search(
        r"^dependencies = \[(.*?)^\]",
        (ROOT / "pyproject.toml").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    assert declared is not None
    names = re.findall(r'"([a-z]+)[>=]', declared[1])
    explained = (ROOT / "docs" / "dependencies.md").read_text()
    assert len(names) > 10
    assert [
        name for name in names if not re.search(rf"^\|.*\b{name}\b.*\|", explained, re.MULTILINE)
    ] == []


def test_the_lock_names_no_index_and_has_only_hashed_exact_versions() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    pins = re.findall(r"^[a-z].*$", lock, re.MULTILINE)
    assert len(pins) > 20
    assert all(re.match(r"[a-z0-9._-]+==\S+", pin) for pin in pins)
    assert lock.count("--hash=sha256:") >= len(pins)


def test_the_first_key_example_goes_from_nothing_to_no_changes(tmp_path: Path) -> None:
    folder = tmp_path / "first-key"
    shutil.copytree(
        ROOT / "examples" / "first-key", folder, ignore=shutil.ignore_patterns(".keywright")
    )
    commands = re.findall(r"^\$ keywright (\w+)$", (folder / "README.md").read_text(), re.MULTILINE)
    assert commands == ["init", "plan", "apply"]
    for command in commands:
        extra = ["--auto-approve"] if command == "apply" else []
        run(folder, command, *extra, home=tmp_path)
    assert (folder / ".keywright/secrets/hello-world/secret/current.age").exists()
    assert "No changes. Your keys match the manifest." in run(folder, "plan", home=tmp_path)
