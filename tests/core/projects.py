"""Projects as an API shows them, for scenarios and for tests of what is deployed."""

from __future__ import annotations

from reconciler.core.keys import KeyId
from reconciler.core.observed import Deployment
from tests.core.builders import DAY, NOW


def deployment(
    project: str,
    *key_ids: KeyId,
    stage: str = "deployed",
    enabled: bool | None = True,
) -> Deployment:
    """Show a project and what its container froze; one that is registered never ran."""
    ran = stage != "registered"
    return Deployment(
        project=project,
        stage=stage,
        running=stage == "deployed",
        failed=stage == "failed",
        deployed_at=NOW - DAY if ran else None,
        key_ids=frozenset(key_ids),
        enabled=enabled if ran else None,
    )
