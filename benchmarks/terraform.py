"""Terraform at its best, in the same run: `terraform_data`, no provider, no network."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.measure import Figure, measure

_BLOCK = """\
resource "terraform_data" "key_{number}" {{
  input = {{
    name       = "service-{number:05}-prod-agent-call"
    owner      = "team-{team}"
    scopes     = ["chat", "agent:read"]
    rate_limit = 600
  }}
}}
"""


def terraform_figures(folder: Path) -> list[Figure]:
    """Measure apply and an empty plan of 1,000 resources, one block each."""
    work = folder / "terraform"
    work.mkdir()
    blocks = "".join(_BLOCK.format(number=number, team=number % 40) for number in range(1_000))
    (work / "main.tf").write_text(blocks)
    subprocess.run(["terraform", "init", "-input=false"], cwd=work, check=True, capture_output=True)
    apply = measure(["terraform", "apply", "-auto-approve", "-no-color"], folder=work)
    plan = measure(["terraform", "plan", "-no-color"], folder=work, times=2)
    return [
        Figure("Terraform, 1,000 blocks, apply (no network)", apply),
        Figure("Terraform, 1,000 blocks, plan with nothing to do", plan),
    ]
