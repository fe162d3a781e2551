"""Wall and CPU time of whole processes, and the table that shows them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

AS_INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}
"""An installed program has its bytecode; without, each run would compile some 200 modules anew."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of wall clock and CPU, and the peak memory in MB."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what was measured, its target in words, and the share of the target used."""

    name: str
    times: Times
    target: str = ""
    share: float | None = None


def measure(
    command: Sequence[str],
    environ: Mapping[str, str] | None = None,
    *,
    times: int = 1,
    folder: Path | None = None,
) -> Times:
    """Run a command several times and give the best of each; it must succeed."""
    runs = [_run(command, environ, folder) for _ in range(times)]
    return Times(
        min(run.wall for run in runs), min(run.cpu for run in runs), max(run.peak for run in runs)
    )


def _run(command: Sequence[str], environ: Mapping[str, str] | None, folder: Path | None) -> Times:
    begin = time.perf_counter()
    with subprocess.Popen(
        list(command),
        env={**os.environ, **AS_INSTALLED, **(environ or {})},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begin
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Times(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def report(figures: Sequence[Figure]) -> str:
    """Write the table."""
    width = max(len(figure.name) for figure in figures)
    lines = [f"{'':{width}}  {'wall s':>8}  {'CPU s':>8}  {'MB':>6}  target"]
    for figure in figures:
        share = f"  ({figure.share:.0%} of it)" if figure.share is not None else ""
        times = figure.times
        numbers = f"{times.wall:>8.3f}  {times.cpu:>8.3f}  {times.peak:>6.0f}"
        lines.append(f"{figure.name:{width}}  {numbers}  {figure.target}{share}")
    return "\n".join(lines)
