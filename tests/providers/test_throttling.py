"""The bounds of a client: the manifest's, never above those of the dialect."""

from typing import Any

import pytest

from reconciler.http.limits import Limits, Reset
from reconciler.providers.dialect.model import Throttling
from reconciler.providers.throttling import make_limits


@pytest.mark.parametrize(
    ("told", "wanted", "limits"),
    [
        ({}, (8, None), Limits(concurrency=8)),
        ({}, (8, 120), Limits(concurrency=8, rate=2)),
        ({"concurrency": 2, "requests_per_minute": 60}, (8, None), Limits(concurrency=2, rate=1)),
        ({"concurrency": 20, "requests_per_minute": 60}, (8, 30), Limits(concurrency=8, rate=0.5)),
        (
            {"reset": {"header": "X-Reset", "unit": "epoch_ms"}},
            (8, None),
            Limits(concurrency=8, reset=Reset("X-Reset", "epoch_ms")),
        ),
    ],
)
def test_the_stricter_bound_counts(
    told: dict[str, Any], wanted: tuple[int, int | None], limits: Limits
) -> None:
    assert make_limits(Throttling.model_validate(told), *wanted) == limits
