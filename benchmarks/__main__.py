"""Timings beside their floors and targets, all in one run: `make bench`.

Every figure is of whole processes, wall and CPU seconds with start-up included. Absolute times
differ from machine to machine; what counts is the ratio to the floors of the same run.
`--quick` leaves out the 10,000 keys and Terraform.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Figure, measure, report
from benchmarks.stack import Stack
from benchmarks.terraform import terraform_figures
from tests.sandbox_process import SandboxProcess

KEYWRIGHT = [sys.executable, "-m", "reconciler"]
LATENCY = 0.02


def main() -> None:
    """Run every benchmark and print one table."""
    quick = "--quick" in sys.argv[1:]
    sizes = (1_000,) if quick else (1_000, 10_000)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures += start_up(folder)
        for size in sizes:
            figures += plan_nothing(folder, size)
        figures += apply_creates(folder)
        if not quick and shutil.which("terraform"):
            figures += terraform_figures(folder)
    print(report(figures))


def start_up(folder: Path) -> list[Figure]:
    """Measure what every call pays."""
    bare = measure([sys.executable, "-c", "pass"], times=5)
    version = measure([*KEYWRIGHT, "--version"], times=5)
    with SandboxProcess(str(folder / "ten.db")) as sandbox:
        stack = Stack(folder / "ten", sandbox, 10)
        stack.initialise()
        validate = measure([*KEYWRIGHT, "validate", "-f", str(stack.manifest)], times=3)
        stack.run("apply", "--auto-approve")
        plan = measure([*KEYWRIGHT, "plan", "-f", str(stack.manifest)], stack.environ, times=3)
    return [
        Figure("bare Python", bare),
        Figure(
            "--version",
            version,
            f"≤ {1.5 * bare.wall:.3f} s wall",
            version.wall / (1.5 * bare.wall),
        ),
        Figure("validate, 10 keys", validate, "≤ 0.35 s CPU", validate.cpu / 0.35),
        Figure("plan, 10 keys", plan, "≤ 0.6 s CPU", plan.cpu / 0.6),
    ]


def plan_nothing(folder: Path, size: int) -> list[Figure]:
    """Measure a plan of a stack that matches its manifest, over loopback HTTP."""
    with SandboxProcess(str(folder / f"{size}.db")) as sandbox:
        stack = Stack(folder / str(size), sandbox, size)
        stack.initialise()
        applied = measure(
            [*KEYWRIGHT, "apply", "--auto-approve", "-f", str(stack.manifest)], stack.environ
        )
        plan = measure([*KEYWRIGHT, "plan", "-f", str(stack.manifest)], stack.environ, times=3)
        assert "No changes." in stack.run("plan")
    loader = "import sys, yaml; yaml.load(open(sys.argv[1]), Loader=yaml.CSafeLoader)"
    floor = measure([sys.executable, "-c", loader, str(stack.manifest)], times=3)
    target = ("≤ 1.5 s CPU", plan.cpu / 1.5) if size == 10_000 else ("", None)
    return [
        Figure(f"floor: CSafeLoader alone, {size:,} keys", floor),
        Figure(f"plan, {size:,} keys, nothing to do", plan, *target),
        Figure(f"apply, {size:,} creates, no latency", applied),
    ]


def apply_creates(folder: Path) -> list[Figure]:
    """Measure 1,000 creates against a server that takes 20 ms for each call, 32 at once."""
    size, connections = 1_000, 32
    with SandboxProcess(str(folder / "slow.db")) as sandbox:
        stack = Stack(folder / "slow", sandbox, size, concurrency=connections)
        stack.initialise()
        sandbox.add_fault("latency", path=".*", seconds=LATENCY, times=None)
        applied = measure(
            [*KEYWRIGHT, "apply", "--auto-approve", "-f", str(stack.manifest)], stack.environ
        )
    ideal = 2 * size * LATENCY / connections
    return [
        Figure(
            f"apply, {size:,} creates, 20 ms server, {connections} connections",
            applied,
            f"≤ 3 s wall (ideal of its 2 calls a key: {ideal:.2f})",
            applied.wall / 3,
        )
    ]


if __name__ == "__main__":
    main()
