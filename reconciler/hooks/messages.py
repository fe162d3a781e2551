"""What consumers are told, in the one form that a webhook's body and a command's input share."""

from __future__ import annotations

from datetime import UTC
from typing import Final, TypeAlias

from reconciler.interfaces.notifier import News

Message: TypeAlias = dict[str, object]
EVENT: Final = "promoted"


def write_message(news: News) -> Message:
    """Say where the new secret is, and never the secret itself. `promoted_at` is RFC 3339."""
    target = news.target
    return {
        "event": EVENT,
        "stack": news.stack,
        "key": news.address,
        "version": news.number,
        "replaces": news.replaces,
        "key_id": news.key_id,
        "secret": {"store": target.store, "path": target.path, "field": target.field},
        "owner": news.owner,
        "service": news.service,
        "environment": news.environment,
        "promoted_at": news.promoted_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "overlap_seconds": news.overlap_seconds,
        "operation": news.op,
    }
