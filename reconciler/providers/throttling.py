"""How fast one provider may be asked: what the manifest wants, within what the dialect bears."""

from __future__ import annotations

from reconciler.http.limits import Limits, Reset
from reconciler.providers.dialect.model import Throttling


def make_limits(
    throttling: Throttling, concurrency: int, requests_per_minute: int | None
) -> Limits:
    """Give the stricter one of both bounds, and the header in which the API says when to go on."""
    rates = [each for each in (requests_per_minute, throttling.requests_per_minute) if each]
    reset = throttling.reset
    return Limits(
        concurrency=min(concurrency, throttling.concurrency or concurrency),
        rate=min(rates) / 60 if rates else None,
        reset=Reset(reset.header, reset.unit) if reset else None,
    )
