"""A piece of news, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from reconciler.core.keys import Address, KeyId, OpId, Target
from reconciler.interfaces.notifier import News

OP = OpId("0123456789abcdef0123456789abcdef")
NEWS = News(
    stack="crm",
    address=Address("crm-prod"),
    op=OP,
    number=7,
    key_id=KeyId("id-7"),
    target=Target("vault", "crm/prod", "api_key"),
    promoted_at=datetime(2031, 2, 11, 15, 14, 15, tzinfo=timezone(timedelta(hours=2))),
    owner="team-crm",
    service="crm",
    environment=None,
    replaces=6,
    overlap_seconds=172_800,
)
MESSAGE = {
    "event": "promoted",
    "stack": "crm",
    "key": "crm-prod",
    "version": 7,
    "replaces": 6,
    "key_id": "id-7",
    "secret": {"store": "vault", "path": "crm/prod", "field": "api_key"},
    "owner": "team-crm",
    "service": "crm",
    "environment": None,
    "promoted_at": "2031-02-11T13:14:15Z",
    "overlap_seconds": 172_800,
    "operation": OP,
}


def news(**parts: Any) -> News:  # noqa: ANN401
    return replace(NEWS, **parts)


NOON = datetime(2031, 2, 11, 12, tzinfo=UTC)
